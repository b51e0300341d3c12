//! What can be watched has limits.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::env;
use std::fs;
use std::process::Command;

use hotswap_watch::cargo::{Builder, CargoError, Report};

use crate::scratch::{Scratch, marked};

const ALONE: &str = "HOTSWAP_TESTS_ALONE";

/// Sets a limit of this user namespace.
fn limit(watches: &str) {
    fs::write("/proc/sys/user/max_inotify_watches", watches).unwrap();
}

/// Runs a test in namespaces of its own, and says whether that was done, or cannot be.
fn is_elsewhere(namespaces: &str, name: &str) -> bool {
    if env::var_os(ALONE).is_some() {
        return false;
    }
    if !Command::new("unshare").args([namespaces, "true"]).status().is_ok_and(|it| it.success()) {
        println!("skipped: no such namespaces here");
        return true;
    }
    let mut again = Command::new("unshare");
    again.arg(namespaces).arg(env::current_exe().unwrap());
    again.args(["--exact", name, "--nocapture"]).env(ALONE, "1");
    assert!(again.status().unwrap().success());
    true
}

/// As a container has it: one file is mounted, and is written on the other side.
#[test]
fn a_file_that_is_mounted_by_itself_is_watched() {
    if is_elsewhere("-Urm", "limits::a_file_that_is_mounted_by_itself_is_watched") {
        return;
    }
    let scratch = Scratch::new();
    scratch.write("../outside/lib.rs", &marked("one", "helper::TEXT"));
    let (from, to) = (scratch.at("../outside/lib.rs"), scratch.at("arcade/src/lib.rs"));
    let mounted = Command::new("mount").arg("--bind").args([&from, &to]).status();
    if !mounted.is_ok_and(|it| it.success()) {
        return println!("skipped: nothing can be mounted here");
    }
    let watching = scratch.start();
    watching.good_build();
    scratch.write("../outside/lib.rs", &marked("two", "helper::TEXT"));
    while !watching.good_build().has("ARCADE-two-END") {}
    drop(watching);
    assert!(Command::new("umount").arg(&to).status().unwrap().success());
}

/// The limits of a user namespace are its own, so nobody else is disturbed.
#[test]
fn sources_that_cannot_be_watched_are_told_once() {
    if is_elsewhere("-Ur", "limits::sources_that_cannot_be_watched_are_told_once") {
        return;
    }
    let scratch = Scratch::new();
    limit("1");
    let error = Builder::start(scratch.request(), |_| {}).unwrap_err();
    let CargoError::Watch(error) = error else { panic!("{error}") };
    let text = error.to_string();
    assert!(text.contains("fs.inotify.max_user_watches"), "{text}");

    limit("1000");
    let watching = scratch.start();
    assert!(watching.good_build().because.is_empty());
    // A new folder comes, and there is no room for it: it is told, and what it holds is built.
    limit("1");
    scratch.write("arcade/src/more/deep.rs", "");
    let trouble = loop {
        if let Report::WatchTrouble(error) = watching.next() {
            break error.to_string();
        }
    };
    assert!(trouble.contains("arcade/src/more"), "{trouble}");
    assert!(trouble.contains("fs.inotify.max_user_watches"), "{trouble}");
    // What was watched before still is; and it is told once.
    scratch.write("arcade/src/lib.rs", &marked("two", "helper::TEXT"));
    while !watching.good_build().has("ARCADE-two-END") {}
    let rest = watching.rest();
    assert!(!rest.iter().any(|it| matches!(it, Report::WatchTrouble(_))), "{rest:#?}");
}
