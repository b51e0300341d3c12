//! Generations whose state was handed over as memory are unloaded; where the state may refer to one it
//! stays, and it is told why.
//!
//! A process of its own: it looks at what is mapped.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use counter_api::Counter;
use hotswap_core::{
    Config, Retire, Trial,
    event::{EventKind, Exit, Holder, Retirement, StateNote},
};
use hotswap_tests::{Fixture, LONG, Scene, edition, patient, until};

type Place = Scene<dyn Counter>;

fn unloads(folder: &Path) -> Config {
    patient().with_retire(Retire::Unload).with_private_folder(folder)
}

fn mover(features: &[&str], script: &str) -> Fixture {
    edition("mover", features).told(script)
}

/// How many libraries are mapped from a folder.
fn mapped(folder: &Path) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps.lines().filter_map(|line| line.split_once('/').map(|(_, path)| path));
    let prefix = folder.strip_prefix("/").unwrap().to_str().unwrap().to_owned();
    let mut copies: Vec<_> = paths.filter(|path| path.starts_with(&prefix)).collect();
    copies.sort_unstable();
    copies.dedup();
    copies.len()
}

fn add(scene: &Place, n: u64) -> u64 {
    scene.slot.pin_mut().add(n).unwrap()
}

fn text(scene: &Place) -> String {
    scene.slot.pin().state_text().unwrap()
}

#[test]
fn fifty_moves_leave_nothing_mapped() {
    let folder = tempfile::tempdir().unwrap();
    let build = edition("mover", &[]);
    let scene = Place::with(unloads(folder.path()), &build.clone().told("label=first"));
    for n in 0..50 {
        add(&scene, n);
        let before = text(&scene);
        let live = scene.upgrade(&build.clone().told(&format!("label=b{n}")));
        assert_eq!(live.state, StateNote::Moved);
        // The library that all of it came from is gone; it is looked at, changed and freed.
        assert_eq!(scene.told.retired(), (n + 1, Retirement::Unloaded));
        assert_eq!(mapped(folder.path()), 1);
        assert_eq!(text(&scene), before);
    }
    add(&scene, 1);
    // It leaves by its encoding, and what it was made of is freed.
    let live = scene.upgrade(&mover(&["other-layout"], "label=last"));
    assert!(matches!(live.state, StateNote::Encoded { .. }), "{live}");
    assert_eq!(scene.told.retired(), (51, Retirement::Unloaded));
    assert_eq!(mapped(folder.path()), 1);
    add(&scene, 1);
    drop(scene);
    until("the last one is unloaded", || mapped(folder.path()) == 0);
}

#[test]
fn a_library_with_an_allocator_of_its_own_is_known_by_what_is_answered_for_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Place::with(unloads(folder.path()), &mover(&[], "label=a"));
    add(&scene, 3);
    for features in [&["allocator"][..], &[]] {
        let live = scene.upgrade(&mover(features, "label=b"));
        let StateNote::Encoded { why } = &live.state else { panic!("{live}") };
        assert!(why.contains("has a #[global_allocator]"), "{why}");
        assert!(matches!(scene.told.retired(), (_, Retirement::Unloaded)));
    }
    assert_eq!(scene.upgrade(&mover(&[], "label=c")).state, StateNote::Moved);
    assert_eq!(add(&scene, 1), 4);
}

/// Every update is in the state in the end, whichever library has allocated what it was made of.
#[test]
fn calls_go_on_while_the_libraries_below_the_state_are_unloaded() {
    const UPGRADES: u64 = 40;
    let folder = tempfile::tempdir().unwrap();
    let build = edition("mover", &[]);
    let scene = Place::with(unloads(folder.path()), &build.clone().told("label=first"));
    let end = AtomicBool::new(false);
    let (sum, slot) = (&AtomicU64::new(0), &scene.slot);
    thread::scope(|scope| {
        for n in 1..4 {
            let end = &end;
            scope.spawn(move || {
                while !end.load(Ordering::Relaxed) {
                    slot.pin_mut().add(n).unwrap();
                    sum.fetch_add(n, Ordering::Relaxed);
                    slot.pin().value().unwrap();
                }
            });
        }
        let mut retired = 0;
        for n in 0..UPGRADES {
            scene.put(&build.clone().told(&format!("label=b{n}")));
            let live = scene.told.find(|event| match &event.kind {
                EventKind::Live(live) => Some(live.clone()),
                EventKind::Refused(refusal) => panic!("{refusal}"),
                EventKind::Retired { outcome, .. } => {
                    retired += u64::from(*outcome == Retirement::Unloaded);
                    None
                }
                _ => None,
            });
            assert_eq!(live.state, StateNote::Moved, "{live}");
        }
        while retired < UPGRADES {
            retired += u64::from(scene.told.retired().1 == Retirement::Unloaded);
        }
        end.store(true, Ordering::Relaxed);
    });
    assert_eq!(mapped(folder.path()), 1);
    assert_eq!(scene.slot.pin().value().unwrap(), sum.load(Ordering::Relaxed));
    // All of it is in order.
    text(&scene);
    add(&scene, 1);
}

