//! A canary that begins and is settled, against callers of every kind.

use super::*;
use crate::{Arm, Reader, Salt, Weight};

const HALF: Weight = Weight::from_parts(1 << 31);

fn begin(gate: &Gate<Witness>) {
    gate.begin_canary(2, Witness::new(2), HALF, [0; 32]).unwrap();
}

/// A key whose point leads to an arm.
fn to(arm: Arm) -> impl Fn(&Salt) -> u32 {
    move |_| if arm == Arm::Canary { 0 } else { u32::MAX }
}

/// Settles, and has what lost as soon as it is left.
fn settle(gate: &Gate<Witness>, on: Arm) {
    let (lost, value) = gate.settle(on).unwrap();
    gate.wait_left(lost, far()).unwrap();
    assert_eq!(Arc::strong_count(&value), 1);
    value.write(DEAD);
}

/// A thread that enters once for each of these arms: first by the roster, then by what it knows.
fn keys<const N: usize>(reader: Reader<Witness>, arms: [Arm; N]) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for arm in arms {
            alive(&reader.enter_for(to(arm), BUDGET).unwrap());
        }
    })
}

#[test]
fn begin_against_a_caller() {
    model(3, |gate| {
        let caller = keys(gate.reader(), [Arm::Canary; 2]);
        begin(&gate);
        caller.join().unwrap();
        settle(&gate, Arm::Canary);
    });
}

#[test]
fn rollback_against_a_caller() {
    model(3, |gate| {
        begin(&gate);
        let caller = keys(gate.reader(), [Arm::Stable, Arm::Canary]);
        settle(&gate, Arm::Stable);
        caller.join().unwrap();
    });
}

#[test]
fn promotion_against_a_caller() {
    model(3, |gate| {
        begin(&gate);
        let caller = keys(gate.reader(), [Arm::Canary, Arm::Stable]);
        settle(&gate, Arm::Canary);
        caller.join().unwrap();
    });
}

#[test]
fn begin_and_rollback_against_a_caller() {
    model(2, |gate| {
        let caller = keys(gate.reader(), [Arm::Canary; 3]);
        begin(&gate);
        settle(&gate, Arm::Stable);
        caller.join().unwrap();
    });
}

#[test]
fn rollback_against_a_caller_on_each_arm() {
    model(2, |gate| {
        begin(&gate);
        let callers = [Arm::Stable, Arm::Canary].map(|arm| keys(gate.reader(), [arm; 1]));
        settle(&gate, Arm::Stable);
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    });
}

/// Who waits for an arm, and then changes what callers of that arm have written, has seen it.
#[test]
fn what_was_written_on_an_arm_is_seen_by_whoever_waits_for_it() {
    model(3, |gate| {
        begin(&gate);
        let reader = gate.reader();
        let caller = thread::spawn(move || {
            for arm in [Arm::Canary, Arm::Stable] {
                let entered = reader.enter_for(to(arm), BUDGET).unwrap();
                entered.write(entered.read() + 10);
            }
        });
        let (lost, value) = gate.settle(Arm::Stable).unwrap();
        gate.wait_left(lost, far()).unwrap();
        value.write(value.read() + 100);
        caller.join().unwrap();
    });
}

#[test]
fn nested_entries_are_on_one_arm() {
    for arm in [Arm::Stable, Arm::Canary] {
        model(2, move |gate| {
            let (inner, outer) = (gate.reader(), gate.reader());
            begin(&gate);
            let caller = {
                let gate = Arc::clone(&gate);
                thread::spawn(move || {
                    drop(inner.enter_for(to(Arm::Stable), BUDGET).unwrap());
                    let first = outer.enter_for(to(arm), BUDGET).unwrap();
                    let value = alive(&first);
                    let other = inner.enter_for(to(Arm::Stable), Duration::ZERO).unwrap();
                    assert_eq!(alive(&other), value);
                    drop(first);
                    let seat = gate.enter_for(to(Arm::Canary), Duration::ZERO).unwrap();
                    drop(other);
                    assert_eq!(alive(&seat), value);
                })
            };
            settle(&gate, if arm == Arm::Canary { Arm::Stable } else { Arm::Canary });
            caller.join().unwrap();
        });
    }
}

#[test]
fn previews_against_a_rollback() {
    model(3, |gate| {
        begin(&gate);
        let caller = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                if let Some(preview) = gate.preview(BUDGET).unwrap() {
                    assert_eq!(alive(&preview), 2);
                }
            })
        };
        settle(&gate, Arm::Stable);
        caller.join().unwrap();
    });
}

#[test]
fn a_close_has_both_arms_for_itself() {
    model(2, |gate| {
        begin(&gate);
        let caller = keys(gate.reader(), [Arm::Canary, Arm::Stable]);
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        let canary = gate.canary().unwrap().1;
        canary.write(canary.read() + 1);
        drop(canary);
        closed.activate(3, Witness::new(3));
        caller.join().unwrap();
    });
}

#[test]
fn a_close_after_a_rollback_against_a_caller() {
    model(2, |gate| {
        begin(&gate);
        let caller = keys(gate.reader(), [Arm::Stable, Arm::Canary]);
        let (_, lost) = gate.settle(Arm::Stable).unwrap();
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(3, Witness::new(3));
        gate.wait_left(2, far()).unwrap();
        lost.write(DEAD);
        caller.join().unwrap();
    });
}

/// Whoever is on it by an earlier turn is waited for as well.
#[test]
fn a_close_has_a_canary_that_has_come_back_for_itself() {
    for on in [Arm::Stable, Arm::Canary] {
        model(2, move |gate| {
            let stable = gate.current().1;
            begin(&gate);
            let canary = gate.canary().unwrap().1;
            let caller =
                keys(gate.reader(), [if on == Arm::Stable { Arm::Canary } else { Arm::Stable }]);
            gate.settle(on).unwrap();
            let back = if on == Arm::Stable { canary } else { stable };
            gate.begin_canary(3, Arc::clone(&back), HALF, [0; 32]).unwrap();
            let closed = gate.close(far()).unwrap();
            back.write(back.read() + 10);
            drop(closed);
            caller.join().unwrap();
        });
    }
}

#[test]
fn an_open_drain_beside_a_canary() {
    model(2, |gate| {
        begin(&gate);
        let caller = keys(gate.reader(), [Arm::Canary, Arm::Stable]);
        gate.drain_open(far()).unwrap();
        settle(&gate, Arm::Stable);
        caller.join().unwrap();
    });
}
