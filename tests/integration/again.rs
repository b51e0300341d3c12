//! A version that serves again after a trial, and callers who have been inside it all the time: they
//! entered the same instance on an earlier turn.

use std::{fs, time::Duration};

use counter_api::Counter;
use hotswap_core::{Config, Trial, event::Exit};
use hotswap_tests::{Fixture, LONG, Scene, fixture, patient};

use crate::support::{label, stay_inside, value};

fn on_trials() -> Config {
    let trial = Trial::new(LONG).with_longest_call(LONG);
    patient().with_pause_deadline(Duration::from_millis(300)).with_trial(trial)
}

/// Another build is on trial, and goes.
fn there_and_back(scene: &Scene<dyn Counter>, build: &Fixture) {
    scene.upgrade(build);
    scene.host.operator().roll_back("main", "by hand").unwrap();
    assert_eq!(scene.told.refused().exit, Exit::RolledBack);
    assert_eq!(label(&scene.slot), "a");
}

#[test]
fn a_restart_waits_for_those_who_never_left_it() {
    let first = fixture("stateless").told("label=a");
    let scene = Scene::<dyn Counter>::with(on_trials(), &first);
    scene.slot.pin_mut().add(5).unwrap();
    let stays = stay_inside(&scene.slot, "the one who stays");
    for build in ["label=b", "label=c"] {
        there_and_back(&scene, &fixture("stateless").told(build));
        let error = scene.host.operator().restart("main").unwrap_err();
        assert!(error.to_string().contains("the one who stays"), "{error}");
        assert_eq!(value(&scene.slot), 5);
    }
    stays.leave();
    scene.host.operator().restart("main").unwrap();
    assert_eq!(value(&scene.slot), 0);
}

#[test]
fn the_end_does_not_stop_it_under_those_who_never_left_it() {
    let log = tempfile::tempdir().unwrap();
    let log = log.path().join("log");
    let first = fixture("stateless").told(&format!("label=a;log={}", log.display()));
    let scene = Scene::<dyn Counter>::with(on_trials(), &first);
    let stays = stay_inside(&scene.slot, "the one who stays");
    there_and_back(&scene, &fixture("stateless").told("label=b"));
    let Scene { host, slot, .. } = scene;
    host.shutdown().unwrap();
    let said = || fs::read_to_string(&log).unwrap_or_default();
    assert!(!said().contains("stop"), "{}", said());
    stays.leave();
    drop(slot);
    assert!(said().ends_with("a stop\n"), "{}", said());
}
