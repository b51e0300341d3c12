//! The real thing, both forms, many times: callers of every kind against swaps and closes.
//!
//! Two witnesses, both plain memory. `dead` is set once nobody can be on a generation; a caller
//! that reads it set was let in wrongly or left too late. `calls` is counted by callers without
//! atomics, each in its own place, and moved from generation to generation by the closer; a sum
//! that differs from what the callers say is a lost update.

#![expect(unsafe_code, reason = "the witnesses are cells without a lock")]

mod canary;

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::hint;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Entered, Exclusion, Form, Gate, Guarded, Reader};

const CALLERS: usize = 4;
/// For each of four tests.
const CHANGES: u64 = if cfg!(debug_assertions) { 3_000 } else { 25_000 };
/// Calls that go on meanwhile, for each change.
const CALLS_EACH: u64 = 100;
const BUDGET: Duration = Duration::from_secs(600);

struct Value {
    dead: UnsafeCell<bool>,
    calls: [UnsafeCell<u64>; CALLERS],
    alone: UnsafeCell<u64>,
    lock: Exclusion,
}

// SAFETY: that the cells are not used by two threads at once is what is tested.
unsafe impl Sync for Value {}

impl Guarded for Value {
    fn exclusion(&self) -> &Exclusion {
        &self.lock
    }
}

impl Value {
    fn new(calls: [u64; CALLERS], alone: u64) -> Arc<Self> {
        let calls = calls.map(UnsafeCell::new);
        let (dead, alone) = (UnsafeCell::new(false), UnsafeCell::new(alone));
        Arc::new(Self { dead, calls, alone, lock: Exclusion::new() })
    }

    fn is_dead(&self) -> bool {
        // SAFETY: written only when nobody is inside. Volatile, so that it is read each time.
        unsafe { self.dead.get().read_volatile() }
    }

    fn die(&self) {
        assert!(!self.is_dead());
        // SAFETY: nobody is inside.
        unsafe { self.dead.get().write_volatile(true) };
    }

    fn bump(cell: &UnsafeCell<u64>) {
        let at = cell.get();
        // SAFETY: each caller has its own cell, or is alone with the instance.
        let count = unsafe { at.read_volatile() };
        // SAFETY: as above.
        unsafe { at.write_volatile(count + 1) };
    }

    fn counts(&self) -> ([u64; CALLERS], u64) {
        let read = |cell: &UnsafeCell<u64>| {
            // SAFETY: nobody is inside.
            unsafe { cell.get().read_volatile() }
        };
        (self.calls.each_ref().map(read), read(&self.alone))
    }
}

#[derive(Default)]
struct Tally {
    entered: AtomicU64,
    stop: AtomicBool,
    bad: AtomicU64,
    calls: [AtomicU64; CALLERS],
    alone: AtomicU64,
}

