//! Every verb of an operator, asked over the socket in every phase of an upgrade: it is done, or
//! answered with a reason.
//!
//! A process of its own, with a `main` of its own: a host starts it again for a rehearsal.
#![expect(clippy::print_stdout, reason = "it runs its tests by itself")]

#[path = "operators/phases.rs"]
mod phases;
#[path = "operators/verbs.rs"]
mod verbs;

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream,
    panic::catch_unwind,
    process,
    sync::mpsc,
    thread,
    time::Duration,
};

use hotswap_core::{
    ArtifactHash, Rehearsal, Trial,
    admin::{Client, Done, Operation},
    event::Phase,
    journal::BackupReason,
    plan::Intent,
    probe,
};
use hotswap_tests::{Fixture, LONG, replace, until};

use self::{
    phases::{
        Reached, awaiting, chain, counter, host, on_trial, paused, preparing, ready, rehearsing,
        rejected, rolled_back, stable,
    },
    verbs::every_verb_in_every_phase,
};

fn main() {
    probe::serve();
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let tests: [(&str, fn()); 12] = [
        ("every_verb_in_every_phase", every_verb_in_every_phase),
        ("who_waits_hears_how_it_goes", who_waits_hears_how_it_goes),
        ("who_waits_for_one_is_not_told_of_another", who_waits_for_one_is_not_told_of_another),
        ("an_artifact_is_named_by_the_beginning_of_its_hash", names),
        ("every_answer_of_apply_names_its_artifact", every_answer_of_apply_names_its_artifact),
        ("who_waits_for_what_is_on_trial_hears_its_end", who_waits_for_what_is_on_trial),
        ("what_was_cleared_is_not_answered_with_its_past", what_was_cleared),
        ("who_waits_for_what_is_gone_is_answered", who_waits_for_what_is_gone),
        ("who_is_slow_or_waits_keeps_nobody_out", who_is_slow_or_waits_keeps_nobody_out),
        ("what_somebody_has_asked_who_has_gone_is_not_done", what_somebody_has_asked_who_has_gone),
        ("who_asks_nothing_more_is_answered", who_asks_nothing_more_is_answered),
        ("another_protocol_is_named", another_protocol_is_named),
    ];
    let wanted: Vec<_> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| name.contains(&**it));
    let mut failed = 0;
    for (name, test) in tests.into_iter().filter(|(name, _)| is_wanted(name)) {
        let good = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if good { "ok" } else { "FAILED" });
        failed += i32::from(!good);
    }
    process::exit(failed);
}

/// Asks, and collects what is told meanwhile.
fn ask(reached: &Reached, request: &Operation) -> (Result<Done, String>, Vec<String>) {
    let mut told = Vec::new();
    let client = Client::new(reached.folder.path().join("admin"));
    let answer = client.ask(request, |text| told.push(text.to_owned()));
    (answer.map_err(|error| error.to_string()), told)
}

fn apply_and_wait(reached: &Reached, candidate: &Fixture) -> (Done, Vec<String>) {
    let file = reached.scene.folder().join("offered");
    replace(&file, candidate.bytes());
    let slot = Some("main".to_owned());
    let request =
        Operation::Apply { slot, file: Some(file), wait: true, intent: Intent::default() };
    let (answer, told) = ask(reached, &request);
    (answer.unwrap_or_else(|why| panic!("{why}: {told:#?}")), told)
}

fn who_waits_hears_how_it_goes() {
    let trial = Trial::new(Duration::from_millis(100)).with_longest_call(LONG);
    let reached = host(|config| config.with_trial(trial), "label=a");
    let (done, told) = apply_and_wait(&reached, &counter("label=b"));
    assert!(done.yes, "{done:#?}");
    assert_eq!(done.value["outcome"], "committed");
    assert!(
        done.text.starts_with("counter 1.0.0 (") && done.text.contains("/offered: committed"),
        "{done:#?}"
    );
    assert!(told.iter().any(|line| line.contains("it is on trial as generation 2")), "{told:#?}");

    let (done, _) = apply_and_wait(&reached, &counter("label=c;start=fail"));
    assert!(!done.yes && done.text.contains("start was told to fail"), "{done:#?}");
    assert_eq!(done.value["outcome"], "refused");
    // What serves is nothing to wait for.
    let (done, told) = apply_and_wait(&reached, &counter("label=b"));
    assert!(done.yes && told.is_empty(), "{done:#?} {told:#?}");

    let bad = chain("label=d;verify=fail");
    let (done, _) = apply_and_wait(&reached, &bad);
    assert_eq!(
        (done.yes, done.value["outcome"].as_str()),
        (false, Some("rolled_back")),
        "{done:#?}"
    );
    let (why, _) = ask(&reached, &Operation::Why { slot: None });
    let why = why.expect("it answers");
    assert!(
        why.text.contains("rolled back chain") && why.text.contains("serving 1.0.0"),
        "{why:#?}"
    );
}

