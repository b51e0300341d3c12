//! What a panic in a call means for the instance, by the slot's policy.

use std::{fs, thread, time::Duration};

use counter_api::{Counter, Failing};
use hotswap_core::{
    AfterPanic, CallError, Config, ErrorKind, Retire, SlotConfig,
    event::{EventKind, Panicked, Restarted, Retirement, StateNote},
};
use hotswap_tests::{Scene, Told, as_configured, fixture, patient};

use crate::support::{counter, elsewhere, label, stay_inside, value};

/// After a panic in `&mut self`; those in `&self` are reported alone.
fn after(exclusive: AfterPanic) -> Config {
    patient().with_after_panic(exclusive, AfterPanic::GoOn)
}

fn panicked(told: &Told) -> Panicked {
    told.find(|event| match &event.kind {
        EventKind::Panicked(panicked) => Some(panicked.clone()),
        _ => None,
    })
}

fn restarted(told: &Told) -> Restarted {
    told.find(|event| match &event.kind {
        EventKind::Restarted(restarted) => Some(restarted.clone()),
        _ => None,
    })
}

/// Why a restart was not done, and whether it is tried again.
fn not_restarted(told: &Told) -> (String, bool) {
    told.find(|event| match &event.kind {
        EventKind::NotRestarted { why, again, .. } => Some((why.clone(), *again)),
        _ => None,
    })
}

/// Counts to 7, with 5 of that at the last upgrade.
fn upgraded(config: Config, script: &str) -> Scene<dyn Counter> {
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    scene.upgrade(&counter(script));
    assert_eq!(scene.told.retired(), (1, as_configured()));
    assert_eq!(scene.slot.pin_mut().add(2).unwrap(), 7);
    scene
}

fn fail_mut(scene: &Scene<dyn Counter>) {
    let result = scene.slot.pin_mut().fail_mut(Failing::Text);
    assert!(matches!(result, Err(CallError::Panicked(_))), "{result:?}");
}

#[track_caller]
fn poisoned<T: std::fmt::Debug>(result: Result<T, CallError>) {
    assert!(matches!(result, Err(CallError::Poisoned { .. })), "{result:?}");
}

#[test]
fn panics_are_told_at_once_and_then_once_a_second() {
    let scene = Scene::<dyn Counter>::of(&counter(""));
    for n in 0..100 {
        scene.slot.pin().fail(Failing::Formatted(n)).unwrap_err();
    }
    let first = panicked(&scene.told);
    assert_eq!((first.generation, first.poisoned), (1, false));
    assert!(first.failure.message.starts_with("told to panic with"), "{first:?}");
    // The rest comes in one, if it did not come with the first.
    let last = if first.count < 100 { panicked(&scene.told) } else { first };
    assert_eq!(last.count, 100);
    assert!(last.failure.message.ends_with("99"), "{last:?}");
    let status = scene.host.status();
    let serving = status.slots[0].serving.as_ref().unwrap();
    assert_eq!((serving.panics, serving.poisoned), (100, false));
    assert!(status.to_string().contains("100 calls have panicked"), "{status}");
    assert_eq!(scene.slot.pin_mut().add(1).unwrap(), 1);
}

#[test]
fn a_poisoned_instance_refuses_calls_until_a_build_takes_over() {
    let scene = upgraded(after(AfterPanic::Refuse), "label=b");
    // Those that share the instance leave it as it is.
    scene.slot.pin().fail(Failing::Text).unwrap_err();
    assert_eq!(value(&scene.slot), 7);
    let reader = scene.slot.reader();
    assert_eq!(reader.value().unwrap(), 7);
    {
        let mut frame = scene.slot.pin_mut();
        assert_eq!(frame.add(1).unwrap(), 8);
        frame.fail_mut(Failing::Text).unwrap_err();
        poisoned(frame.add(1));
        poisoned(frame.value());
    }
    poisoned(scene.slot.pin().value());
    poisoned(scene.slot.pin_mut().add(1));
    poisoned(reader.value());
    poisoned(elsewhere(|| scene.slot.pin().value()));
    assert!(scene.host.status().to_string().contains("calls are refused since"));
    while !panicked(&scene.told).poisoned {}

    let live = scene.upgrade(&counter("label=c"));
    assert_eq!((live.generation, live.state), (3, StateNote::Kept));
    assert!(live.restored.is_some(), "it is the state of the last upgrade");
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("c".to_owned(), 5));
    assert_eq!(reader.value().unwrap(), 5);
    assert_eq!(scene.told.retired(), (2, as_configured()));
    assert!(!scene.host.status().slots[0].serving.as_ref().unwrap().poisoned);
}

