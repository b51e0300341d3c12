//! A program that does not serve rehearsals goes on without them. What those find is in
//! `own_process/rehearsal.rs`.

use counter_api::Counter;
use hotswap_core::{
    Rehearsal,
    event::{EventKind, Phase},
};
use hotswap_tests::{Scene, fixture, patient};

use crate::support::{counter, value};

#[test]
fn a_program_that_does_not_serve_them_goes_on_without_and_says_so() {
    let config = patient().with_rehearsal(Rehearsal::new());
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    scene.put(&fixture("chain").told("label=b"));
    let said = scene.told.find(|event| match &event.kind {
        EventKind::NotRehearsed { .. } => Some(event.to_string()),
        EventKind::Planned(plan) => panic!("it should know by now: {plan}"),
        EventKind::Phase { phase: Phase::BackedUp | Phase::Rehearsed | Phase::Loaded, .. }
        | EventKind::Rehearsed { .. } => panic!("{event}"),
        _ => None,
    });
    assert!(said.starts_with("main: ") && said.contains("goes on without a rehearsal"), "{said}");
    assert!(said.contains("hotswap_core::probe::serve() first in main"), "{said}");
    let plan = scene.told.find(|event| match &event.kind {
        EventKind::Planned(plan) => Some(plan.to_string()),
        _ => None,
    });
    assert!(plan.contains("- medium: it was not rehearsed: the program does not call"), "{plan}");
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!(value(&scene.slot), 5);
}
