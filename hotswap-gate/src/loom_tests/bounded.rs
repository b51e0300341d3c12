//! Closing in short tries.

use super::*;

#[test]
fn an_open_drain_against_callers() {
    model(2, |gate| {
        let (early, other) = (gate.reader(), caller(&gate, 1));
        let early = thread::spawn(move || {
            let entered = early.enter(BUDGET).unwrap();
            alive(&entered);
            drop(entered);
        });
        gate.drain_open(far()).unwrap();
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(2, Witness::new(2));
        early.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_close_in_short_tries_against_a_caller() {
    model(3, |gate| {
        let caller = caller(&gate, 2);
        let closed = gate.close_within(BUDGET, far() + BUDGET, |_| ()).unwrap();
        closed.value().write(DEAD);
        let old = closed.activate(2, Witness::new(2));
        assert_eq!(Arc::strong_count(&old), 1);
        caller.join().unwrap();
    });
}

/// Who was kept out is inside before the gate closes again, however soon that is.
#[test]
fn a_caller_waits_for_one_try_at_most() {
    model(2, |gate| {
        let closed = gate.close(far()).unwrap();
        let caller = caller(&gate, 1);
        let is_waiting = gate.inner.core.state().kept_out == 1;
        drop(closed);
        gate.inner.core.await_let_in(far());
        let closed = gate.close(far()).unwrap();
        if is_waiting {
            // While the gate is closed: it does not wait any more.
            caller.join().unwrap();
        } else {
            drop(closed);
            caller.join().unwrap();
        }
    });
}