#[test]
fn who_waits_for_the_lock_of_a_call_that_panics_is_refused() {
    let scene = Scene::<dyn Counter>::with(after(AfterPanic::Refuse), &counter(""));
    thread::scope(|scope| {
        let mut frame = scene.slot.pin_mut();
        let waits = scope.spawn(|| scene.slot.pin_mut().add(1));
        let reads = scope.spawn(|| scene.slot.pin().value());
        frame.fail_mut(Failing::Text).unwrap_err();
        drop(frame);
        poisoned(waits.join().unwrap());
        poisoned(reads.join().unwrap());
    });
}

#[test]
fn an_instance_is_replaced_by_itself_with_the_state_of_the_last_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let scene = upgraded(after(AfterPanic::restart()), &format!("label=b;log={}", log.display()));
    let reader = scene.slot.reader();
    fail_mut(&scene);
    let panicked = panicked(&scene.told);
    assert_eq!((panicked.poisoned, panicked.count), (true, 1));
    let restarted = restarted(&scene.told);
    assert_eq!((restarted.generation, &restarted.state), (2, &StateNote::Kept));
    assert!(restarted.restored.is_some());
    let text = restarted.to_string();
    assert!(text.contains("a new instance") && text.contains("state kept, as it was"), "{text}");
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("b".to_owned(), 5));
    assert_eq!(reader.value().unwrap(), 5);
    assert_eq!(scene.slot.pin_mut().add(1).unwrap(), 6);
    // The next build gets the state of the instance that goes on.
    assert_eq!(scene.upgrade(&counter("label=c")).generation, 3);
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("c".to_owned(), 6));
    assert_eq!(scene.told.retired(), (2, as_configured()));
    let log = fs::read_to_string(log).unwrap();
    let steps: Vec<_> = log.lines().collect();
    assert_eq!(
        steps,
        [
            "b prepare",
            "b start",
            "b self_test", // the upgrade
            "b prepare",
            "b suspend",
            "b start",
            "b restored",
            "b self_test",
            "b stop", // the restart
            "b suspend",
            "b state",
            "b stop", // the next upgrade
        ]
    );
}

#[test]
fn an_instance_that_panics_again_and_again_stays_poisoned() {
    let most = AfterPanic::Restart { most: 2, within: Duration::from_secs(3600) };
    let scene = upgraded(after(most), "label=b");
    for _ in 0..2 {
        fail_mut(&scene);
        restarted(&scene.told);
        assert_eq!(value(&scene.slot), 5);
    }
    fail_mut(&scene);
    let (why, again) = not_restarted(&scene.told);
    assert!(why.contains("2 times") && !again, "{why}");
    poisoned(scene.slot.pin().value());
    // By hand as often as one likes.
    scene.host.operator().restart("main").unwrap();
    restarted(&scene.told);
    assert_eq!(value(&scene.slot), 5);
}

#[test]
fn a_new_instance_that_does_not_start_leaves_the_poisoned_one() {
    let scene = upgraded(after(AfterPanic::restart()), "label=b;start=panic later");
    fail_mut(&scene);
    let (why, again) = not_restarted(&scene.told);
    assert!(why.contains("start was told to panic later") && !again, "{why}");
    poisoned(scene.slot.pin().value());
    let error = scene.host.operator().restart("main").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Artifact);
    assert!(error.to_string().contains("panic later"), "{error}");
    assert_eq!(scene.upgrade(&counter("label=c")).generation, 3);
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("c".to_owned(), 5));
}

