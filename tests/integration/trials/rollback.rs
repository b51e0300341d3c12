//! The way back: with the state or without, past callers who stay, and where it fails.

use std::{fs, sync::mpsc, thread, time::Duration};

use counter_api::{Counter, Failing};
use hotswap_core::{
    AfterPanic, ErrorKind, Retire,
    event::{Event, EventKind, Exit, Phase, Retirement},
};
use hotswap_tests::{Scene, as_configured, fixture, patient};

use super::support::{begin, counted, endless, goes_on, on_trial, rolled_back};
use crate::support::{counter, elsewhere, label, stay_inside, value};

#[test]
fn where_the_state_cannot_go_back_it_is_said_what_is_lost() {
    let log = tempfile::tempdir().unwrap();
    let log = log.path().join("log");
    let scene = counted(patient().with_trial(endless()));
    begin(&scene, &format!("label=b;downgrade=fail;log={}", log.display()));
    scene.host.operator().roll_back("main", "somebody has asked for it").unwrap();
    let refusal = rolled_back(&scene, "somebody has asked for it");
    for part in
        ["every change of the state since the upgrade is lost", "downgrade was told to fail"]
    {
        assert!(refusal.state.contains(part), "{refusal}");
    }
    assert_eq!(elsewhere(|| scene.slot.pin().resumed()).unwrap(), 1);
    assert_eq!(scene.told.retired(), (2, as_configured()));
    let log = fs::read_to_string(log).unwrap();
    assert!(log.ends_with("b suspend\nb state\nb downgrade\nb stop\n"), "{log}");
    goes_on(&scene, 3, 5);
}

#[test]
fn a_state_of_the_same_version_goes_back_as_it_is() {
    let scene = counted(patient().with_trial(endless()));
    scene.upgrade(&counter("label=b"));
    elsewhere(|| scene.slot.pin_mut().add(1)).unwrap();
    scene.host.operator().roll_back("main", "by hand").unwrap();
    let refusal = scene.told.refused();
    assert_eq!((refusal.exit, &*refusal.state), (Exit::RolledBack, "state kept"));
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("a".to_owned(), 6));
    goes_on(&scene, 3, 6);
}

#[test]
fn a_call_that_hangs_is_given_up_and_the_version_before_serves() {
    for exclusive in [false, true] {
        let trial = endless().with_longest_call(Duration::from_millis(300));
        let scene = on_trial(trial, "label=b");
        let (release, held) = mpsc::channel::<()>();
        let slot = scene.slot.clone();
        let hangs = thread::spawn(move || {
            let mut hang = || {
                let _ = held.recv();
            };
            match exclusive {
                true => slot.pin_mut().inside_mut(&mut hang),
                false => slot.pin().inside(&mut hang),
            }
        });
        let refusal = rolled_back(&scene, "a call is inside for");
        assert!(refusal.state.contains("callers are given up in it"), "{refusal}");
        assert_eq!(value(&scene.slot), 5);
        drop(release);
        hangs.join().unwrap().unwrap();
        goes_on(&scene, 3, 5);
    }
}

#[test]
fn callers_who_stay_are_waited_for_and_in_the_end_given_up() {
    let config = patient().with_pause_deadline(Duration::from_millis(200));
    let scene = counted(config.with_trial(endless()));
    begin(&scene, "label=b");
    let inside = stay_inside(&scene.slot, "the one who stays");
    let error = scene.host.operator().roll_back("main", "by hand").unwrap_err();
    assert!(error.to_string().contains("the one who stays"), "{error}");
    assert_eq!(label(&scene.slot), "b");
    let waits = |event: &Event| matches!(event.kind, EventKind::RollbackWaits { .. }).then_some(());
    scene.told.find(waits);
    inside.leave();
    let refusal = rolled_back(&scene, "by hand");
    assert!(refusal.state.contains("downgraded"), "{refusal}");
    assert_eq!(value(&scene.slot), 6);

    let config = patient().with_pause_deadline(Duration::from_millis(200));
    let scene = counted(config.with_trial(endless()));
    begin(&scene, "label=b");
    let inside = stay_inside(&scene.slot, "the one who stays");
    scene.host.operator().roll_back("main", "by hand").unwrap_err();
    let refusal = rolled_back(&scene, "by hand");
    assert!(refusal.state.contains("callers are given up in it"), "{refusal}");
    inside.leave();
    goes_on(&scene, 3, 5);
}

