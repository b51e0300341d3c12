//! Processes that are not as most are: children that others wait for, system calls that are forbidden,
//! files of a limited size, a fork after the host was made. The host goes on, or says why it does not.
//!
//! A process of its own for each test, with a `main` that serves rehearsals.
#![expect(unsafe_code, reason = "a limit is set by hand, and a host is moved out of a scene")]

use std::{
    env, fs,
    process::{Command, ExitCode},
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    Config, ErrorKind, Host, Rehearsal,
    event::{Exit, Phase},
    probe,
};
use hotswap_tests::{Fixture, Scene, alone, fixture, patient, surroundings};

/// The test that this process is for.
const TEST: &str = "HOTSWAP_TESTS_ENVIRONMENT";

fn main() -> ExitCode {
    probe::serve();
    if cfg!(not(target_os = "linux")) {
        return ExitCode::SUCCESS;
    }
    macro_rules! each {
        ($($name:ident),*) => {
            [$((stringify!($name), (|| apart(stringify!($name), $name)) as fn())),*]
        };
    }
    alone::run(&each![
        children_that_nobody_may_wait_for,
        children_that_something_else_waits_for,
        a_kernel_without_pidfd_open,
        a_limit_on_the_size_of_files,
        a_state_above_the_limit_on_files,
        a_fork_after_the_host_was_made
    ])
}

/// Runs a test in a process of its own, and fails as it does.
fn apart(name: &str, test: fn()) {
    if env::var_os(TEST).is_some() {
        return test();
    }
    let this = env::current_exe().unwrap();
    let status = Command::new(this).arg(name).env(TEST, "1").status().unwrap();
    assert!(status.success(), "{name}: {status}");
}

fn build(script: &str) -> Fixture {
    fixture("counter").told(script)
}

fn rehearsing() -> Config {
    patient().with_rehearsal(Rehearsal::new().with_deadline(Duration::from_secs(300)))
}

/// Good builds go live after their rehearsal, and one that ends the child does not.
fn is_rehearsed(says: &str) {
    let scene = Scene::<dyn Counter>::with(rehearsing(), &build("label=first"));
    for n in 0..5 {
        scene.upgrade(&build(&format!("label=b{n}")));
    }
    let refusal = scene.refusal(&build("label=bad;start=abort"));
    let text = refusal.to_string();
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Rehearsed), "{text}");
    assert!(text.contains(says), "{text}");
    scene.upgrade(&build("label=good"));
    assert_eq!(scene.slot.pin().label().unwrap(), "good");
}

fn children_that_nobody_may_wait_for() {
    drop(build(""));
    surroundings::ignore_children();
    is_rehearsed("this process ignores SIGCHLD");
}

fn children_that_something_else_waits_for() {
    drop(build(""));
    surroundings::reap_children();
    // Whoever is first learns how it has ended.
    is_rehearsed("in its rehearsal the artifact");
}

fn a_kernel_without_pidfd_open() {
    drop(build(""));
    surroundings::forbid_pidfd_open();
    is_rehearsed("was ended by SIGABRT");
}

fn a_limit_on_the_size_of_files() {
    let scene = Scene::<dyn Counter>::with(patient(), &build("label=a"));
    // The test's own copy is made before.
    let large = tempfile::NamedTempFile::new_in(scene.artifact().parent().unwrap()).unwrap();
    fs::write(large.path(), build("label=b").bytes()).unwrap();
    let size = large.path().metadata().unwrap().len();
    limit_files(size - 1);
    large.persist(scene.artifact()).unwrap();
    let refusal = scene.told.refused();
    assert_eq!((refusal.exit, refusal.phase), (Exit::Cancelled, Phase::Staged), "{refusal}");
    let text = refusal.to_string();
    assert!(text.contains("File too large") && text.contains("ulimit -f"), "{text}");
    assert_eq!(scene.slot.pin().label().unwrap(), "a");
    limit_files(libc::RLIM_INFINITY);
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!(scene.slot.pin().label().unwrap(), "b");
}

/// The child would read it from a file.
fn a_state_above_the_limit_on_files() {
    let mover = |script: &str| fixture("mover").told(script);
    let scene = Scene::<dyn Counter>::with(rehearsing(), &mover("label=a;fill=40000"));
    let next = mover("label=b");
    let most = next.bytes().len() as u64 + (4 << 20);
    limit_files(most);
    let refusal = scene.refusal(&next);
    limit_files(libc::RLIM_INFINITY);
    assert_eq!((refusal.exit, refusal.phase), (Exit::Cancelled, Phase::Rehearsed), "{refusal}");
    let text = refusal.to_string();
    assert!(text.contains("File too large") && text.contains("ulimit -f"), "{text}");
    assert_eq!(scene.told.live().generation, 2);
}

fn limit_files(most: u64) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: a limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) }, 0);
}

fn a_fork_after_the_host_was_made() {
    let scene = Scene::<dyn Counter>::with(patient(), &build("label=a"));
    let parent = std::process::id();
    let copies = || scene.host.status().slots[0].mapped;
    assert_eq!((scene.host.status().forked_from, copies()), (None, 1));
    let copy = surroundings::forked(|| {
        let says = |error: hotswap_core::Error| {
            assert_eq!(error.kind(), ErrorKind::Misuse);
            assert!(error.to_string().contains(&format!("process {parent}")), "{error}");
        };
        assert_eq!(scene.slot.pin_mut().add(1).unwrap(), 1);
        assert_eq!(scene.slot.pin().label().unwrap(), "a");
        let status = scene.host.status();
        assert_eq!(status.forked_from, Some(parent));
        assert!(status.to_string().starts_with("forked from process"), "{status}");
        says(scene.host.rescan().unwrap_err());
        says(scene.host.operator().restart("main").unwrap_err());
        says(scene.slot.wait_for(9, Duration::from_secs(60)).unwrap_err());
        // SAFETY: what the scene has is the parent's: the child neither uses it afterwards nor
        // drops it.
        says(Host::shutdown(unsafe { std::ptr::read(&raw const scene.host) }).unwrap_err());
        String::new()
    });
    copy.unwrap();
    // Here everything is as it was.
    scene.upgrade(&build("label=b"));
    assert_eq!(scene.slot.pin_mut().add(1).unwrap(), 1);
}
