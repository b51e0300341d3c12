//! Rows of the table of faults whose processes have limits of their own, or that take away what a
//! host stands on. The whole table is a program: see CONTRIBUTING.md.
//!
//! A process of its own: the program has its own panic hook, and tells by its exit code.
#![cfg(target_os = "linux")]

use std::process::Command;

fn faults(args: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_faults")).args(args).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_the_machine_takes_away_is_no_fault_of_the_artifact() {
    let (good, text) = faults(&[
        "no descriptor left",
        "no thread left",
        "no watch left",
        "room for the private copy",
        "disk of the journal",
        "private folder deleted",
        "loses its right to execute",
        "needs a library that is not there",
        "suspend hangs",
        "signature comes late",
        "constructor hangs",
        "no /proc",
        "TMPDIR set to nothing",
    ]);
    assert!(good, "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("faults: ") && last.ends_with(" as promised"), "{text}");
}

/// The rows that take no time; the others are in the table.
#[test]
fn what_goes_wrong_in_a_step_of_a_rollout_ends_it() {
    let faults_of = ["a call panics", "calls fail", "the host ends", "a newer artifact comes"];
    let steps = ["while previews alone meet it", "in the first step", "in the last step"];
    let names = faults_of.map(|fault| steps.map(|step| format!("{fault} {step}")));
    let names: Vec<_> = names.iter().flatten().map(String::as_str).collect();
    let (good, text) = faults(&names);
    assert!(good && text.ends_with("faults: 12 rows, 12 as promised\n"), "{text}");
}

#[test]
fn the_table_has_its_rows_and_no_name_twice() {
    let (_, text) = faults(&["--list"]);
    let mut names: Vec<_> = text.lines().collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(all >= 60, "{all} rows");
    // Nothing that is asked for in vain counts as good.
    assert!(!faults(&["a row that is not there"]).0);
}
