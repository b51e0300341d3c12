//! Upgrades under load: no call fails, and no update is lost.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use counter_api::Counter;
use hotswap_core::event::{Exit, Phase};
use hotswap_tests::{Scene, fixture};

use crate::support::{counter, value};

#[test]
fn sixty_upgrades_under_four_callers() {
    const ROUNDS: u64 = 60;
    let scene = Scene::<dyn Counter>::of(&counter("label=start"));
    let builds = ["x", "y", "z"].map(|label| counter(&format!("label={label}")));
    let bad = [
        counter("start=panic"),
        counter("prepare=fail"),
        fixture("renamed"),
        counter("").damaged(|bytes| bytes.truncate(bytes.len() / 2)),
        fixture("meter"),
        counter("self_test=fail"),
    ];
    let stop = AtomicBool::new(false);
    let (updates, calls) = (AtomicU64::new(0), AtomicU64::new(0));
    let going = || {
        calls.fetch_add(1, Ordering::Relaxed);
        thread::yield_now();
        !stop.load(Ordering::Relaxed)
    };
    thread::scope(|scope| {
        // A caller that fails ends the test; the others must not run for ever.
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let (slot, updates, going) = (&scene.slot, &updates, &going);
        let mut callers = Vec::new();
        callers.push(scope.spawn(move || {
            let reader = slot.reader();
            let mut last = 0;
            while going() {
                let now = reader.value().unwrap();
                assert!(now >= last, "an update was lost: {last}, then {now}");
                last = now;
            }
        }));
        callers.push(scope.spawn(move || {
            while going() {
                let mut frame = slot.pin_mut();
                let before = frame.value().unwrap();
                assert_eq!(frame.add(1).unwrap(), before + 1);
                updates.fetch_add(1, Ordering::Relaxed);
            }
        }));
        callers.push(scope.spawn(move || {
            while going() {
                slot.pin().add(1).unwrap();
                updates.fetch_add(1, Ordering::Relaxed);
            }
        }));
        callers.push(scope.spawn(move || {
            while going() {
                let pin = slot.pin();
                assert_eq!(pin.generation().unwrap(), hotswap_core::Pin::generation(&pin).unwrap());
                assert_eq!(pin.label().unwrap(), pin.label().unwrap());
            }
        }));
        let end = Stop(&stop);
        let mut generation = 1;
        for round in 1..=ROUNDS {
            if round % 5 == 0 {
                let kind = (round / 5) as usize % bad.len();
                // A new hash each time, where the file is sound.
                scene.put(&bad[kind].clone().damaged(|bytes| bytes.push(round as u8)));
                let refusal = scene.told.refused();
                assert_eq!(refusal.exit, Exit::Rejected, "{refusal}");
                assert!(refusal.phase < Phase::Committed);
            } else {
                generation += 1;
                let live = scene.upgrade(&builds[round as usize % 3]);
                assert_eq!(live.generation, generation);
            }
        }
        drop(end);
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    });
    assert_eq!(scene.slot.generation(), 1 + ROUNDS * 4 / 5);
    assert_eq!(value(&scene.slot), updates.into_inner());
    assert!(calls.into_inner() > ROUNDS);
}
