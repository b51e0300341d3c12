//! Callers: calls that panic, callers that stay, threads that end at the worst time.

use std::{
    cell::RefCell,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use counter_api::{Counter, Failing};
use hotswap_core::{CallError, Slot, event::EventKind};

use super::{
    place::{Place, failed, unhurried},
    row::{After, Group, Happened, Row, Setting},
};
use crate::{patient, replace, until};

pub(super) fn group() -> Group {
    let panics = |name, how: Failing, says| {
        Row::new(name, move |place| call(place.slot().pin().fail(how)), "Panicked", says)
    };
    let hurried = Setting::counter(|_| {
        patient().with_pause_deadline(Duration::from_secs(1)).with_last_states(true)
    });
    Group {
        title: "callers",
        setting: Setting::counter(unhurried),
        rows: vec![
            panics(
                "call panics",
                Failing::Text,
                &["counter 1.0.0 (generation ", "failed in Counter::fail: told to panic at "],
            ),
            panics(
                "call panics with several lines",
                Failing::Lines,
                &[r"in Counter::fail: told to panic\nmain: all is well\u{1b}[2J at "],
            ),
            panics("call panics without a text", Failing::NoText, &["a payload that is no text"]),
            panics(
                "call panics, and its payload too",
                Failing::DropPanics,
                &["failed in Counter::fail: ", "a payload that is no text"],
            ),
            Row::new("changing call panics half-way", half_way, "Panicked", &["Counter::fail_mut"]),
            Row::new("host's closure panics", own_panic, "the host's own panic", &[]),
            Row::new(
                "call into the own lock",
                reentrant,
                "Reentrant",
                &["slot main is called again by the thread that holds its `&mut self`"],
            ),
            Row::new(
                "upgrade asked for from inside a call",
                from_inside,
                "error Misuse",
                &["asked from inside a call of slot main, which would wait for itself"],
            ),
            Row::new(
                "event callback panics",
                callback_panics,
                "live",
                &["is live as generation", "state kept"],
            )
            .then(After::TheNewOne),
            Row::new(
                "call has no time left in a pause",
                no_time_left,
                "Draining, then live",
                &["slot main is being upgraded, and "],
            )
            .then(After::TheNewOne),
            Row::new(
                "pin held past the deadline",
                pin_held,
                "cancelled at Quiescing, then live",
                &["inside: ", "\"visitor\"", "let pins go", "tried again by itself"],
            )
            .then(After::TheNewOne)
            .with(hurried),
            Row::new(
                "pin held for longer than is tried",
                tried_ten_times,
                "cancelled at Quiescing, then live",
                &["inside: ", "not tried by itself any more", "Host::rescan", "state kept"],
            )
            .then(After::TheNewOne)
            .with(Setting::counter(|_| {
                let (pause, most) = (Duration::from_millis(20), Duration::from_millis(5));
                patient().with_pause_deadline(pause).with_retry_delays(most, most)
            })),
            Row::new(
                "changing call hangs, and is given up",
                given_up,
                "cancelled at Quiescing, then live",
                &["Operator::abandon", "state kept, as it was "],
            )
            .then(After::TheNewOne)
            .with(hurried),
            Row::new(
                "thread ends with a pin it forgot",
                forgotten_pin,
                "cancelled at Quiescing, then live",
                &["Operator::abandon", "\"forgetful\"", "state kept, as it was "],
            )
            .then(After::TheNewOne)
            .with(hurried),
            Row::new("thread panics with a pin", panics_with_pin, "live", &["state kept"])
                .then(After::TheNewOne),
            Row::new("thread calls as it ends", calls_at_its_end, "live", &["state kept"])
                .then(After::TheNewOne),
            Row::new("threads end all the time", ends_all_the_time, "live", &["state kept"])
                .then(After::TheNewOne),
        ],
    }
}

/// How a call came out.
pub(super) fn call<T: std::fmt::Debug>(result: Result<T, CallError>) -> Happened {
    match result {
        Ok(value) => Happened::new("answered", format!("{value:?}")),
        Err(error) => Happened::new(kind(&error), &error),
    }
}

fn kind(error: &CallError) -> &'static str {
    match error {
        CallError::Panicked(_) => "Panicked",
        CallError::Draining { .. } => "Draining",
        CallError::Reentrant { .. } => "Reentrant",
        CallError::Cycle { .. } => "Cycle",
        CallError::Abandoned { .. } => "Abandoned",
        CallError::Poisoned { .. } => "Poisoned",
        CallError::Ended { .. } => "Ended",
        CallError::Undecodable(_) => "Undecodable",
        _ => "another error",
    }
}

