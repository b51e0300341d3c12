//! Counts that safe code can drive as far as it likes, by forgetting what would count down.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use super::*;

/// Has a record count as many entries as if so many guards had been forgotten.
fn has_forgotten(gate: &TestGate, guards: u64) {
    gate.inner.core.state().records[0].set_nested(guards);
}

/// Runs one of these tests again in a process of its own, which is expected to abort with `says`.
#[track_caller]
fn aborts(test: &str, says: &str) {
    let (_, name) = concat!(module_path!(), "::").split_once("::").unwrap();
    let this = std::env::current_exe().unwrap();
    let mut command = Command::new(this);
    let name = format!("{name}{test}");
    let output = command.args(["--exact", &name, "--nocapture"]).env(MARK, "1").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.signal() == Some(SIGABRT) && errors.contains(says), "{output:?}");
}

const MARK: &str = "HOTSWAP_GATE_ABORTS";
const SIGABRT: i32 = 6;

fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

#[test]
fn four_billion_forgotten_guards_count() {
    let gate = gate("arcade");
    let kept = gate.enter(BUDGET).unwrap();
    has_forgotten(&gate, u32::MAX.into());
    mem::forget(gate.enter(BUDGET).unwrap());
    drop(gate.enter(BUDGET).unwrap());
    assert!(gate.is_inside());
    let closer = Arc::clone(&gate);
    let closed = thread::spawn(move || why(closer.close(Instant::now())));
    assert!(matches!(closed.join().unwrap(), Why::Deadline));
    drop(kept);
    assert!(gate.is_inside(), "those that were forgotten");
    has_forgotten(&gate, 0);
    gate.inner.core.state().records[0].withdraw();
}

/// A call through a reader can be left in the middle, on a stack of its own, and end inside another
/// one that has begun later.
#[test]
fn a_visit_that_ends_first_leaves_the_thread_inside() {
    let gate = gate("arcade");
    let reader = gate.reader();
    drop(reader.enter(BUDGET).unwrap());
    let visit = reader.visit().unwrap();
    let inner = reader.enter(BUDGET).unwrap();
    drop(visit);
    assert!(gate.is_inside(), "by the one that is left");
    let closer = Arc::clone(&gate);
    let closed = thread::spawn(move || why(closer.close(Instant::now())));
    assert!(matches!(closed.join().unwrap(), Why::Deadline));
    drop(inner);
    assert!(!gate.is_inside());
}

#[test]
fn a_count_of_guards_that_would_wrap_aborts() {
    if !is_child() {
        return aborts("a_count_of_guards_that_would_wrap_aborts", "pins that this thread");
    }
    let gate = gate("arcade");
    let _kept = gate.enter(BUDGET).unwrap();
    has_forgotten(&gate, u64::MAX - 1);
    mem::forget(gate.enter(BUDGET).unwrap());
    drop(gate.enter(BUDGET));
}

#[test]
fn a_count_of_shared_uses_that_would_be_an_exclusive_one_aborts() {
    if !is_child() {
        let test = "a_count_of_shared_uses_that_would_be_an_exclusive_one_aborts";
        return aborts(test, "calls that share an instance");
    }
    let gate = gate("arcade");
    let entered = gate.enter(BUDGET).unwrap();
    let shared = entered.shared().unwrap();
    gate.inner.core.state().records[0].set_mode(u32::MAX - 2);
    mem::forget(entered.shared().unwrap());
    assert!(entered.exclusive().is_err());
    drop(entered.shared());
    drop(shared);
}