#[test]
fn a_rollback_leaves_nothing_of_the_candidate() {
    let folder = tempfile::tempdir().unwrap();
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let build = edition("mover", &[]);
    let config = unloads(folder.path()).with_trial(trial);
    let scene = Place::with(config, &build.clone().told("label=a"));
    add(&scene, 7);
    assert_eq!(scene.upgrade(&build.clone().told("label=b")).state, StateNote::Moved);
    for n in 0..20 {
        add(&scene, n);
    }
    let before = text(&scene);
    scene.host.operator().roll_back("main", "by hand").unwrap();
    assert_eq!(scene.told.refused().exit, Exit::RolledBack);
    assert_eq!(scene.told.retired(), (2, Retirement::Unloaded));
    assert_eq!((mapped(folder.path()), text(&scene)), (1, before));
    for n in 0..20 {
        add(&scene, n);
    }
    drop(scene);
    until("the last one is unloaded", || mapped(folder.path()) == 0);
}

#[test]
fn what_an_empty_map_in_a_collection_may_point_to_stays() {
    let folder = tempfile::tempdir().unwrap();
    let build = edition("mover", &["deep"]);
    let scene = Place::with(unloads(folder.path()), &build.clone().told("label=a"));
    for n in 0..3 {
        add(&scene, n);
        let before = text(&scene);
        assert_eq!(
            scene.upgrade(&build.clone().told(&format!("label={n}"))).state,
            StateNote::Moved
        );
        let by = vec![Holder::State { generation: n + 2 }];
        assert_eq!(scene.told.retired(), (n + 1, Retirement::Retained { by: by.clone() }));
        assert_eq!((text(&scene), mapped(folder.path())), (before, n as usize + 2));
        let status = scene.host.status();
        let generations = &status.slots[0].generations;
        assert!(generations.iter().any(|it| it.held_by == by), "{generations:?}");
    }
    // It leaves by its encoding: nothing refers to any of them.
    let live = scene.upgrade(&mover(&["deep", "other-layout"], "label=last"));
    assert!(matches!(live.state, StateNote::Encoded { .. }), "{live}");
    until("all of them are unloaded", || mapped(folder.path()) == 1);
    add(&scene, 1);
}

/// An empty map that the first version has made is on a thread of the second one, and no state has it.
#[test]
fn what_was_taken_out_of_a_state_holds_the_library_that_it_may_point_to() {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (go, log) = (place.path().join("go"), place.path().join("log"));
    let build = edition("mover", &["deep"]);
    let scene = Place::with(unloads(folder.path()), &build.clone().told("label=a"));
    let keeps = format!("label=b;keeps=wait {};log={}", go.display(), log.display());
    assert_eq!(scene.upgrade(&build.clone().told(&keeps)).state, StateNote::Moved);
    // A thread that ends has nothing of it.
    thread::scope(|scope| scope.spawn(|| add(&scene, 1)).join()).unwrap();
    let live = scene.upgrade(&mover(&["deep", "other-layout"], "label=c"));
    assert!(matches!(live.state, StateNote::Encoded { .. }), "{live}");
    let held_by = |number| {
        let status = scene.host.status();
        let mut all = status.slots[0].generations.iter();
        all.find(|it| it.generation == number).map(|it| it.held_by.clone())
    };
    let state = Some(vec![Holder::State { generation: 2 }]);
    until("the first version waits for the second one", || held_by(1) == state);
    assert!(matches!(held_by(2).as_deref(), Some([Holder::Threads(_)])), "{:?}", held_by(2));
    assert_eq!(mapped(folder.path()), 3);
    fs::write(&go, "").unwrap();
    until("both are unloaded", || mapped(folder.path()) == 1);
    assert!(fs::read_to_string(log).unwrap().contains("b 0 in 2 maps"));
    add(&scene, 1);
}

#[test]
fn a_candidate_that_fails_takes_nothing_of_the_state_along() {
    let folder = tempfile::tempdir().unwrap();
    let build = edition("mover", &[]);
    let scene = Place::with(unloads(folder.path()), &build.clone().told("label=a"));
    for step in ["beside", "self_test", "arrived"] {
        add(&scene, 7);
        let before = text(&scene);
        let refusal = scene.refusal(&build.clone().told(&format!("label=b;{step}=panic")));
        assert_eq!(refusal.exit, Exit::Rejected);
        until("the candidate is unloaded", || mapped(folder.path()) == 1);
        assert_eq!(text(&scene), before);
    }
}
