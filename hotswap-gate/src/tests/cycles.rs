//! Waits that would never end.

use super::*;

/// The guest is inside `a` and waits for the lock of `b`, which the current thread has.
fn guest_waits_for_b(a: &TestGate, b: &TestGate) -> Stage {
    let guest = {
        let b = Arc::clone(b);
        guest(a, |_| ()).then(move || drop(b.enter(BUDGET).unwrap().exclusive().unwrap()))
    };
    until_waiting(b, 1);
    guest
}

#[test]
fn two_threads_that_lock_two_slots_crosswise() {
    let (a, b) = (gate("a"), gate("b"));
    let in_a = a.enter(BUDGET).unwrap();
    let lock_a = in_a.exclusive().unwrap();
    let other = {
        let (a, b) = (Arc::clone(&a), Arc::clone(&b));
        thread::spawn(move || {
            let in_b = b.enter(BUDGET).unwrap();
            let _lock_b = in_b.exclusive().unwrap();
            let in_a = a.enter(BUDGET).unwrap();
            drop(in_a.exclusive().unwrap());
        })
    };
    until_waiting(&a, 1);
    let in_b = b.enter(BUDGET).unwrap();
    for refused in [in_b.exclusive().map(drop), in_b.shared().map(drop)] {
        let LockError::Cycle(cycle) = *refused.unwrap_err() else { panic!("no cycle") };
        assert_eq!(cycle.slots().collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(cycle.to_string(), "b -> a -> b");
    }
    drop(lock_a);
    other.join().unwrap();
    drop(in_b.exclusive().unwrap());
}

#[test]
fn who_is_needed_by_those_inside_is_let_in_while_the_gate_closes() {
    let (a, b) = (gate("a"), gate("b"));
    let in_b = b.enter(BUDGET).unwrap();
    let lock_b = in_b.exclusive().unwrap();
    let guest = guest_waits_for_b(&a, &b);
    let closer = {
        let a = Arc::clone(&a);
        thread::spawn(move || drop(a.close(far()).unwrap().activate(2, module(2))))
    };
    until_closing(&a);
    // The closer waits for the guest, the guest for the lock, and we for the closer.
    assert_eq!(a.enter(BUDGET).unwrap().number, 1);
    drop(lock_b);
    guest.release();
    closer.join().unwrap();
    assert_eq!(a.enter(BUDGET).unwrap().number, 2);
}

#[test]
fn who_waits_at_a_closing_gate_is_let_in_when_it_becomes_needed() {
    let (a, b) = (gate("a"), gate("b"));
    let guest = guest(&a, |_| ());
    let closer = {
        let a = Arc::clone(&a);
        thread::spawn(move || drop(a.close(far()).unwrap().activate(2, module(2))))
    };
    until_waiting(&a, 1);
    let holder = {
        let (a, b) = (Arc::clone(&a), Arc::clone(&b));
        thread::spawn(move || {
            let in_b = b.enter(BUDGET).unwrap();
            let _lock_b = in_b.exclusive().unwrap();
            a.enter(BUDGET).unwrap().number
        })
    };
    until_waiting(&a, 2);
    // Only now does the guest need what the holder has.
    let locks_b = {
        let b = Arc::clone(&b);
        move || drop(b.enter(BUDGET).unwrap().exclusive().unwrap())
    };
    guest.then(locks_b).release();
    assert_eq!(holder.join().unwrap(), 1);
    closer.join().unwrap();
}

#[test]
fn a_cycle_through_a_quiet_gate_and_a_lock_is_refused() {
    let (a, b) = (gate("a"), gate("b"));
    let in_b = b.enter(BUDGET).unwrap();
    let lock_b = in_b.exclusive().unwrap();
    let closer = {
        let (a, b) = (Arc::clone(&a), Arc::clone(&b));
        thread::spawn(move || {
            let closed = a.close(far()).unwrap();
            // As a snapshot would that calls another slot.
            drop(b.enter(BUDGET).unwrap().exclusive().unwrap());
            drop(closed);
        })
    };
    until_waiting(&b, 1);
    let refused = a.enter(BUDGET).map(|entered| entered.number);
    let Refused::Cycle(cycle) = *refused.unwrap_err() else { panic!("no cycle") };
    assert_eq!(cycle.slots().collect::<Vec<_>>(), ["a", "b"]);
    drop(lock_b);
    closer.join().unwrap();
}

#[test]
fn who_closed_a_gate_does_not_wait_at_it() {
    let gate = gate("a");
    let closed = gate.close(far()).unwrap();
    let refused = gate.enter(BUDGET).map(|entered| entered.number);
    let Refused::Cycle(cycle) = *refused.unwrap_err() else { panic!("no cycle") };
    assert_eq!(cycle.to_string(), "a -> a");
    drop(closed);
}

#[test]
fn a_closer_that_holds_what_those_inside_need_gives_up() {
    let (a, b) = (gate("a"), gate("b"));
    let in_b = b.enter(BUDGET).unwrap();
    let lock_b = in_b.exclusive().unwrap();
    let guest = guest_waits_for_b(&a, &b);
    let Why::Cycle(cycle) = why(a.close(far())) else { panic!("it should see the cycle") };
    assert_eq!(cycle.slots().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(a.enter(BUDGET).unwrap().number, 1, "it is open again");
    drop(lock_b);
    guest.release();
}