/// What the method did before its panic stays done.
fn half_way(place: &mut Place) -> Happened {
    place.count += 1;
    call(place.slot().pin_mut().fail_mut(Failing::Text))
}

fn own_panic(place: &mut Place) -> Happened {
    let slot = place.slot();
    let mut closure = || panic_any(7_u8);
    let result = catch_unwind(AssertUnwindSafe(|| slot.pin_mut().inside_mut(&mut closure)));
    match result {
        Err(payload) if payload.is::<u8>() => Happened::new("the host's own panic", ""),
        other => Happened::new("something else", format!("{other:?}")),
    }
}

fn reentrant(place: &mut Place) -> Happened {
    let (slot, mut inner) = (place.slot(), None);
    let outer = slot.pin_mut().inside_mut(&mut || inner = Some(slot.pin_mut().add(1)));
    outer.expect("the outer call goes well");
    call(inner.expect("the closure ran"))
}

fn from_inside(place: &mut Place) -> Happened {
    let slot = place.slot();
    let _pin = slot.pin();
    failed(&place.host().apply_pending().expect_err("it would wait for itself"))
}

fn callback_panics(place: &mut Place) -> Happened {
    place.spy(|event| assert!(matches!(event.kind, EventKind::Refused(_)), "told to panic"));
    place.put(&place.build(""))
}

/// A thread that is inside until it is told otherwise.
pub(super) struct Inside {
    release: Sender<()>,
    thread: JoinHandle<()>,
}

/// A thread goes inside.
pub(super) fn inside(slot: Slot<dyn Counter>, alone: bool) -> Inside {
    let (release, held): (_, Receiver<()>) = mpsc::channel();
    let (enter, entered) = mpsc::channel();
    let work = move || {
        let mut stay = || {
            enter.send(()).expect("the row waits");
            let _ = held.recv();
        };
        let left = match alone {
            true => slot.pin_mut().inside_mut(&mut stay),
            false => slot.pin().inside(&mut stay),
        };
        left.expect("its call goes well");
    };
    let thread = thread::Builder::new().name("visitor".to_owned()).spawn(work);
    entered.recv().expect("it goes inside");
    Inside { release, thread: thread.expect("a thread can be started") }
}

impl Inside {
    pub(super) fn leave(self) {
        drop(self.release);
        self.thread.join().expect("it does not panic");
    }
}

/// Waits until an upgrade has closed the slot.
fn closed(slot: &Slot<dyn Counter>) {
    let now = slot.with_budget(Duration::ZERO);
    until("the upgrade closes the slot", || {
        matches!(now.pin().value(), Err(CallError::Draining { .. }))
    });
}

fn no_time_left(place: &mut Place) -> Happened {
    let (slot, go) = (place.slot(), place.folder().join("go"));
    let script = format!("start=wait {}", go.display());
    replace(&place.artifact(), place.build(&script).bytes());
    closed(&slot);
    let turned_away = call(slot.with_budget(Duration::from_millis(1)).pin().value());
    std::fs::write(go, "").expect("a file can be made");
    turned_away.then(place.outcome())
}

fn pin_held(place: &mut Place) -> Happened {
    let visitor = inside(place.slot(), false);
    let cancelled = place.put(&place.build(""));
    visitor.leave();
    cancelled.then(place.live())
}

/// Then the host is asked for it; and the next build has ten tries of its own.
fn tried_ten_times(place: &mut Place) -> Happened {
    let mut last = None;
    for label in ["late", "new"] {
        let visitor = inside(place.slot(), false);
        place.deploy(&place.setting.good(label));
        let mut tries = 0;
        let given_up = loop {
            let cancelled = place.outcome();
            assert_eq!(cancelled.outcome, "cancelled at Quiescing", "{}", cancelled.text);
            tries += 1;
            if !cancelled.text.contains("tried again by itself") {
                break cancelled;
            }
        };
        assert_eq!(tries, 11, "the first try, and ten more");
        visitor.leave();
        place.host().rescan().expect("the host lives");
        last = Some(given_up.then(place.outcome()));
    }
    last.expect("there were two")
}