fn who_waits_for_one_is_not_told_of_another() {
    let Reached { scene, folder, .. } = on_trial();
    let file = scene.folder().join("offered");
    replace(&file, counter("label=c").bytes());
    let client = Client::new(folder.path().join("admin"));
    let slot = Some("main".to_owned());
    let request =
        Operation::Apply { slot, file: Some(file), wait: true, intent: Intent::default() };
    let waiting = thread::spawn(move || client.ask(&request, |_| {}));
    let status = || scene.host.status().slots.remove(0);
    until("it waits for the end of the trial", || status().deferred.len() == 1);
    // Another one is committed, and then it is on trial itself.
    scene.host.operator().commit("main", "a test").expect("the other one is on trial");
    until("it is on trial", || status().serving.is_some_and(|it| it.generation == 3));
    scene.host.operator().roll_back("main", "a test").expect("it is on trial");
    let done = waiting.join().expect("it does not panic").expect("it is answered");
    assert!(!done.yes && done.value["outcome"] == "rolled_back", "{done:#?}");
    let artifact = ArtifactHash::of(counter("label=c").bytes()).to_string();
    assert!(done.text.contains(&artifact[..6]), "{done:#?}");
}

fn names() {
    let reached = awaiting();
    let hash = ArtifactHash::of(counter("label=b").bytes()).to_string();
    let approve =
        |artifact: &str| Operation::Approve { artifact: artifact.to_owned(), by: "ada".to_owned() };
    let why = |artifact: &str| ask(&reached, &approve(artifact)).0.unwrap_err();
    assert!(why("zz").contains("no artifact that this could mean begins with zz"), "{}", why("zz"));
    assert!(why("").contains("say which artifact is meant"), "{}", why(""));
    let done = ask(&reached, &approve(&hash[..6])).0.expect("it waits");
    assert!(done.yes, "{done:#?}");
    let unknown = ask(&reached, &Operation::Status { slot: Some("nobody".to_owned()) }).0;
    assert_eq!(unknown.unwrap_err(), "no slot nobody is open; there are: main");
    drop(reached.scene);
    let gone = Client::new(reached.folder.path().join("admin"));
    let error = gone.ask(&Operation::Status { slot: None }, |_| {}).unwrap_err();
    assert!(!error.is_answer() && error.to_string().contains("there is no such file"), "{error}");
}

/// Whether an answer to `apply` says which artifact it is about, to people and to scripts.
#[track_caller]
fn is_named(done: &Done, build: &Fixture, module: &str, version: &str, file: &str) {
    let hash = ArtifactHash::of(build.bytes()).to_string();
    let named = format!("{module} {version} ({}…)", &hash[..6]);
    assert!(done.text.contains(&named) && done.text.contains(file), "{named}, {file}: {done:#?}");
    let value = |key: &str| done.value[key].as_str().unwrap_or_default().to_owned();
    assert_eq!([value("artifact"), value("module")], [hash, module.to_owned()], "{done:#?}");
    assert_eq!(value("version"), version, "{done:#?}");
    assert!(value("path").ends_with(file), "{done:#?}");
}

fn apply(reached: &Reached, candidate: &Fixture, wait: bool) -> Operation {
    let file = reached.scene.folder().join("offered");
    replace(&file, candidate.bytes());
    Operation::Apply { slot: None, file: Some(file), wait, intent: Intent::default() }
}