#[test]
fn a_restart_waits_until_nobody_is_inside() {
    let config = after(AfterPanic::restart()).with_pause_deadline(Duration::from_millis(300));
    let scene = upgraded(config, "label=b");
    let inside = stay_inside(&scene.slot, "the one who stays");
    // An instance that somebody shares is not poisoned under him: this waits for the lock.
    thread::scope(|scope| {
        let fails = scope.spawn(|| fail_mut(&scene));
        inside.leave();
        fails.join().unwrap();
    });
    restarted(&scene.told);
    assert_eq!(value(&scene.slot), 5);

    // A pin does not share the instance between its calls.
    let pin = scene.slot.pin();
    thread::scope(|scope| {
        scope.spawn(|| fail_mut(&scene)).join().unwrap();
    });
    let (why, again) = not_restarted(&scene.told);
    assert!(again, "{why}");
    poisoned(pin.value());
    drop(pin);
    restarted(&scene.told);
    assert_eq!(value(&scene.slot), 5);
}

#[test]
fn a_healthy_instance_is_restarted_with_its_state() {
    for build in ["counter", "stateless"] {
        let scene = Scene::<dyn Counter>::of(&fixture(build).told("label=a"));
        scene.slot.pin_mut().add(5).unwrap();
        scene.host.operator().restart("main").unwrap();
        let restarted = restarted(&scene.told);
        assert_eq!((restarted.generation, restarted.restored), (1, None));
        let (note, count) = match build {
            "counter" => (StateNote::Kept, 5),
            _ => (StateNote::None, 0),
        };
        assert_eq!((restarted.state, value(&scene.slot)), (note, count));
        assert_eq!(scene.upgrade(&counter("label=b")).generation, 2);
        assert_eq!(scene.told.retired(), (1, as_configured()));
    }
}

#[test]
fn without_an_earlier_state_it_starts_afresh_and_says_so() {
    let scene = Scene::<dyn Counter>::with(after(AfterPanic::restart()), &counter(""));
    scene.slot.pin_mut().add(5).unwrap();
    fail_mut(&scene);
    let restarted = restarted(&scene.told);
    let StateNote::Dropped { why } = &restarted.state else { panic!("{restarted:?}") };
    assert!(why[0].contains("panicked") && why[0].contains("no earlier state"), "{why:?}");
    assert_eq!(value(&scene.slot), 0);
}

#[test]
fn a_panic_in_a_shared_call_means_what_is_configured_for_it() {
    let own = |slot: SlotConfig| slot.with_after_panic(AfterPanic::GoOn, AfterPanic::Refuse);
    let scene = Scene::<dyn Counter>::with_slot(patient(), own, &counter(""));
    fail_mut(&scene);
    assert_eq!(value(&scene.slot), 1);
    let frame = scene.slot.pin_mut();
    frame.fail(Failing::Text).unwrap_err();
    poisoned(frame.value());
    drop(frame);
    poisoned(scene.slot.pin().value());
}

#[test]
fn code_that_was_restarted_is_unloaded_all_the_same() {
    let config = after(AfterPanic::restart()).with_retire(Retire::Unload);
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    elsewhere(|| fail_mut(&scene));
    restarted(&scene.told);
    scene.upgrade(&counter("label=b"));
    assert_eq!(label(&scene.slot), "b");
    assert_eq!(scene.told.retired(), (1, Retirement::Unloaded));
}

#[test]
fn the_state_of_a_poisoned_instance_is_not_kept_for_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = after(AfterPanic::Refuse)
        .with_data_dir(folder.path())
        .with_journal(false)
        .with_floors(false);
    let scene = Scene::<dyn Counter>::with(config, &counter(""));
    fail_mut(&scene);
    let error = scene.host.shutdown().unwrap_err();
    assert!(error.to_string().contains("has panicked"), "{error}");
}
