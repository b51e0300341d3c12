//! A state that would not fit into memory once more: an upgrade that would encode it is cancelled
//! before anybody waits, and one that hands it over as memory is not.
//!
//! A process of its own: it has a limit on its data.
#![cfg(target_os = "linux")]

use std::fs;

use counter_api::{Counter, Failing};
use hotswap_core::{
    AfterPanic,
    event::{Event, EventKind, Exit, Phase, StateNote},
};
use hotswap_tests::{Fixture, Scene, edition, patient};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Each has about a kilobyte.
const ENTITIES: u64 = 25_000;

/// Enough for all else that an upgrade takes, and less than the bytes of the state and a new one.
const SOME: u64 = 40 << 20;

/// What the process has, as `RLIMIT_DATA` counts it.
fn data() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

fn set_limit(most: Option<u64>) {
    let maximum = getrlimit(Resource::Data).maximum;
    setrlimit(Resource::Data, Rlimit { current: most.or(maximum), maximum }).unwrap();
}

#[test]
fn what_does_not_fit_once_more_is_cancelled_before_the_pause() {
    let (mover, other) = (edition("mover", &[]), edition("mover", &["other-layout"]));
    let first = mover.clone().told(&format!("label=a;fill={ENTITIES}"));
    let scene = Scene::<dyn Counter>::with(patient(), &first);
    let encoded = |text: String| -> u64 {
        text.split_once(" bytes").unwrap().0.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let text = || scene.slot.pin().state_text().unwrap();
    let refusal = |scene: &Scene<dyn Counter>| {
        let mut reached = Vec::new();
        let refusal = scene.told.find(|event: &Event| match &event.kind {
            EventKind::Phase { phase, .. } => {
                reached.push(*phase);
                None
            }
            EventKind::Refused(refusal) => Some(refusal.clone()),
            EventKind::Live(live) => panic!("{live}"),
            _ => None,
        });
        assert_eq!((refusal.exit, refusal.phase), (Exit::Cancelled, Phase::Quiescing), "{refusal}");
        assert_eq!(reached.last(), Some(&Phase::Prepared), "{reached:?}");
        refusal.to_string()
    };

    // It was never encoded, so that nobody knows yet how large it is.
    let before = text();
    let size = encoded(before.clone());
    set_limit(Some(data() + SOME));
    scene.put(&other.clone().told("label=b"));
    let says = refusal(&scene);
    // As long as there is no room: it is tried again by itself.
    let serving = scene.slot.pin().label().unwrap();
    set_limit(None);
    assert!(says.contains(&format!("(the state has {size}, encoded)")), "{says}");
    assert_eq!((text(), serving), (before.clone(), "a".to_owned()));
    let live = scene.told.live();
    assert!(matches!(live.state, StateNote::Encoded { .. }), "{live}");
    assert_eq!((encoded(text()), scene.slot.pin().label().unwrap()), (size, "b".to_owned()));

    // Twice is more than its bytes take, and less than bytes and a new state.
    set_limit(Some(data() + 2 * size));
    let before = text();
    let live = scene.upgrade(&other.clone().told("label=c"));
    assert_eq!((live.state, text()), (StateNote::Moved, before.clone()));

    // It is to go over as memory, and cannot.
    set_limit(Some(data() + 2 * size));
    scene.put(&mover.clone().told("label=d"));
    let says = refusal(&scene);
    for part in [
        "room  the process's data (RLIMIT_DATA) has ",
        " bytes free, and ",
        " are wanted (the state has ",
        "raise the limit (`ulimit -d`, LimitDATA= of systemd)",
        "tried again by itself",
    ] {
        assert!(says.contains(part), "{part}: {says}");
    }
    assert_eq!((text(), scene.slot.pin().label().unwrap()), (before, "c".to_owned()));
    let value = scene.slot.pin_mut().add(1).unwrap();

    // There is room, and it takes over by itself.
    set_limit(None);
    let live = scene.told.live();
    assert!(matches!(live.state, StateNote::Encoded { .. }), "{live}");
    assert_eq!(scene.slot.pin().label().unwrap(), "d");
    assert_eq!(scene.slot.pin_mut().add(1).unwrap(), value + 1);
    drop(scene);

    // In this test, since a limit is the process's.
    what_is_poisoned_is_not_measured(&mover, &other);
}

/// Whoever has poisoned an instance has left its state half changed: it is not read to be measured.
fn what_is_poisoned_is_not_measured(mover: &Fixture, other: &Fixture) {
    let config = patient().with_after_panic(AfterPanic::Refuse, AfterPanic::GoOn);
    let first = mover.clone().told(&format!("label=a;fill={ENTITIES}"));
    let scene = Scene::<dyn Counter>::with(config, &first);
    scene.slot.pin_mut().fail_mut(Failing::Text).unwrap_err();
    set_limit(Some(data() + SOME));
    let live = scene.upgrade(&other.clone().told("label=b"));
    set_limit(None);
    assert_eq!(scene.slot.pin().label().unwrap(), "b", "{live}");
}