fn every_answer_of_apply_names_its_artifact() {
    let (b, c) = (counter("label=b"), counter("label=c;start=fail"));
    let applied = |reached: &Reached, build: &Fixture, wait| {
        let (answer, _) = ask(reached, &apply(reached, build, wait));
        answer.unwrap_or_else(|why| panic!("{why}"))
    };
    for reach in [stable, rejected, rehearsing, awaiting, ready, on_trial, rolled_back, paused] {
        let reached = reach();
        for build in [&counter("label=a"), &b, &c] {
            let done = applied(&reached, build, false);
            is_named(&done, build, "counter", "1.0.0", "/offered");
        }
    }
    let reached = stable();
    for build in [&b, &c] {
        let done = applied(&reached, build, true);
        is_named(&done, build, "counter", "1.0.0", "/offered");
    }
    // What is no module has no name, but a hash and a place.
    let file = reached.scene.folder().join("offered");
    fs::write(&file, "no module").expect("it can be written");
    let request =
        Operation::Apply { slot: None, file: Some(file), wait: true, intent: Intent::default() };
    let done = ask(&reached, &request).0.expect("it is answered");
    let hash = ArtifactHash::of(b"no module").to_string();
    assert!(done.text.contains(&hash[..6]) && done.text.contains("/offered"), "{done:#?}");
    // Without a file as well.
    let reached = ready();
    let request =
        Operation::Apply { slot: None, file: None, wait: false, intent: Intent::default() };
    let done = ask(&reached, &request).0.expect("it is answered");
    let hash = ArtifactHash::of(b.bytes()).to_string();
    let file = reached.scene.artifact().display().to_string();
    assert!(done.text.contains(&hash[..6]) && done.text.contains(&file), "{done:#?}");
    assert!(done.text.contains("counter 1.0.0"), "{done:#?}");
    assert_eq!(done.value["slots"][0]["artifact"], hash.as_str(), "{done:#?}");
}

fn who_waits_for_what_is_on_trial() {
    for (commits, outcome) in [(true, "committed"), (false, "rolled_back")] {
        let reached = on_trial();
        let b = counter("label=b");
        let request = apply(&reached, &b, true);
        let client = Client::new(reached.folder.path().join("admin"));
        let (say, heard) = mpsc::channel();
        let waiting = thread::spawn(move || {
            client.ask(&request, |text| say.send(text.to_owned()).expect("the test waits"))
        });
        let told = heard.recv_timeout(LONG).expect("how it stands");
        assert!(told.contains("it is on trial as generation 2"), "{told}");
        let host = &reached.scene.host;
        let ended = if commits {
            host.operator().commit("main", "a test")
        } else {
            host.operator().roll_back("main", "a test")
        };
        ended.expect("it is on trial");
        let done = waiting.join().expect("it does not panic").expect("it is answered");
        assert_eq!((done.yes, done.value["outcome"].as_str()), (commits, Some(outcome)));
        is_named(&done, &b, "counter", "1.0.0", "/offered");
    }
}

fn what_was_cleared() {
    let rehearsal = Rehearsal::new().with_deadline(Duration::from_secs(1));
    let reached = host(|config| config.with_rehearsal(rehearsal), "label=a");
    let b = counter("label=b;prepare=hang");
    let refusal = reached.scene.refusal(&b);
    assert_eq!(refusal.phase, Phase::Rehearsed);
    let artifact = ArtifactHash::of(b.bytes()).to_string();
    assert!(ask(&reached, &Operation::Clear { artifact }).0.expect("it was rejected").yes);
    let done = ask(&reached, &apply(&reached, &b, false)).0.expect("it is answered");
    assert_eq!(done.value["outcome"], "under_way", "{done:#?}");
}

fn who_waits_for_what_is_gone() {
    type Goes = fn(&std::path::Path);
    let cases: [(Goes, &str); 2] = [
        (|file| fs::remove_file(file).expect("it is there"), "withdrawn"),
        (|file| replace(file, counter("label=d").bytes()), "superseded"),
    ];
    for (goes, outcome) in cases {
        let reached = on_trial();
        let c = counter("label=c");
        let request = apply(&reached, &c, true);
        let client = Client::new(reached.folder.path().join("admin"));
        let waiting = thread::spawn(move || client.ask(&request, |_| {}));
        let status = || reached.scene.host.status().slots.remove(0);
        until("it waits for the end of the trial", || status().deferred.len() == 1);
        goes(&reached.scene.folder().join("offered"));
        reached.scene.host.operator().commit("main", "a test").expect("another one is on trial");
        let done = waiting.join().expect("it does not panic").expect("it is answered");
        assert_eq!((done.yes, done.value["outcome"].as_str()), (false, Some(outcome)), "{done:#?}");
        is_named(&done, &c, "counter", "1.0.0", "/offered");
    }
}

