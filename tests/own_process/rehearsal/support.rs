//! Scenes whose upgrades are rehearsed, and what is told of them.

use std::{collections::BTreeSet, fs, sync::Arc, time::Duration};

use counter_api::Counter;
use hotswap_core::{
    Config, Rehearsal,
    event::{Event, EventKind, Phase, Refusal, RehearsalReport},
};
use hotswap_tests::{Fixture, Scene, Told, alone::children, fixture, patient};

pub(crate) fn counter(script: &str) -> Fixture {
    fixture("counter").told(script)
}

pub(crate) fn chain(script: &str) -> Fixture {
    fixture("chain").told(script)
}

pub(crate) fn rehearsed(told: &Told) -> Arc<RehearsalReport> {
    told.find(|event| match &event.kind {
        EventKind::Rehearsed { report, .. } => Some(Arc::clone(report)),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    })
}

/// Longer than any rehearsal takes, and less memory than `eat` does.
pub(crate) fn rehearsing() -> Config {
    let memory = 256 << 20;
    patient().with_rehearsal(
        Rehearsal::new().with_deadline(Duration::from_secs(300)).with_memory(memory),
    )
}

/// Version `a` has counted to 5.
pub(crate) fn counted(config: Config, first: &Fixture) -> Scene<dyn Counter> {
    let scene = Scene::<dyn Counter>::with(config, first);
    scene.slot.pin_mut().add(5).unwrap();
    scene
}

/// Libraries that are mapped into this process, or were before their files went.
pub(crate) fn mapped() -> BTreeSet<String> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let names = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    names.filter(|name| name.contains("hotswap-private-")).map(ToOwned::to_owned).collect()
}

/// The build is refused, and nothing of it was ever in this process; then a good one goes live.
pub(crate) fn refused(scene: &Scene<dyn Counter>, build: &Fixture) -> Arc<Refusal> {
    let before = mapped();
    let refusal = scene.refusal(build);
    assert_eq!(mapped(), before, "{refusal}");
    assert_eq!(children(), Vec::<String>::new());
    assert_eq!(scene.slot.pin().value().unwrap(), 5);
    refusal
}

pub(crate) fn phases(told: &Told) -> Vec<Phase> {
    let phase = |event: &Event| match event.kind {
        EventKind::Phase { phase, .. } => Some(phase),
        _ => None,
    };
    told.so_far().iter().filter_map(phase).collect()
}

pub(crate) fn report(told: &Told) -> Arc<RehearsalReport> {
    told.find(|event| match &event.kind {
        EventKind::Rehearsed { report, .. } => Some(Arc::clone(report)),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    })
}
