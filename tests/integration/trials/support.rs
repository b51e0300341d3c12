//! Scenes with a version on trial, and how a trial ends.

use std::{sync::Arc, time::Duration};

use counter_api::Counter;
use hotswap_core::{
    Config, Trial,
    event::{EventKind, Exit, Phase, Refusal, StateNote},
};
use hotswap_tests::{LONG, Scene, Told, fixture, patient};

use crate::support::{counter, elsewhere, label, value};

/// It does not end by itself.
pub(super) fn endless() -> Trial {
    Trial::new(LONG).with_longest_call(LONG)
}

/// It is over soon.
pub(super) fn short() -> Trial {
    Trial::new(Duration::from_millis(100)).with_longest_call(LONG)
}

/// Version `a` has counted to 5.
pub(super) fn counted(config: Config) -> Scene<dyn Counter> {
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    scene
}

/// The next version is on trial, with its first update.
pub(super) fn on_trial(trial: Trial, script: &str) -> Scene<dyn Counter> {
    let scene = counted(patient().with_trial(trial));
    begin(&scene, script);
    scene
}

pub(super) fn begin(scene: &Scene<dyn Counter>, script: &str) {
    let live = scene.upgrade(&fixture("chain").told(script));
    assert_eq!(live.state, StateNote::Migrated { from: 1, to: 3 });
    assert_eq!(elsewhere(|| scene.slot.pin_mut().add(1)).unwrap(), 6);
}

pub(super) fn committed(told: &Told) -> (u64, String) {
    told.find(|event| match &event.kind {
        EventKind::Committed { generation, why, .. } => Some((*generation, why.clone())),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    })
}

/// The version on trial is rolled back to the first one.
pub(super) fn rolled_back(scene: &Scene<dyn Counter>, says: &str) -> Arc<Refusal> {
    let refusal = scene.told.refused();
    assert_eq!((refusal.exit, refusal.phase), (Exit::RolledBack, Phase::Trial), "{refusal}");
    let text = refusal.to_string();
    assert!(text.starts_with("rolled back chain "), "{text}");
    assert!(text.contains("serving 1.0.0 (generation 1)") && text.contains(says), "{text}");
    assert_eq!(label(&scene.slot), "a");
    assert!(scene.host.status().slots[0].trial.is_none());
    refusal
}

/// The next good build is live, with all that was counted.
pub(super) fn goes_on(scene: &Scene<dyn Counter>, generation: u64, count: u64) {
    assert_eq!(value(&scene.slot), count);
    assert_eq!(elsewhere(|| scene.slot.pin_mut().add(1)).unwrap(), count + 1);
    let live = scene.upgrade(&counter(&format!("label=good after {generation}")));
    assert_eq!(live.generation, generation);
    assert_eq!(value(&scene.slot), count + 1);
}
