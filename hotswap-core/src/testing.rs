//! Tests that need a process of their own, and what tests of one process do to each other.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use crate::fs::{Claim, read_lease};

/// The full name of a test in the calling module.
macro_rules! test {
    ($name:ident) => {{
        let _: fn() = $name;
        concat!(module_path!(), "::", stringify!($name))
    }};
}
pub(crate) use test;

/// Waits until a file that this test has closed is open for writing nowhere: another test that just
/// starts a child gives it every writer of this process, until the child's `exec`.
#[track_caller]
pub(crate) fn closed(path: &Path) {
    let file = File::open(path).unwrap();
    for _ in 0..10_000 {
        if !matches!(read_lease(&file), Claim::BeingWritten) {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
    panic!("{} stays open for writing", path.display());
}

/// Runs one test of this binary again, in a process of its own, with the variable `mark` set and
/// behind the command line `before`.
#[track_caller]
pub(crate) fn alone(test: &str, mark: &str, before: &[&str]) {
    let output = command(test, mark, before).output().unwrap();
    assert_passed(&output);
}

/// As [`alone`], as root of new user and mount namespaces, whose limits and mounts are their own.
#[track_caller]
pub(crate) fn in_namespace(test: &str, mark: &str) {
    let works = Command::new("unshare").args(["-Urm", "true"]).output();
    if works.is_ok_and(|output| output.status.success()) {
        alone(test, mark, &["unshare", "-Urm"]);
    } else {
        println!("skipped: no user and mount namespaces here");
    }
}

/// As [`alone`], with a value for `mark`, as the user `nobody`, where this user may.
#[track_caller]
pub(crate) fn as_nobody(test: &str, mark: &str, value: impl Into<OsString>) {
    const NOBODY: u32 = 65534;
    if !rustix::process::geteuid().is_root() {
        return println!("skipped: only root can run as another user");
    }
    match command(test, mark, &[])
        .env(mark, value.into())
        .uid(NOBODY)
        .gid(NOBODY)
        .current_dir("/")
        .output()
    {
        Ok(output) => assert_passed(&output),
        Err(error) => println!("skipped: cannot run as another user: {error}"),
    }
}

/// As [`alone`], but the process is expected to die.
pub(crate) fn alone_to_death(test: &str, mark: &str, value: impl Into<OsString>) -> Output {
    command(test, mark, &[]).env(mark, value.into()).output().unwrap()
}

fn command(test: &str, mark: &str, before: &[&str]) -> Command {
    let name = test.split_once("::").map_or(test, |(_, name)| name);
    let this = std::env::current_exe().unwrap().into_os_string();
    let mut line = before.iter().map(OsString::from).chain([this]);
    let mut command = Command::new(line.next().unwrap());
    command.args(line).args(["--exact", name, "--nocapture"]).env(mark, "1");
    command
}

#[track_caller]
fn assert_passed(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
}
