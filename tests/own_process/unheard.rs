//! A program that has no subscriber and listens to no events still sees refusals, on its stderr.
//!
//! A process of its own: what it writes is looked at, and a subscriber is the process's.

use std::{env, process::Command};

use counter_api::Counter;
use hotswap_core::{Host, SlotConfig};
use hotswap_tests::{file_name, fixture, patient, replace, until};

const CHILD: &str = "HOTSWAP_TESTS_CHILD";

#[test]
fn refusals_are_written_to_stderr_where_nobody_listens() {
    if env::var_os(CHILD).is_some() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file_name("module"));
        replace(&path, fixture("counter").bytes());
        let host = Host::new(patient().slot("main", SlotConfig::artifact(&path))).unwrap();
        let _slot = host.slot::<dyn Counter>("main").unwrap();
        replace(&path, fixture("renamed").bytes());
        until("it is refused", || host.status().slots[0].last_refusal.is_some());
        // Its end is in order: what was to be told was told.
        drop(host);
        return;
    }
    // Not in the child: it would build beside us.
    let _ = fixture("counter");
    let output = Command::new(env::current_exe().unwrap())
        .args(["--nocapture", "--exact", "refusals_are_written_to_stderr_where_nobody_listens"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let refused: Vec<_> = text.lines().filter(|it| it.starts_with("hotswap: refused")).collect();
    assert_eq!(refused.len(), 1, "{text}");
    assert!(
        refused[0].contains("renamed 1.3.0") && text.contains("  do: give it the old name"),
        "{text}"
    );
}
