//! Callers that hang in a module's code are given up: the next build serves without them.

use std::{
    sync::mpsc::{self, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    CallError, Config, ErrorKind, Slot, Timing,
    event::{Exit, Phase, Retirement, StateNote},
};
use hotswap_tests::{Scene, as_configured, fixture, patient};

use crate::support::{counter, elsewhere, label, stay_inside, value};

/// Quiet soon, and what the last upgrade had is kept.
fn impatient() -> Config {
    patient().with_pause_deadline(Duration::from_millis(300)).with_last_states(true)
}

/// A thread in a `&mut self` call that does not end by itself.
struct Hangs {
    release: Sender<()>,
    thread: JoinHandle<Result<(), CallError>>,
}

fn hang(slot: &Slot<dyn Counter>) -> Hangs {
    let slot = slot.clone();
    let (release, held) = mpsc::channel::<()>();
    let (enter, entered) = mpsc::channel();
    let thread = thread::spawn(move || {
        slot.pin().inside_mut(&mut || {
            enter.send(()).unwrap();
            let _ = held.recv();
        })
    });
    entered.recv().unwrap();
    Hangs { release, thread }
}

/// Puts a build there that has to wait for those inside, and is cancelled.
fn cancelled(scene: &Scene<dyn Counter>, build: &str) {
    let refusal = scene.refusal(&counter(build));
    assert_eq!((refusal.exit, refusal.phase), (Exit::Cancelled, Phase::Quiescing));
    assert!(refusal.to_string().contains("Operator::abandon"), "{refusal}");
}

#[test]
fn the_build_that_waits_takes_over_with_the_state_of_the_last_upgrade() {
    let scene = Scene::<dyn Counter>::with(impatient(), &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    scene.upgrade(&counter("label=hangs"));
    assert_eq!(scene.told.retired(), (1, as_configured()));
    scene.slot.pin_mut().add(2).unwrap();
    let hangs = hang(&scene.slot);
    cancelled(&scene, "label=mended");

    assert!(scene.host.operator().abandon("main").unwrap());
    let live = scene.told.live();
    assert_eq!((live.generation, &live.state), (3, &StateNote::Kept));
    assert!(live.restored.is_some() && live.to_string().contains(", as it was "), "{live}");
    // What the version that hangs has counted since is gone with it.
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("mended".to_owned(), 5));
    assert_eq!(elsewhere(|| scene.slot.pin_mut().add(1)).unwrap(), 6);
    let (2, Retirement::Abandoned { why }) = scene.told.retired() else { panic!("it hangs") };
    assert!(why.contains("was given up"), "{why}");

    // The one that hangs does not get into the way of later upgrades.
    let live = scene.upgrade(&counter("label=later"));
    assert_eq!((live.generation, live.state, live.restored), (4, StateNote::Kept, None));
    assert_eq!(scene.told.retired(), (3, as_configured()));
    assert_eq!(value(&scene.slot), 6);
    // It comes out, in the version that it was in.
    drop(hangs.release);
    hangs.thread.join().unwrap().unwrap();
}

#[test]
fn it_can_be_said_before_the_build_comes() {
    let scene = Scene::<dyn Counter>::with(impatient(), &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    let hangs = hang(&scene.slot);
    assert!(!scene.host.operator().abandon("main").unwrap());
    // Nobody waits for it any more.
    let refused = elsewhere(|| scene.slot.pin().value());
    assert!(matches!(refused, Err(CallError::Abandoned { .. })), "{refused:?}");
    // It never was upgraded: nothing is left of its state.
    let live = scene.upgrade(&counter("label=b"));
    let StateNote::Dropped { why } = &live.state else { panic!("{live}") };
    assert!(why[0].contains("was given up"), "{live}");
    assert_eq!(value(&scene.slot), 0);
    // It was said once, for one upgrade.
    let second = hang(&scene.slot);
    cancelled(&scene, "label=c");
    for it in [hangs, second] {
        drop(it.release);
        it.thread.join().unwrap().unwrap();
    }
}

#[test]
fn nobody_is_given_up_who_leaves_in_time() {
    let scene = Scene::<dyn Counter>::with(impatient(), &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    assert!(!scene.host.operator().abandon("main").unwrap());
    let live = scene.upgrade(&counter("label=b"));
    assert_eq!((live.state, live.restored), (StateNote::Kept, None));
    assert_eq!(value(&scene.slot), 5);
}

#[test]
fn the_last_state_is_migrated_or_the_build_is_refused() {
    let scene = Scene::<dyn Counter>::with(impatient(), &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    scene.upgrade(&counter("label=b"));
    let visitor = stay_inside(&scene.slot, "visitor");
    assert!(!scene.host.operator().abandon("main").unwrap());
    let refusal = scene.refusal(&fixture("chain").told("label=bad;start=fail"));
    assert_eq!(refusal.phase, Phase::Activated);
    assert_eq!(scene.slot.generation(), 2);
    let live = scene.upgrade(&fixture("chain").told("label=c"));
    assert_eq!(live.state, StateNote::Migrated { from: 1, to: 3 });
    assert_eq!(value(&scene.slot), 5);
    visitor.leave();
}

#[test]
fn upgrades_on_request_stay_on_request() {
    let config = impatient().with_timing(Timing::on_request());
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.put(&counter("label=b"));
    scene.told.pending();
    let hangs = hang(&scene.slot);
    assert!(!scene.host.operator().abandon("main").unwrap());
    assert_eq!(elsewhere(|| scene.host.apply_pending()).unwrap(), 1);
    assert_eq!(scene.told.live().generation, 2);
    drop(hangs.release);
    hangs.thread.join().unwrap().unwrap();
}

#[test]
fn a_slot_that_was_not_opened_and_a_caller_inside_get_an_error() {
    let scene = Scene::<dyn Counter>::with(impatient(), &counter("label=a"));
    let error = scene.host.operator().abandon("mian").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.to_string().contains("mian") && error.to_string().contains("main"), "{error}");
    let pin = scene.slot.pin();
    assert_eq!(scene.host.operator().abandon("main").unwrap_err().kind(), ErrorKind::Misuse);
    drop(pin);
}

/// Another instance takes the place of the one that callers hang in: that one is left to them.
#[test]
fn a_restart_leaves_alone_those_who_were_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let script = format!("label=a;drop=wait /dev/null;log={}", log.display());
    let scene = Scene::<dyn Counter>::with(impatient(), &counter(&script));
    scene.slot.pin_mut().add(5).unwrap();
    let hangs = hang(&scene.slot);
    assert!(!scene.host.operator().abandon("main").unwrap());
    scene.host.operator().restart("main").unwrap();
    assert_eq!(value(&scene.slot), 0);
    let said = || std::fs::read_to_string(&log).unwrap();
    assert!(!said().contains("stop") && !said().contains("drop"), "{}", said());
    // It was said once, for one restart.
    let second = hang(&scene.slot);
    cancelled(&scene, "label=b");
    for it in [hangs, second] {
        drop(it.release);
        it.thread.join().unwrap().unwrap();
    }
    // Both are stopped now: one was left by its callers, and one is replaced.
    assert!(scene.told.live().generation > 1);
    hotswap_tests::until("they are stopped", || said().matches("drop goes on").count() == 2);
}
