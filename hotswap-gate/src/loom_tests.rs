//! The protocol under every interleaving that loom finds, with full fences in either form.
//!
//! CONTRIBUTING.md has the command. A generation's value is a cell that loom watches: callers read
//! it, and who has concluded that nobody is inside writes to it. One access at the wrong time and
//! loom reports the race.

#![expect(unsafe_code, reason = "the witness is a cell without a lock")]

mod bounded;
mod canary;
mod opening;

use std::sync::Arc;
use std::time::{Duration, Instant};

use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::thread;

use super::{Entered, Exclusion, Form, Gate, Guarded, Refused};

const BUDGET: Duration = Duration::from_secs(3600);

#[derive(Debug)]
struct Witness {
    cell: UnsafeCell<u64>,
    lock: Exclusion,
}

// SAFETY: that nobody reads the cell while it is written is what the models check.
unsafe impl Sync for Witness {}
// SAFETY: it is a number.
unsafe impl Send for Witness {}

impl Guarded for Witness {
    fn exclusion(&self) -> &Exclusion {
        &self.lock
    }
}

impl Witness {
    fn new(value: u64) -> Arc<Self> {
        Arc::new(Self { cell: UnsafeCell::new(value), lock: Exclusion::new() })
    }

    fn read(&self) -> u64 {
        // SAFETY: loom checks the access.
        self.cell.with(|value| unsafe { *value })
    }

    fn write(&self, new: u64) {
        // SAFETY: loom checks the access.
        self.cell.with_mut(|value| unsafe { *value = new });
    }
}

const DEAD: u64 = u64::MAX;

fn far() -> Instant {
    Instant::now() + BUDGET
}

fn alive(entered: &Entered<'_, Witness>) -> u64 {
    let value = entered.read();
    assert_ne!(value, DEAD, "a caller is on a generation that is over");
    value
}

fn model(preemptions: usize, check: impl Fn(Arc<Gate<Witness>>) + Send + Sync + 'static) {
    model_in(Form::of_process, preemptions, check);
}

fn model_in(
    form: fn() -> Form,
    preemptions: usize,
    check: impl Fn(Arc<Gate<Witness>>) + Send + Sync + 'static,
) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    builder.check(move || check(Arc::new(Gate::with_form(form(), "slot", 1, Witness::new(1)))));
}

/// A thread that enters by a reader that already knows generation 1, `times` times.
fn caller(gate: &Gate<Witness>, times: usize) -> thread::JoinHandle<()> {
    let reader = gate.reader();
    thread::spawn(move || {
        for _ in 0..times {
            alive(&reader.enter(BUDGET).unwrap());
        }
    })
}

#[test]
fn close_and_activate_against_callers() {
    model(3, |gate| {
        let caller = caller(&gate, 2);
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        let old = closed.activate(2, Witness::new(2));
        assert_eq!(Arc::strong_count(&old), 1);
        caller.join().unwrap();
    });
}

#[test]
fn close_against_two_callers() {
    model(2, |gate| {
        let callers = [caller(&gate, 1), caller(&gate, 1)];
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(2, Witness::new(2));
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    });
}

#[test]
fn what_a_caller_wrote_is_seen_by_the_closer_and_back() {
    model(3, |gate| {
        let reader = gate.reader();
        let caller = thread::spawn(move || {
            for _ in 0..2 {
                let entered = reader.enter(BUDGET).unwrap();
                entered.write(entered.read() + 1);
            }
        });
        let closed = gate.close(far()).unwrap();
        closed.value().write(closed.value().read() + 10);
        drop(closed);
        caller.join().unwrap();
        assert_eq!(gate.current().1.read(), 13);
    });
}

#[test]
fn swap_against_callers() {
    model(3, |gate| {
        let caller = caller(&gate, 2);
        let old = gate.swap(2, Witness::new(2)).unwrap();
        gate.wait_left(1, far()).unwrap();
        assert_eq!(Arc::strong_count(&old), 1);
        old.write(DEAD);
        caller.join().unwrap();
    });
}

/// The same of what a caller has written. In the fence form the quick way announces for nothing.
#[test]
fn what_a_caller_wrote_is_seen_by_who_swaps() {
    for form in [Form::of_process, Form::fences] {
        model_in(form, 3, |gate| {
            let reader = gate.reader();
            let caller = thread::spawn(move || {
                for _ in 0..2 {
                    let entered = reader.enter(BUDGET).unwrap();
                    entered.write(entered.read() + 1);
                }
            });
            let old = gate.swap(2, Witness::new(2)).unwrap();
            gate.wait_left(1, far()).unwrap();
            old.write(DEAD);
            caller.join().unwrap();
        });
    }
}

#[test]
fn close_and_activate_in_the_fence_form() {
    model_in(Form::fences, 3, |gate| {
        let caller = caller(&gate, 2);
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(2, Witness::new(2));
        caller.join().unwrap();
    });
}

/// A caller that may be on either generation: the closer has the new one for itself, and the old
/// one lives as long as somebody is on it.
#[test]
fn close_after_a_swap_against_a_caller() {
    model(3, |gate| {
        let caller = caller(&gate, 2);
        let old = gate.swap(2, Witness::new(2)).unwrap();
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(3, Witness::new(3));
        gate.wait_left(1, far()).unwrap();
        old.write(DEAD);
        caller.join().unwrap();
    });
}

