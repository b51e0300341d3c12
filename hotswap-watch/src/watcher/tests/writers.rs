//! How artifacts are written, and what watching costs.

use std::io::Write as _;
use std::process::{Command, Stdio};

use hotswap_testing::{self as testing, test};

use super::*;

#[test]
fn written_slowly_in_place_by_another_process() {
    let mut owner = Owner::new(Backend::Events);
    owner.write("lib.so", "old");
    owner.file("lib.so");
    owner.expect("lib.so", "old");
    // The shell holds its output open, and writes what it is told when it is told.
    let mut writer = Command::new("sh")
        .args(["-c", "exec >\"$1\"; while read -r part; do printf %s \"$part\"; done", "-"])
        .arg(owner.path("lib.so"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = writer.stdin.take().unwrap();
    for part in ["ne", "w ", "an", "d "] {
        writeln!(input, "{part}").unwrap();
        assert_eq!(owner.next(QUIET), None, "staged while it was written");
    }
    writeln!(input, "complete").unwrap();
    drop(input);
    assert!(writer.wait().unwrap().success());
    let wanted = (owner.path("lib.so"), b"newandcomplete".to_vec());
    assert_eq!(owner.next(PATIENCE), Some(wanted), "{:?}", owner.refused);
    let being_written = |why: &Incomplete| matches!(why, Incomplete::BeingWritten);
    assert!(owner.refused.iter().all(being_written) && !owner.refused.is_empty());
}

#[test]
fn preallocated_and_then_filled() {
    let mut owner = Owner::new(Backend::Events);
    owner.file("lib.so");
    let mut writer = fs::File::create(owner.path("lib.so")).unwrap();
    writer.set_len(1 << 20).unwrap();
    for _ in 0..16 {
        writer.write_all(&[7; 1 << 16]).unwrap();
        assert_eq!(owner.next(QUIET / 10), None, "staged while it was filled");
    }
    drop(writer);
    let wanted = (owner.path("lib.so"), vec![7; 1 << 20]);
    assert_eq!(owner.next(PATIENCE), Some(wanted));
    owner.expect_quiet();
}

#[test]
fn a_writer_that_outlasts_the_retries_is_found_when_it_closes() {
    let mut owner = Owner::new(Backend::Events);
    owner.pending = Pending::new(Backoff::new(QUIET / 20, QUIET / 20, 2));
    owner.file("lib.so");
    let mut writer = fs::File::create(owner.path("lib.so")).unwrap();
    writer.write_all(b"half").unwrap();
    // The retries end, and nothing is scheduled while the writer goes on.
    owner.expect_quiet();
    writer.write_all(b" and half").unwrap();
    drop(writer);
    owner.expect("lib.so", "half and half");
}

#[test]
fn a_file_becomes_readable() {
    let mut owner = Owner::new(Backend::Events);
    owner.write("lib.so", "one");
    let path = owner.path("lib.so");
    let mode = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(&path, mode).unwrap();
    };
    mode(0);
    owner.file("lib.so");
    // Root reads it even so, and another user is refused; both hear of the change.
    owner.expect_quiet();
    mode(0o644);
    owner.expect("lib.so", "one");
}

#[test]
fn many_changes_end_with_the_last() {
    let mut owner = Owner::new(Backend::Events);
    owner.folder("");
    // More events than inotify's queue holds would need 16384; these are enough to batch.
    for round in 0..2_000 {
        owner.write("lib.so", &round.to_string());
    }
    owner.expect("lib.so", "1999");
    owner.expect_quiet();
}

#[test]
fn polling_is_there_on_request() {
    let mut owner = Owner::new(Backend::Poll(Duration::from_millis(10)));
    owner.write("lib.so", "one");
    owner.file("lib.so");
    owner.folder("a/b");
    owner.expect("lib.so", "one");
    owner.expect_quiet();
    owner.replace("lib.so", "two!");
    owner.expect("lib.so", "two!");
    fs::create_dir_all(owner.path("a/b")).unwrap();
    owner.write("a/b/x.so", "three");
    owner.expect("a/b/x.so", "three");
}

/// Nothing happens, and nobody wakes up: each thread of a process that only watches has the same
/// count of context switches before and after. Its own process, since threads of other tests
/// switch.
#[test]
fn an_idle_watcher_does_not_wake_up() {
    if std::env::var_os("HOTSWAP_IDLE").is_none() {
        return testing::alone(test!(an_idle_watcher_does_not_wake_up), "HOTSWAP_IDLE", &[]);
    }
    let mut owner = Owner::new(Backend::Events);
    owner.write("lib.so", "one");
    owner.file("lib.so");
    owner.expect("lib.so", "one");
    owner.expect_quiet();
    let before = switches();
    assert!(before.len() >= 3, "{before:?}");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(switches(), before);
}

/// Voluntary switches of all threads but this one.
fn switches() -> Vec<(String, String)> {
    let own = rustix::thread::gettid().as_raw_nonzero().to_string();
    let mut all = Vec::new();
    for task in fs::read_dir("/proc/self/task").unwrap().flatten() {
        let status = fs::read_to_string(task.path().join("status")).unwrap();
        let of = |key: &str| status.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
        if task.file_name().to_str() != Some(&own) && of("Name").contains("hotswap")
            || of("Name").contains("notify")
        {
            all.push((of("Name"), of("voluntary_ctxt_switches")));
        }
    }
    all
}

/// The limits of a user namespace are its own, so nobody else is disturbed.
#[test]
fn used_up_limits_are_named() {
    if std::env::var_os("HOTSWAP_LIMITS").is_none() {
        return testing::in_namespace(test!(used_up_limits_are_named), "HOTSWAP_LIMITS");
    }
    let limit = |name: &str, value: &str| {
        fs::write(format!("/proc/sys/user/max_inotify_{name}"), value).unwrap();
    };
    limit("watches", "1");
    let owner = Owner::new(Backend::Events);
    fs::create_dir_all(owner.path("a/b")).unwrap();
    let source = || Source::file(owner.path("a/b/lib.so")).unwrap();
    let text = owner.watcher.add(source()).unwrap_err().to_string();
    assert!(text.contains("fs.inotify.max_user_watches = "), "{text}");
    assert!(text.contains("sysctl") && text.contains("with_polling"), "{text}");
    // Nothing was kept of it: there is room again, and the same source works.
    limit("watches", "100");
    owner.watcher.add(source()).unwrap();
    limit("instances", "0");
    let text = Watcher::start(Backend::Events, drop).unwrap_err().to_string();
    assert!(text.contains("fs.inotify.max_user_instances = "), "{text}");
    drop(Watcher::start(Backend::Poll(QUIET), drop).unwrap());
}