fn connect(reached: &Reached) -> UnixStream {
    UnixStream::connect(reached.folder.path().join("admin")).expect("a host listens")
}

fn who_is_slow_or_waits_keeps_nobody_out() {
    let reached = on_trial();
    let request = apply(&reached, &counter("label=c"), true);
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let client = Client::new(reached.folder.path().join("admin"));
            let request = request.clone();
            thread::spawn(move || client.ask(&request, |_| {}).map(|done| done.yes))
        })
        .collect();
    let mut slow: Vec<_> = (0..40).map(|_| connect(&reached)).collect();
    for _ in 0..3 {
        for slow in &mut slow {
            slow.write_all(b" ").expect("nobody has hung up");
        }
        let (status, _) = ask(&reached, &Operation::Status { slot: None });
        assert!(status.expect("it is answered").yes);
    }
    // One that was slow is answered as well.
    let last = slow.last_mut().expect("there are some");
    last.write_all(b"{\"verb\":\"status\"}\n").expect("nobody has hung up");
    let mut answer = String::new();
    last.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("{\"done\":"), "{answer}");
    // More than there are places for who waits: nobody is turned away.
    let crowd: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = connect(&reached);
            stream.write_all(b"{\"verb\":\"status\"}\n").expect("nobody has hung up");
            stream
        })
        .collect();
    for mut stream in crowd {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it is answered");
        assert!(answer.starts_with("{\"done\":"), "{answer}");
    }
    reached.scene.host.operator().commit("main", "a test").expect("it is on trial");
    until("the next one is on trial", || {
        reached.scene.host.status().slots[0].serving.as_ref().is_some_and(|it| it.generation == 3)
    });
    reached.scene.host.operator().commit("main", "a test").expect("it is on trial");
    for waiting in waiting {
        assert!(waiting.join().expect("it does not panic").expect("it is answered"));
    }
}

/// The host's thread is busy; of two who ask meanwhile one has gone when it is free again.
fn what_somebody_has_asked_who_has_gone() {
    let reached = preparing();
    let mut gone = connect(&reached);
    gone.write_all(b"{\"verb\":\"checkpoint\"}\n").expect("nobody has hung up");
    // It waits for the host's thread then, or is not read yet: neither is done.
    thread::sleep(Duration::from_millis(50));
    drop(gone);
    let mut stays = connect(&reached);
    stays.write_all(b"{\"verb\":\"checkpoint\"}\n").expect("nobody has hung up");
    fs::write(reached.folder.path().join("go on"), "").expect("it can be written");
    let mut answer = String::new();
    stays.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("{\"done\":{\"yes\":true"), "{answer}");
    let backups = reached.scene.host.operator().backups("main").expect("it has a journal");
    let asked_for = backups.iter().filter(|it| it.reason == BackupReason::Checkpoint);
    assert_eq!(asked_for.count(), 1, "{backups:#?}");
}

fn who_asks_nothing_more_is_answered() {
    let reached = stable();
    let mut stream = connect(&reached);
    stream.write_all(b"{\"verb\":\"checkpoint\"}\n").expect("nobody has hung up");
    stream.shutdown(Shutdown::Write).expect("it is connected");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("{\"done\":{\"yes\":true"), "{answer}");
}

fn another_protocol_is_named() {
    let reached = stable();
    let mut stream = connect(&reached);
    let request = b"{\"protocol\":9,\"hotswap\":\"9.1.0\",\"verb\":\"checkpoint\",\"new\":true}\n";
    stream.write_all(request).expect("nobody has hung up");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.contains("hotswap 9.1.0 asks with protocol 9"), "{answer}");
    assert!(reached.scene.host.operator().backups("main").expect("it has a journal").is_empty());
}
