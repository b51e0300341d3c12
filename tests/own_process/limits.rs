//! What can be watched has limits; a host that meets them says so, and goes on.
//!
//! A process of its own: the limits are those of its user namespace.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::{env, fs, process::Command};

use counter_api::Counter;
use hotswap_core::{Host, SlotConfig, event::EventKind};
use hotswap_tests::{Told, file_name, fixture, patient, replace};

const CHILD: &str = "HOTSWAP_TESTS_CHILD";

fn limit(watches: &str) {
    fs::write("/proc/sys/user/max_inotify_watches", watches).unwrap();
}

#[test]
fn artifacts_that_cannot_be_watched_are_told() {
    let _ = fixture("counter");
    if env::var_os(CHILD).is_none() {
        if !Command::new("unshare").args(["-Ur", "true"]).status().is_ok_and(|it| it.success()) {
            return println!("skipped: no user namespaces here");
        }
        let mut again = Command::new("unshare");
        again.arg("-Ur").arg(env::current_exe().unwrap()).env(CHILD, "1");
        assert!(again.arg("--nocapture").status().unwrap().success());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name("module"));
    replace(&path, fixture("counter").told("label=a").bytes());
    let config =
        patient().slot("main", SlotConfig::artifact(&path).with_builtin::<counter::Counting>());
    limit("0");
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("main").unwrap();
    let trouble = told.find(|event| match &event.kind {
        EventKind::WatchTrouble(_) => Some(event.to_string()),
        _ => None,
    });
    assert!(trouble.starts_with("artifacts are not watched: cannot watch "), "{trouble}");
    assert!(trouble.contains("fs.inotify.max_user_watches"), "{trouble}");
    // What is linked in serves.
    assert_eq!(slot.pin_mut().add(2).unwrap(), 2);
}
