//! What tests of several crates share: unit tests that need a process of their own, which this binary is
//! started for once more, and programs in a [`Terminal`].

#![deny(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![cfg(unix)]

mod terminal;

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output};

pub use self::terminal::Terminal;

/// The full name of a test in the calling module.
#[macro_export]
macro_rules! test {
    ($name:ident) => {{
        let _: fn() = $name;
        concat!(module_path!(), "::", stringify!($name))
    }};
}

/// Runs one test of this binary again, in a process of its own, with the variable `mark` set and
/// behind the command line `before`.
#[track_caller]
pub fn alone(test: &str, mark: &str, before: &[&str]) {
    let output = command(test, mark, before).output().unwrap();
    assert_passed(&output);
}

/// As [`alone`], as root of new user and mount namespaces, whose limits and mounts are their own.
#[track_caller]
pub fn in_namespace(test: &str, mark: &str) {
    let works = Command::new("unshare").args(["-Urm", "true"]).output();
    if works.is_ok_and(|output| output.status.success()) {
        alone(test, mark, &["unshare", "-Urm"]);
    } else {
        println!("skipped: no user and mount namespaces here");
    }
}

/// As [`alone`], with a value for `mark`, as the user `nobody`, where this user may.
#[track_caller]
pub fn as_nobody(test: &str, mark: &str, value: impl Into<OsString>) {
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
pub fn alone_to_death(test: &str, mark: &str, value: impl Into<OsString>) -> Output {
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
