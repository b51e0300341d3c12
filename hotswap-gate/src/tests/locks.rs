//! The lock of an instance.

use super::*;

#[test]
fn calls_that_exclude_each_other_on_one_thread_are_reentrant() {
    let gate = gate("arcade");
    let reader = gate.reader();
    let (a, b) = (gate.enter(BUDGET).unwrap(), reader.enter(BUDGET).unwrap());
    let again = gate.enter(BUDGET).unwrap();
    let alone = a.exclusive().unwrap();
    for other in [&a, &b, &again] {
        assert!(matches!(*other.shared().unwrap_err(), LockError::Reentrant));
        assert!(matches!(*other.exclusive().unwrap_err(), LockError::Reentrant));
    }
    drop(alone);
    let shared = a.shared().unwrap();
    for other in [&a, &b, &again] {
        assert!(matches!(*other.exclusive().unwrap_err(), LockError::Reentrant));
        assert!(other.shared().is_ok());
    }
    drop(shared);
    drop(b.exclusive().unwrap());
    let frame = b.into_exclusive().unwrap();
    assert!(matches!(*a.shared().unwrap_err(), LockError::Reentrant));
    drop(frame);
    assert!(a.exclusive().is_ok());
}

#[test]
fn sharing_again_does_not_wait_behind_a_queued_writer() {
    let gate = gate("arcade");
    let reader = gate.reader();
    let (a, b) = (gate.enter(BUDGET).unwrap(), reader.enter(BUDGET).unwrap());
    let shared = a.shared().unwrap();
    let writer = {
        let gate = Arc::clone(&gate);
        thread::spawn(move || drop(gate.enter(BUDGET).unwrap().exclusive().unwrap()))
    };
    until_waiting(&gate, 1);
    let by_other_record = b.shared().unwrap();
    let by_same_record = a.shared().unwrap();
    drop(shared);
    drop(by_same_record);
    assert_eq!(waiting(&gate.inner.core), 1, "the other record still shares it");
    drop(by_other_record);
    writer.join().unwrap();
}

#[test]
fn a_new_reader_does_wait_behind_a_queued_writer() {
    let gate = gate("arcade");
    let entered = gate.enter(BUDGET).unwrap();
    let shared = entered.shared().unwrap();
    let order = Arc::new(AtomicU64::new(0));
    let spawn = |exclusive: bool| {
        let (gate, order) = (Arc::clone(&gate), Arc::clone(&order));
        thread::spawn(move || {
            let entered = gate.enter(BUDGET).unwrap();
            if exclusive {
                let _alone = entered.exclusive().unwrap();
                order.fetch_add(1, Ordering::Relaxed)
            } else {
                let _shared = entered.shared().unwrap();
                order.fetch_add(1, Ordering::Relaxed)
            }
        })
    };
    let writer = spawn(true);
    until_waiting(&gate, 1);
    let reader = spawn(false);
    until_waiting(&gate, 2);
    drop(shared);
    assert_eq!((writer.join().unwrap(), reader.join().unwrap()), (0, 1));
}

#[test]
fn a_busy_thread_hands_the_lock_over() {
    let gate = gate("arcade");
    let entered = gate.enter(BUDGET).unwrap();
    let mut alone = entered.exclusive().unwrap();
    let turns = Arc::new(AtomicU64::new(0));
    let waiter = {
        let (gate, turns) = (Arc::clone(&gate), Arc::clone(&turns));
        thread::spawn(move || {
            let entered = gate.enter(BUDGET).unwrap();
            let _alone = entered.exclusive().unwrap();
            turns.fetch_add(1, Ordering::Relaxed);
        })
    };
    until_waiting(&gate, 1);
    for _ in 0..=Graph::PATIENCE {
        drop(alone);
        alone = entered.exclusive().unwrap();
    }
    assert_eq!(turns.load(Ordering::Relaxed), 1);
    waiter.join().unwrap();
}

#[test]
fn an_abandoned_instance_refuses_until_it_is_let_go() {
    let gate = gate("arcade");
    let entered = gate.enter(BUDGET).unwrap();
    entered.lock.abandon();
    assert!(!entered.lock.is_abandoned(), "nobody holds it");
    let alone = entered.exclusive().unwrap();
    let waiters = [true, false].map(|exclusive| {
        let gate = Arc::clone(&gate);
        thread::spawn(move || {
            let entered = gate.enter(BUDGET).unwrap();
            if exclusive { entered.exclusive().map(drop) } else { entered.shared().map(drop) }
        })
    });
    until_waiting(&gate, 2);
    entered.lock.abandon();
    for waiter in waiters {
        assert!(matches!(*waiter.join().unwrap().unwrap_err(), LockError::Abandoned));
    }
    let newcomer = || gate.enter(BUDGET).unwrap().shared().map(drop);
    thread::scope(|scope| {
        let newcomer = scope.spawn(newcomer).join().unwrap();
        assert!(matches!(*newcomer.unwrap_err(), LockError::Abandoned));
        drop(alone);
        scope.spawn(newcomer_is_fine(&gate));
    });
    assert!(!entered.lock.is_abandoned());
}

fn newcomer_is_fine(gate: &TestGate) -> impl FnOnce() + Send {
    move || drop(gate.enter(BUDGET).unwrap().exclusive().unwrap())
}
