//! What can be watched has limits.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::env;
use std::fs;
use std::process::Command;

use hotswap_core::cargo::{Builder, CargoError, Report};

use crate::scratch::{Scratch, marked};

const ALONE: &str = "HOTSWAP_TESTS_ALONE";

/// Sets a limit of this user namespace.
fn limit(watches: &str) {
    fs::write("/proc/sys/user/max_inotify_watches", watches).unwrap();
}

/// The limits of a user namespace are its own, so nobody else is disturbed.
#[test]
fn sources_that_cannot_be_watched_are_told_once() {
    if env::var_os(ALONE).is_none() {
        let name = "limits::sources_that_cannot_be_watched_are_told_once";
        if !Command::new("unshare").args(["-Ur", "true"]).status().is_ok_and(|it| it.success()) {
            return println!("skipped: no user namespaces here");
        }
        let this = env::current_exe().unwrap();
        let mut again = Command::new("unshare");
        again.arg("-Ur").arg(this).args(["--exact", name, "--nocapture"]).env(ALONE, "1");
        assert!(again.status().unwrap().success());
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
