//! A state that did not change is handed over as memory.

mod between;
mod kept;

use std::{
    fs,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use counter_api::{Counter, Failing};
use hotswap_core::{
    AfterPanic, Config, Trial,
    event::{Event, EventKind, Exit, Live, Phase, Refusal, StateNote},
};
use hotswap_tests::{Fixture, LONG, Scene, edition, patient};

use crate::support::{elsewhere, label, stay_inside, value};

type Place = Scene<dyn Counter>;

/// A build of `mover` with a script.
pub(crate) fn mover(script: &str) -> Fixture {
    static BUILT: OnceLock<Fixture> = OnceLock::new();
    BUILT.get_or_init(|| edition("mover", &[])).clone().told(script)
}

/// One whose state has the same shape, and another layout.
pub(crate) fn other(script: &str) -> Fixture {
    static BUILT: OnceLock<Fixture> = OnceLock::new();
    BUILT.get_or_init(|| edition("mover", &["other-layout"])).clone().told(script)
}

fn text(scene: &Place) -> String {
    elsewhere(|| scene.slot.pin().state_text().unwrap())
}

fn add(scene: &Place, n: u64) -> u64 {
    elsewhere(|| scene.slot.pin_mut().add(n)).unwrap()
}

/// Version `a` has counted.
fn counted(config: Config) -> Place {
    let scene = Place::with(config, &mover("label=a"));
    for n in 1..=5 {
        add(&scene, n);
    }
    scene
}

/// What serves is as it was, and so is its state; the next good build is live.
fn nothing_is_lost(scene: &Place, before: &str) {
    assert_eq!((label(&scene.slot).as_str(), text(scene).as_str()), ("a", before));
    assert_eq!(add(scene, 1), 16);
    let before = text(scene);
    let live = scene.upgrade(&mover("label=good"));
    assert_eq!((live.state, label(&scene.slot)), (StateNote::Moved, "good".to_owned()));
    assert_eq!(text(scene), before);
}

fn refused(scene: &Place, build: &Fixture, says: &str) -> Arc<Refusal> {
    let refusal = scene.refusal(build);
    assert!(refusal.to_string().contains(says), "{refusal}");
    refusal
}

#[test]
fn a_state_that_did_not_change_goes_over_as_it_is() {
    let scene = counted(patient());
    for n in 0..8 {
        // In the same order as well: the very same maps.
        let before = text(&scene);
        scene.put(&mover(&format!("label=b{n}")));
        let (mut plan, mut reached) = (None, Vec::new());
        let live: Live = scene.told.find(|event: &Event| match &event.kind {
            EventKind::Planned(found) => {
                plan = Some(Arc::clone(found));
                reached.clear();
                None
            }
            EventKind::Phase { phase, .. } => {
                reached.push(*phase);
                None
            }
            EventKind::Live(live) => Some(live.clone()),
            EventKind::Refused(refusal) => panic!("{refusal}"),
            _ => None,
        });
        let plan = plan.expect("it was planned");
        let says = plan.to_string();
        let state = "- state to be handed over as memory, else by its encoding\n";
        assert!(says.contains(state), "{says}");
        // It is neither snapshotted nor migrated, and the plan does not say so.
        assert_eq!(plan.state, StateNote::Moves);
        assert_eq!(plan.phases.iter().map(|step| step.phase).collect::<Vec<_>>(), PHASES);
        assert_eq!(reached, PHASES);
        let report = scene.told.find(|event| match &event.kind {
            EventKind::Reported(report) => Some(report.clone()),
            _ => None,
        });
        let took: Vec<_> = report.phases.iter().map(|phase| phase.phase).collect();
        let pause = [Phase::Quiescing, Phase::Activated];
        assert!(took.windows(2).any(|phases| phases == pause), "{took:?}");
        assert_eq!(live.state, StateNote::Moved);
        assert!(live.to_string().contains("state handed over as memory"), "{live}");
        assert_eq!((text(&scene), label(&scene.slot)), (before, format!("b{n}")));
        add(&scene, n);
    }
}

/// What is left of a move when it is planned.
const PHASES: [Phase; 5] =
    [Phase::Loaded, Phase::Prepared, Phase::Quiescing, Phase::Activated, Phase::Committed];

#[test]
fn a_restart_hands_it_over_as_well() {
    let scene = counted(patient());
    let before = text(&scene);
    scene.host.operator().restart("main").unwrap();
    assert_eq!((text(&scene), elsewhere(|| scene.slot.pin().resumed().unwrap())), (before, 0));
    add(&scene, 1);
}

#[test]
fn what_is_laid_out_otherwise_goes_over_by_its_encoding() {
    let scene = counted(patient());
    let live = scene.upgrade(&other("label=b"));
    let StateNote::Encoded { why } = &live.state else { panic!("{live}") };
    assert!(why.starts_with("its type is laid out otherwise: #0 mover::world::World of "), "{why}");
    assert_eq!((label(&scene.slot).as_str(), value(&scene.slot)), ("b", 15));
}

#[test]
fn a_module_with_an_allocator_of_its_own_neither_gives_nor_gets_it() {
    let own = |script: &str| edition("mover", &["allocator"]).told(script);
    let scene = counted(patient());
    for (build, who, label_is) in [
        (own("label=b"), "the artifact has a #[global_allocator]", "b"),
        // Not even the same build of it: it has memory for each time that it is loaded.
        (own("label=c"), "the serving version has a #[global_allocator]", "c"),
        (mover("label=d"), "the serving version has a #[global_allocator]", "d"),
    ] {
        let live = scene.upgrade(&build);
        let StateNote::Encoded { why } = &live.state else { panic!("{live}") };
        assert!(why.contains(who), "{why}");
        assert_eq!((label(&scene.slot).as_str(), value(&scene.slot)), (label_is, 15));
    }
    assert_eq!(scene.upgrade(&mover("label=e")).state, StateNote::Moved);
}

#[test]
fn another_compiler_is_not_trusted_with_it() {
    let scene = counted(patient());
    let rustc = hotswap_core::abi::__private::manifest::RUSTC;
    let other = rustc.replacen("rustc 1", "rustc 9", 1);
    let live = scene.upgrade(&mover("label=b").with_manifest_text(rustc, &other));
    assert_eq!((live.state, value(&scene.slot)), (StateNote::Kept, 15));
}

#[test]
fn what_serves_never_notices_a_candidate_that_fails() {
    for (script, says) in [
        ("beside=fail", "start  beside was told to fail"),
        ("beside=panic", "beside was told to panic"),
        ("self_test=fail", "its self-test: self_test was told to fail"),
        ("self_test=panic", "self_test was told to panic"),
        ("arrived=fail", "arrived  arrived was told to fail"),
        ("arrived=panic", "arrived was told to panic"),
    ] {
        let scene = counted(patient());
        let before = text(&scene);
        let refusal = refused(&scene, &mover(&format!("label=b;{script}")), says);
        assert_eq!((refusal.phase, refusal.exit), (Phase::Activated, Exit::Rejected), "{script}");
        let resumed = elsewhere(|| scene.slot.pin().resumed().unwrap());
        assert_eq!(resumed, u64::from(script.starts_with("arrived")), "{script}");
        nothing_is_lost(&scene, &before);
    }
}

#[test]
fn a_serving_version_that_does_not_suspend_keeps_its_state() {
    let scene = Place::with(patient(), &mover("label=a;suspend=panic once"));
    add(&scene, 15);
    let before = text(&scene);
    let refusal = refused(&scene, &mover("label=b"), "the serving version's suspend");
    assert_eq!((refusal.exit, text(&scene)), (Exit::Cancelled, before.clone()));
    // It was started beside, and waits for its next try.
    assert_eq!(scene.told.live().state, StateNote::Moved);
    assert_eq!((text(&scene), label(&scene.slot).as_str()), (before, "b"));
}

#[test]
fn what_hangs_with_the_state_has_it() {
    let short = patient().with_pause_deadline(Duration::from_millis(200));
    // The last state is that of the upgrade from `a` to `b`, which was encoded.
    let scene = Place::with(short.with_last_states(true), &mover("label=a"));
    add(&scene, 3);
    scene.upgrade(&other("label=b"));
    add(&scene, 4);
    let hangs = other("label=c;arrived=hang");
    let refusal = refused(&scene, &hangs, "its state is in the candidate, which hangs");
    assert!(refusal.to_string().contains("the last state that was kept"), "{refusal}");
    assert_eq!((label(&scene.slot).as_str(), value(&scene.slot)), ("b", 3));
    add(&scene, 1);
    let live = scene.upgrade(&other("label=d"));
    assert_eq!((live.state, value(&scene.slot)), (StateNote::Moved, 4));
}

fn endless() -> Trial {
    Trial::new(LONG).with_longest_call(LONG)
}

/// Version `b` is on trial, and has counted on.
fn on_trial(config: Config, scripts: (&str, &str)) -> (Place, String) {
    let config = config.with_trial(endless());
    let scene = Place::with(config, &mover(&format!("label=a;{}", scripts.0)));
    add(&scene, 10);
    let live = scene.upgrade(&mover(&format!("label=b;{}", scripts.1)));
    assert_eq!(live.state, StateNote::Moved);
    add(&scene, 5);
    let before = text(&scene);
    (scene, before)
}

#[test]
fn a_rollback_brings_it_back_with_every_update() {
    let (scene, before) = on_trial(patient(), ("", ""));
    scene.host.operator().roll_back("main", "by hand").unwrap();
    let refusal = scene.told.refused();
    assert_eq!(refusal.exit, Exit::RolledBack);
    assert!(refusal.state.contains("handed over as memory"), "{refusal}");
    assert_eq!(elsewhere(|| scene.slot.pin().resumed().unwrap()), 1);
    assert_eq!((label(&scene.slot).as_str(), text(&scene)), ("a", before));
    assert_eq!(add(&scene, 1), 16);
}

/// Another instance of the candidate has it by then, which the version before has never met.
#[test]
fn a_restart_within_a_trial_leaves_the_way_back() {
    let (scene, before) = on_trial(patient(), ("", ""));
    scene.host.operator().restart("main").unwrap();
    assert_eq!((label(&scene.slot).as_str(), text(&scene)), ("b", before));
    add(&scene, 1);
    let before = text(&scene);
    scene.host.operator().roll_back("main", "by hand").unwrap();
    let refusal = scene.told.refused();
    assert!(refusal.state.contains("handed over as memory"), "{refusal}");
    assert_eq!((label(&scene.slot).as_str(), text(&scene)), ("a", before));
    assert_eq!(add(&scene, 1), 17);
}

#[test]
fn a_commit_leaves_it_where_it_is() {
    let (scene, before) = on_trial(patient(), ("", ""));
    scene.host.operator().commit("main", "by hand").unwrap();
    assert_eq!((label(&scene.slot).as_str(), text(&scene)), ("b", before));
    assert_eq!(add(&scene, 1), 16);
}

#[test]
fn a_panic_in_the_trial_goes_back_as_the_policy_says() {
    // It goes on as the panic left it: with the update that it was in.
    let (scene, _) = on_trial(patient(), ("", ""));
    let _ = elsewhere(|| scene.slot.pin_mut().fail_mut(Failing::Text)).unwrap_err();
    let refusal = scene.told.refused();
    assert!(refusal.state.contains("state handed over as memory"), "{refusal}");
    assert_eq!((label(&scene.slot).as_str(), value(&scene.slot)), ("a", 16));
    add(&scene, 1);

    // It is poisoned, and nothing else was kept.
    let poisons = || patient().with_after_panic(AfterPanic::Refuse, AfterPanic::GoOn);
    let (scene, _) = on_trial(poisons(), ("", ""));
    let _ = elsewhere(|| scene.slot.pin_mut().fail_mut(Failing::Text)).unwrap_err();
    let refusal = scene.told.refused();
    assert!(refusal.state.contains("as a panic in a call has left it"), "{refusal}");
    assert_eq!((label(&scene.slot).as_str(), value(&scene.slot)), ("a", 16));
    add(&scene, 1);

    // It is poisoned, and a state was kept.
    let scene = Place::with(poisons().with_trial(endless()), &mover("label=a"));
    add(&scene, 10);
    assert!(matches!(scene.upgrade(&other("label=b")).state, StateNote::Encoded { .. }));
    scene.host.operator().commit("main", "by hand").unwrap();
    add(&scene, 1);
    assert_eq!(scene.upgrade(&other("label=c")).state, StateNote::Moved);
    let _ = elsewhere(|| scene.slot.pin_mut().fail_mut(Failing::Text)).unwrap_err();
    let refusal = scene.told.refused();
    assert!(refusal.state.contains("the last state that was kept"), "{refusal}");
    assert_eq!((label(&scene.slot).as_str(), value(&scene.slot)), ("b", 10));
    add(&scene, 1);
}

#[test]
fn where_the_way_back_fails_the_candidate_has_it() {
    let (scene, before) = on_trial(patient(), ("arrived=fail", ""));
    assert!(scene.host.operator().roll_back("main", "by hand").is_err());
    let refusal = scene.told.refused();
    assert_eq!(refusal.exit, Exit::Degraded, "{refusal}");
    assert!(refusal.to_string().contains("arrived was told to fail"), "{refusal}");
    assert_eq!((label(&scene.slot).as_str(), text(&scene)), ("b", before));
    add(&scene, 1);
}

#[test]
fn callers_that_hang_in_a_trial_have_it() {
    let (scene, _) = on_trial(patient(), ("", ""));
    let inside = stay_inside(&scene.slot, "hangs");
    assert_eq!(scene.host.operator().abandon("main").ok(), Some(true));
    let refusal = scene.told.refused();
    assert_eq!(refusal.exit, Exit::RolledBack, "{refusal}");
    let says = "and no earlier state was kept";
    assert!(refusal.state.contains(says) && refusal.state.contains("is lost"), "{refusal}");
    assert_eq!((label(&scene.slot).as_str(), value(&scene.slot)), ("a", 0));
    inside.leave();
    add(&scene, 1);
}

#[test]
fn an_end_within_a_trial_takes_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let (scene, _) = on_trial(
        patient().with_data_dir(folder.path()).with_journal(false).with_floors(false),
        ("", ""),
    );
    drop(scene);
    let files = |folder: &Path| fs::read_dir(folder).unwrap().count();
    assert_eq!(files(&folder.path().join("checkpoints")), 1);
    let config = patient().with_data_dir(folder.path()).with_journal(false).with_floors(false);
    let scene = Place::with(config, &mover("label=a"));
    assert_eq!((scene.host.status().slots.len(), value(&scene.slot)), (1, 15));
}