/// The caller may be on either turn of the same value.
#[test]
fn close_of_what_is_current_again_against_a_caller() {
    model(2, |gate| {
        let caller = caller(&gate, 2);
        let first = gate.swap(2, Witness::new(2)).unwrap();
        drop(gate.swap(1, first).unwrap());
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(3, Witness::new(3));
        caller.join().unwrap();
    });
}

#[test]
fn swap_twice_against_a_caller() {
    model(2, |gate| {
        let caller = caller(&gate, 2);
        for number in 2..4 {
            let old = gate.swap(number, Witness::new(number)).unwrap();
            gate.wait_left(number - 1, far()).unwrap();
            old.write(DEAD);
        }
        caller.join().unwrap();
    });
}

#[test]
fn nested_calls_stay_and_do_not_wait() {
    model(3, |gate| {
        // In this order, so that the closer looks at the inner one first.
        let (inner, outer) = (gate.reader(), gate.reader());
        let caller = thread::spawn(move || {
            let first = outer.enter(BUDGET).unwrap();
            let value = alive(&first);
            // Another record of the same thread; left in the wrong order.
            let other = inner.enter(Duration::ZERO).unwrap();
            drop(first);
            assert_eq!(alive(&other), value);
        });
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(2, Witness::new(2));
        caller.join().unwrap();
    });
}

#[test]
fn the_last_guard_of_a_record_counts() {
    model(3, |gate| {
        let reader = gate.reader();
        let caller = thread::spawn(move || {
            let first = reader.enter(BUDGET).unwrap();
            let again = reader.enter(Duration::ZERO).unwrap();
            drop(first);
            alive(&again);
        });
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(2, Witness::new(2));
        caller.join().unwrap();
    });
}

#[test]
fn one_swaps_and_another_waits_for_the_old_one() {
    model(3, |gate| {
        let caller = caller(&gate, 1);
        let old = gate.current().1;
        let swapper = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || drop(gate.swap(2, Witness::new(2))))
        };
        if gate.wait_left(1, far()).is_ok() {
            old.write(DEAD);
        }
        swapper.join().unwrap();
        caller.join().unwrap();
    });
}

#[test]
fn a_record_of_one_call_is_kept_until_it_is_left() {
    model(3, |gate| {
        let caller = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                alive(&gate.enter(BUDGET).unwrap());
            })
        };
        drop(gate.close(far()).unwrap());
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(2, Witness::new(2));
        caller.join().unwrap();
        drop(gate.close(far()).unwrap());
        assert_eq!(gate.inner.core.state().records.len(), 0);
    });
}

#[test]
fn visits_with_a_call_inside_them() {
    model(3, |gate| {
        let reader = gate.reader();
        let caller = thread::spawn(move || {
            for _ in 0..2 {
                if let Some(visit) = reader.visit() {
                    assert_ne!(visit.read(), DEAD);
                    let inner = reader.enter(Duration::ZERO).unwrap();
                    drop(visit);
                    alive(&inner);
                } else {
                    alive(&reader.enter(BUDGET).unwrap());
                }
            }
        });
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(2, Witness::new(2));
        caller.join().unwrap();
    });
}

#[test]
fn a_cancelled_close_leaves_everybody_on_the_same_generation() {
    model(3, |gate| {
        let reader = gate.reader();
        let caller = thread::spawn(move || {
            for _ in 0..2 {
                assert_eq!(alive(&reader.enter(BUDGET).unwrap()), 1);
            }
        });
        // A deadline that has passed: stuck or quiet, as it comes.
        drop(gate.close(Instant::now()));
        caller.join().unwrap();
    });
}

#[test]
fn ending_reaches_callers_that_wait() {
    model(3, |gate| {
        let reader = gate.reader();
        let caller = thread::spawn(move || match reader.enter(BUDGET) {
            Ok(entered) => {
                alive(&entered);
            }
            Err(refused) => assert!(matches!(*refused, Refused::Ended)),
        });
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.end();
        caller.join().unwrap();
    });
}

#[test]
fn two_closers_take_turns() {
    model(2, |gate| {
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let closed = gate.close(far()).unwrap();
                closed.value().write(closed.value().read() + 1);
            })
        };
        let closed = gate.close(far()).unwrap();
        closed.value().write(closed.value().read() + 1);
        drop(closed);
        other.join().unwrap();
        assert_eq!(gate.current().1.read(), 3);
    });
}

#[test]
fn exclusive_and_shared_calls() {
    model(2, |gate| {
        let writers = [gate.reader(), gate.reader()].map(|reader| {
            thread::spawn(move || {
                let entered = reader.enter(BUDGET).unwrap();
                let _alone = entered.exclusive().unwrap();
                entered.write(entered.read() + 1);
            })
        });
        let entered = gate.enter(BUDGET).unwrap();
        {
            let _shared = entered.shared().unwrap();
            entered.read();
        }
        drop(entered);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        assert_eq!(gate.current().1.read(), 3);
    });
}