#[test]
fn a_way_back_that_fails_is_told_and_the_candidate_serves_on() {
    let config = patient().with_trial(endless());
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a;resume=panic"));
    scene.upgrade(&fixture("chain").told("label=b;downgrade=fail"));
    elsewhere(|| scene.slot.pin_mut().add(6)).unwrap();
    let error = scene.host.operator().roll_back("main", "by hand").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Artifact);
    let refusal = scene.told.refused();
    assert_eq!((refusal.exit, refusal.phase), (Exit::Degraded, Phase::Trial));
    let text = refusal.to_string();
    for part in ["DEGRADED", "by hand", "resume was told to panic", "downgrade was told to fail"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let status = scene.host.status();
    assert!(status.to_string().contains("DEGRADED: by hand"), "{status}");
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("b".to_owned(), 6));
    assert_eq!(elsewhere(|| scene.slot.pin().resumed()).unwrap(), 1);
    assert_eq!(scene.told.retired().0, 1);
    let live = scene.upgrade(&fixture("chain").told("label=c"));
    assert_eq!((live.generation, value(&scene.slot)), (3, 6));
    assert!(scene.host.status().slots[0].degraded.is_none());
}

#[test]
fn without_state_the_version_before_goes_on_at_once() {
    let config = patient().with_trial(endless());
    let scene = Scene::<dyn Counter>::with(config, &fixture("stateless").told("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    let pin = scene.slot.pin();
    scene.upgrade(&fixture("stateless").told("label=b"));
    elsewhere(|| scene.slot.pin_mut().add(1)).unwrap();
    let inside = elsewhere(|| stay_inside(&scene.slot, "on trial"));
    elsewhere(|| scene.slot.pin().fail(Failing::Text)).unwrap_err();
    let refusal = scene.told.refused();
    assert_eq!((refusal.exit, &*refusal.state), (Exit::RolledBack, "no state"));
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("a".to_owned(), 5));
    assert_eq!(pin.value().unwrap(), 5);
    drop(pin);
    inside.leave();
    assert_eq!(scene.told.retired(), (2, as_configured()));
    assert_eq!(scene.upgrade(&fixture("stateless").told("label=c")).generation, 3);
}

#[test]
fn what_was_rolled_back_is_unloaded() {
    let config = patient().with_trial(endless()).with_retire(Retire::Unload);
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    for round in 1..4 {
        scene.upgrade(&fixture("chain").told(&format!("label=b{round}")));
        let held = &scene.host.status().slots[0].generations[0].held_by;
        assert_eq!(held, &[hotswap_core::event::Holder::Trial]);
        elsewhere(|| scene.slot.pin_mut().add(1)).unwrap();
        scene.host.operator().roll_back("main", "by hand").unwrap();
        assert_eq!(scene.told.refused().exit, Exit::RolledBack);
        assert_eq!(scene.told.retired(), (round + 1, Retirement::Unloaded));
        assert_eq!((label(&scene.slot), value(&scene.slot)), ("a".to_owned(), round));
    }
    assert_eq!(scene.host.status().slots[0].mapped, 1);
}

#[test]
fn a_poisoned_instance_on_trial_does_not_hand_its_state_back() {
    let config =
        patient().with_trial(endless()).with_after_panic(AfterPanic::Refuse, AfterPanic::GoOn);
    let scene = counted(config);
    begin(&scene, "label=b");
    elsewhere(|| scene.slot.pin_mut().fail_mut(Failing::Text)).unwrap_err();
    let refusal = rolled_back(&scene, "panics  1 in");
    assert!(refusal.state.contains("half changed"), "{refusal}");
    goes_on(&scene, 3, 5);
}

#[test]
fn to_abandon_what_hangs_on_trial_rolls_it_back() {
    let scene = on_trial(endless(), "label=b");
    let inside = stay_inside(&scene.slot, "the one who hangs");
    assert!(scene.host.operator().abandon("main").unwrap());
    rolled_back(&scene, "given up");
    inside.leave();
    goes_on(&scene, 3, 5);
}
