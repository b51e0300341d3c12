//! A module whose thread-locals take static storage uses up what a process has of it: that is said
//! at its first load, in each plan, and where there is none left.
//!
//! A process of its own: the storage is the process's, and so is the subscriber.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use habits_api::{Habit, Habits};
use hotswap_core::event::{EventKind, Exit};
use hotswap_tests::{Heard, Outcome, Scene, fixture, patient};
use tracing::Level;
use tracing_subscriber::prelude::*;

/// More than a process can ever have of it.
const MANY: u64 = 200;

#[test]
fn static_storage_for_thread_locals_runs_out_in_so_many_words() {
    let heard = Heard::default();
    tracing_subscriber::registry().with(heard.clone()).init();
    let build = |label: u64| fixture("static-tls").told(&format!("label={label}"));
    let warnings = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&warnings);
    heard.hook(move |line| {
        let text = line.text();
        let is_refusal = text.contains("cancelled");
        if line.level == Level::WARN && text.contains("bytes of static thread") && !is_refusal {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let warnings = || warnings.load(Ordering::Relaxed);
    let scene = Scene::<dyn Habits>::with(patient(), &build(1));
    assert_eq!(warnings(), 1);
    scene.slot.pin().practise(Habit::None).unwrap();

    scene.put(&build(2));
    let risk = scene.told.find(|event| match &event.kind {
        EventKind::Planned(plan) => Some(
            plan.risks
                .iter()
                .find(|it| it.reason.contains(" bytes of static thread-local storage"))
                .cloned(),
        ),
        _ => None,
    });
    let risk = risk.expect("it is a risk");
    assert!(risk.reason.contains("1 libraries have taken "), "{}", risk.reason);
    assert!(risk.remedy.contains("glibc.rtld.optional_static_tls"), "{}", risk.remedy);
    assert_eq!(scene.told.live().generation, 2);

    let refusal = (3..MANY).find_map(|number| {
        scene.put(&build(number));
        match scene.told.outcome().1 {
            Outcome::Live(_) => None,
            Outcome::Refused(refusal) => Some(refusal),
            other => panic!("{other:?}"),
        }
    });
    let refusal = refusal.expect("it runs out");
    // Not its fault: it is not quarantined, and not tried again for nothing.
    assert_eq!(refusal.exit, Exit::Cancelled);
    let text = refusal.to_string();
    assert!(text.contains("the process has no static thread-local storage left"), "{text}");
    for remedy in ["local_dynamic_tls", "disable_initial_exec_tls", "GLIBC_TUNABLES"] {
        assert!(text.contains(remedy), "{text}");
    }
    assert!(text.contains("not tried by itself any more"), "{text}");
    assert_eq!(warnings(), 1, "it was said once");
    // What takes none of it is live as ever.
    scene.slot.pin().practise(Habit::None).unwrap();
    let _ = scene.upgrade(&fixture("habits").told("label=good"));
    assert_eq!(scene.slot.pin().label().unwrap(), "good");
}