fn given_up(place: &mut Place) -> Happened {
    // The state of the last upgrade is what is left.
    assert_eq!(place.put_good("upgraded").outcome, "live");
    let visitor = inside(place.slot(), true);
    let cancelled = place.put(&place.build(""));
    place.host().operator().abandon("main").expect("the slot is open");
    let happened = cancelled.then(place.live());
    visitor.leave();
    happened
}

fn forgotten_pin(place: &mut Place) -> Happened {
    assert_eq!(place.put_good("upgraded").outcome, "live");
    let slot = place.slot();
    let forgets = move || mem::forget(slot.pin());
    let thread = thread::Builder::new().name("forgetful".to_owned()).spawn(forgets);
    thread.expect("a thread can be started").join().expect("it does not panic");
    let cancelled = place.put(&place.build(""));
    place.host().operator().abandon("main").expect("the slot is open");
    cancelled.then(place.live())
}

/// The upgrade waits for the one who panics.
fn panics_with_pin(place: &mut Place) -> Happened {
    let (slot, (enter, entered), (go, wait)) = (place.slot(), mpsc::channel(), mpsc::channel());
    let thread = thread::spawn(move || {
        let _pin = slot.pin();
        enter.send(()).expect("the row waits");
        let () = wait.recv().expect("the row says when");
        panic!("told to panic");
    });
    entered.recv().expect("it has a pin");
    replace(&place.artifact(), place.build("").bytes());
    place.drains();
    go.send(()).expect("it waits");
    assert!(thread.join().is_err(), "it panics");
    place.outcome()
}

/// Calls in the destructor of a thread-local, while the slot is closed.
fn calls_at_its_end(place: &mut Place) -> Happened {
    let (slot, go) = (place.slot(), place.folder().join("go at the end"));
    let (tell, told) = mpsc::channel();
    let (end, ended) = mpsc::channel();
    let ends = thread::spawn({
        let slot = slot.clone();
        move || {
            slot.pin().value().expect("it serves");
            LAST.replace(Some(LastCall { slot, tell }));
            let _: Result<(), _> = ended.recv();
        }
    });
    let script = format!("start=wait {}", go.display());
    replace(&place.artifact(), place.build(&script).bytes());
    closed(&slot);
    drop(end);
    assert!(told.recv().expect("it ends").is_none());
    std::fs::write(go, "").expect("a file can be made");
    ends.join().expect("it does not panic");
    place.count += 1;
    assert_eq!(told.recv().expect("it has called"), Some(place.count));
    place.outcome()
}

thread_local! {
    static LAST: RefCell<Option<LastCall>> = const { RefCell::new(None) };
}

/// A call by a thread that ends: tells that it begins, and the count.
struct LastCall {
    slot: Slot<dyn Counter>,
    tell: Sender<Option<u64>>,
}

impl Drop for LastCall {
    fn drop(&mut self) {
        let _ = self.tell.send(None);
        let _ = self.tell.send(self.slot.pin_mut().add(1).ok());
    }
}

/// Each has its first call, its last one and its end while upgrades come and go.
fn ends_all_the_time(place: &mut Place) -> Happened {
    let (slot, over) = (place.slot(), AtomicBool::new(false));
    let (happened, calls) = thread::scope(|scope| {
        let starter = scope.spawn(|| {
            let mut calls = 0;
            while !over.load(Ordering::Relaxed) {
                let one = || slot.pin_mut().add(1).expect("it serves");
                thread::scope(|scope| drop((scope.spawn(one), scope.spawn(one))));
                calls += 2;
            }
            calls
        });
        for n in 0..4 {
            let live = place.put_good(&format!("upgraded {n}"));
            assert_eq!(live.outcome, "live", "{}", live.text);
        }
        let happened = place.put(&place.build(""));
        over.store(true, Ordering::Relaxed);
        (happened, starter.join().expect("no call fails"))
    });
    place.count += calls;
    happened
}