impl Tally {
    fn look(&self, value: &Value) {
        if value.is_dead() {
            self.bad.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// One call, sometimes with others inside it, sometimes ending in a panic.
fn call(
    gate: &Gate<Value>,
    reader: &Reader<Value>,
    me: usize,
    turn: u64,
    counting: bool,
    tally: &Tally,
) {
    let enter = |by_reader: bool| -> Entered<'_, Value> {
        if by_reader { reader.enter(BUDGET) } else { gate.enter(BUDGET) }.unwrap()
    };
    let body = AssertUnwindSafe(|| {
        if turn % 6 == 1 {
            return visit(reader, me, turn, counting, tally);
        }
        let outer = enter(turn.is_multiple_of(3));
        tally.look(&outer);
        if counting {
            Value::bump(&outer.calls[me]);
            tally.calls[me].fetch_add(1, Ordering::Relaxed);
            if turn.is_multiple_of(5) {
                let _alone = outer.exclusive().unwrap();
                Value::bump(&outer.alone);
                tally.alone.fetch_add(1, Ordering::Relaxed);
            }
        }
        if turn.is_multiple_of(4) {
            let inner = enter(turn.is_multiple_of(8));
            assert_eq!(inner.number(), outer.number());
            // Left in the wrong order every other time.
            let (first, last) = if turn % 16 < 8 { (outer, inner) } else { (inner, outer) };
            drop(first);
            tally.look(&last);
            drop(last);
        } else {
            (0..turn % 20).for_each(|_| hint::spin_loop());
            if turn.is_multiple_of(7) {
                resume_unwind(Box::new(()));
            }
            tally.look(&outer);
        }
    });
    let _ = catch_unwind(body);
}

/// One call of the quickest kind, with another one inside it.
fn visit(reader: &Reader<Value>, me: usize, turn: u64, counting: bool, tally: &Tally) {
    let Some(visit) = reader.visit() else { return };
    tally.look(&visit);
    if counting {
        Value::bump(&visit.calls[me]);
        tally.calls[me].fetch_add(1, Ordering::Relaxed);
    }
    let inner = reader.enter(BUDGET).unwrap();
    tally.look(&inner);
    if turn.is_multiple_of(7) {
        resume_unwind(Box::new(()));
    }
    tally.look(&visit);
    // Left in the wrong order now and then.
    if turn.is_multiple_of(3) {
        drop(visit);
        tally.look(&inner);
        return;
    }
    drop(inner);
    tally.look(&visit);
    if counting && let Some(alone) = visit.exclusive() {
        Value::bump(&alone.alone);
        tally.alone.fetch_add(1, Ordering::Relaxed);
    }
}

fn stress(
    form: Form,
    counting: bool,
    mut change: impl FnMut(&Gate<Value>, u64) -> Option<Arc<Value>>,
) {
    let gate = Gate::with_form(form, "stress", 1, Value::new([0; CALLERS], 0));
    let tally = Tally::default();
    thread::scope(|scope| {
        let callers = std::array::from_fn::<_, CALLERS, _>(|me| {
            let (gate, tally) = (&gate, &tally);
            scope.spawn(move || {
                let mut reader = gate.reader();
                let mut turn = me as u64;
                while !tally.stop.load(Ordering::Relaxed) {
                    call(gate, &reader, me, turn, counting, tally);
                    tally.entered.fetch_add(1, Ordering::Relaxed);
                    turn += 1;
                    if turn.is_multiple_of(5_000) {
                        reader = gate.reader();
                    }
                    // There are more threads than cores: a closer should not wait for slices.
                    if turn.is_multiple_of(32) {
                        thread::yield_now();
                    }
                }
            })
        });
        // What is over stays for a while, so that a late caller reads `dead` and not freed memory.
        let mut graves = VecDeque::new();
        for number in 2..2 + CHANGES {
            graves.extend(change(&gate, number));
            // Else the changes would be over before the callers have begun.
            while tally.entered.load(Ordering::Relaxed) < CALLS_EACH * number {
                thread::yield_now();
            }
            if graves.len() > 64 {
                graves.pop_front();
            }
        }
        tally.stop.store(true, Ordering::Relaxed);
        // The end of the scope would not wait for their thread-locals.
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    });
    assert_eq!(tally.bad.into_inner(), 0);
    if counting {
        let said = tally.calls.map(AtomicU64::into_inner);
        assert_eq!(gate.current().1.counts(), (said, tally.alone.into_inner()));
    }
    assert_eq!(gate.inner.core.state().records.len(), 0);
}

fn far() -> Instant {
    Instant::now() + BUDGET
}

fn close(gate: &Gate<Value>, number: u64) -> Option<Arc<Value>> {
    let closed = gate.close(far()).unwrap();
    if number.is_multiple_of(4) {
        return None;
    }
    let (calls, alone) = closed.value().counts();
    closed.value().die();
    let old = closed.activate(number, Value::new(calls, alone));
    assert_eq!(Arc::strong_count(&old), 1);
    Some(old)
}

fn swap(gate: &Gate<Value>, number: u64) -> Option<Arc<Value>> {
    let before = gate.current().0;
    let old = gate.swap(number, Value::new([0; CALLERS], 0)).unwrap();
    gate.wait_left(before, far()).unwrap();
    assert_eq!(Arc::strong_count(&old), 1);
    old.die();
    Some(old)
}

fn mixed(gate: &Gate<Value>, number: u64) -> Option<Arc<Value>> {
    if number.is_multiple_of(2) { swap(gate, number) } else { close(gate, number) }
}

#[test]
fn closes_lose_no_update_with_fences() {
    stress(Form::fences(), true, close);
}

#[test]
fn closes_lose_no_update_in_the_asymmetric_form() {
    if let Some(form) = Form::asymmetric() {
        stress(form, true, close);
    }
}

#[test]
fn swaps_and_closes_with_fences() {
    stress(Form::fences(), false, mixed);
}

#[test]
fn swaps_and_closes_in_the_asymmetric_form() {
    if let Some(form) = Form::asymmetric() {
        stress(form, false, mixed);
    }
}
