//! The harness for a module's own tests: it loads as a host does, and fails at once.

use counter_api::Counter;
use hotswap_core::{ErrorKind, event::StateNote, harness::Harness, snapshot::Snapshot};
use hotswap_tests::{Fixture, file_name, fixture, replace};
use meter_api::Meter;

use crate::support::counter;

/// A harness for a build, and the folder that it lies in.
fn harness(build: &Fixture) -> (tempfile::TempDir, Harness) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name("module"));
    replace(&path, build.bytes());
    (folder, Harness::artifact(path))
}

/// A state that has counted to five.
fn five() -> Snapshot {
    let (_folder, harness) = harness(&counter("label=a"));
    let counter = harness.start::<dyn Counter>().unwrap();
    assert_eq!(counter.live().state, StateNote::Fresh);
    counter.slot().pin_mut().add(5).unwrap();
    counter.end().unwrap().unwrap()
}

#[test]
fn a_stored_state_is_migrated_into_a_newer_version() {
    let folder = tempfile::tempdir().unwrap();
    let stored = folder.path().join("snapshots/version-1.snapshot");
    five().write(&stored).unwrap();
    let stored = Snapshot::read(&stored).unwrap();
    let (_folder, harness) = harness(&fixture("chain").told("label=b"));
    // As often as one likes: what is restored stays where it is.
    for _ in 0..2 {
        let newer = harness.restore::<dyn Counter>(&stored).unwrap();
        assert_eq!(newer.live().state, StateNote::Migrated { from: 1, to: 3 });
        assert!(newer.live().restored.is_some());
        assert_eq!(newer.slot().pin_mut().add(1).unwrap(), 6);
        let state = newer.end().unwrap().unwrap();
        assert_eq!((state.module(), state.state().version), ("chain", 3));
    }
}

#[test]
fn a_module_that_is_linked_in_needs_no_library() {
    let harness = Harness::builtin::<counter::Counting>();
    let counter = harness.restore::<dyn Counter>(&five()).unwrap();
    assert_eq!(counter.slot().pin().value().unwrap(), 5);
    assert_eq!(counter.live().release.artifact, None);
}

#[test]
fn what_is_refused_fails_at_once_with_the_refusals_text() {
    let (_folder, drift) = harness(&fixture("drift").told("label=b"));
    let error = drift.restore::<dyn Counter>(&five()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Artifact);
    assert!(error.to_string().contains("paste this migration"), "{error}");
    for (script, wanted) in [
        ("start=fail", "start was told to fail"),
        ("prepare=panic", "prepare was told to panic"),
        ("self_test=fail", "its self-test: "),
    ] {
        let (_folder, harness) = harness(&counter(script));
        let error = harness.start::<dyn Counter>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Artifact);
        assert!(error.to_string().contains(wanted), "{error}");
    }
    let (_folder, other) = harness(&counter("label=a"));
    let error = other.start::<dyn Meter>().unwrap_err();
    assert!(error.to_string().contains("interface  host: Meter   artifact: Counter"), "{error}");
}

#[test]
fn a_module_whose_end_fails_is_told() {
    let (_folder, harness) = harness(&counter("state=panic"));
    let counter = harness.start::<dyn Counter>().unwrap();
    let error = counter.end().unwrap_err();
    assert!(error.to_string().contains("state was told to panic"), "{error}");
    let (_folder, stateless) = self::harness(&fixture("stateless").told("label=a"));
    assert!(stateless.start::<dyn Counter>().unwrap().end().unwrap().is_none());
}
