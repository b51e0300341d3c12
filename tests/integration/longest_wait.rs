//! Callers are kept out for a short time only, whatever is inside: an upgrade waits beside them.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::event::EventKind;
use hotswap_tests::{Scene, patient};

use crate::support::{counter, label, stay_inside};

const SHORT: Duration = Duration::from_millis(2);

/// The next time that the upgrade waits, and for whom.
fn draining(scene: &Scene<dyn Counter>) -> String {
    scene.told.find(|event| match &event.kind {
        EventKind::Draining { inside, .. } => Some(inside.join("; ")),
        _ => None,
    })
}

#[test]
fn a_call_that_stays_keeps_nobody_out() {
    let config = patient().with_longest_wait(SHORT);
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    let slow = stay_inside(&scene.slot, "slow");
    scene.put(&counter("label=b"));
    let inside = draining(&scene);
    assert!(inside.contains("slow"), "{inside}");
    for _ in 0..100 {
        assert_eq!(label(&scene.slot), "a");
    }
    slow.leave();
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!(label(&scene.slot), "b");
}

/// Each try finds another call that does not end in time.
#[test]
fn where_calls_follow_upon_each_other_it_is_said_what_to_do() {
    let config = patient().with_longest_wait(SHORT).with_pause_deadline(SHORT * 50);
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut inside = stay_inside(&scene.slot, "one");
        scope.spawn(|| {
            while !ends.load(Ordering::Relaxed) {
                // The next one is inside before the one before leaves.
                let next = stay_inside(&scene.slot, "another");
                std::mem::replace(&mut inside, next).leave();
                thread::sleep(SHORT * 5);
            }
            inside.leave();
        });
        let refusal = scene.refusal(&counter("label=b"));
        ends.store(true, Ordering::Relaxed);
        assert!(refusal.advice.contains("Config::with_longest_wait"), "{refusal}");
        assert!(refusal.findings.iter().any(|it| it.starts_with("inside: ")), "{refusal}");
    });
    // It is tried again by itself.
    assert_eq!(scene.told.live().generation, 2);
}
