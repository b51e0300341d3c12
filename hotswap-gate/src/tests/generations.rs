//! Which generation a caller is on, and how long it lives.

use super::*;

#[test]
fn a_swap_leaves_callers_on_the_old_one_and_keeps_it_for_them() {
    let gate = gate("arcade");
    let reader = gate.reader();
    let entered = reader.enter(BUDGET).unwrap();
    let old = Arc::downgrade(&gate.swap(2, module(2)).unwrap());
    assert_eq!(entered.number, 1);
    assert!(old.upgrade().is_some());
    assert_eq!(gate.enter(BUDGET).unwrap().number, 1, "a thread stays on its generation");
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(gate.enter(BUDGET).unwrap().number, 2);
            let stuck = gate.wait_left(1, Instant::now()).unwrap_err();
            assert_eq!(stuck.inside()[0].generation(), 1);
            assert!(matches!(why(gate.wait_left(2, far())), Why::Current));
        });
    });
    drop(entered);
    gate.wait_left(1, Instant::now()).unwrap();
    assert!(old.upgrade().is_none());
    assert_eq!(reader.enter(BUDGET).unwrap().number, 2);
    gate.wait_left(99, Instant::now()).unwrap();
}

#[test]
fn who_is_still_on_an_older_generation_keeps_nobody_from_closing() {
    let gate = gate("arcade");
    let late = guest(&gate, |gate| inside(gate, |number| assert_eq!(number, 1)));
    let old = Arc::downgrade(&gate.swap(2, module(2)).unwrap());
    for number in 3..6 {
        let closed = gate.close(far()).unwrap();
        // Whoever is called from the older one stays there, and waits for nobody.
        let (entered, it_has) = mpsc::channel();
        let again = Arc::clone(&gate);
        let late = &late;
        late.steps
            .send(Box::new(move || {
                inside(&again, |number| assert_eq!(number, 1));
                entered.send(()).unwrap();
            }))
            .unwrap();
        it_has.recv_timeout(BUDGET).unwrap();
        closed.activate(number, module(number));
        assert_eq!(gate.enter(BUDGET).unwrap().number, number);
        assert!(old.upgrade().is_some());
    }
    let stuck = gate.wait_left(1, Instant::now()).unwrap_err();
    assert_eq!(stuck.inside()[0].generation(), 1);
    late.release();
    gate.wait_left(1, far()).unwrap();
    assert!(old.upgrade().is_none());
}

#[test]
fn a_number_may_come_back_with_another_value() {
    let gate = gate("arcade");
    let reader = gate.reader();
    drop(reader.enter(BUDGET).unwrap());
    drop(gate.swap(2, module(2)).unwrap());
    drop(gate.swap(1, module(3)).unwrap());
    assert_eq!(reader.enter(BUDGET).unwrap().number, 3, "not the first one, which is gone");
    assert_eq!(reader.enter(BUDGET).unwrap().number(), 1);
}

#[test]
fn a_reader_stays_on_the_generation_its_thread_is_on() {
    let gate = gate("arcade");
    let (reader, moved) = (gate.reader(), gate.reader());
    let pin = gate.enter(BUDGET).unwrap();
    gate.swap(2, module(2)).unwrap();
    // It knows the new generation, from a thread that was on it.
    let moved = thread::spawn(move || {
        assert_eq!(moved.enter(BUDGET).unwrap().number, 2);
        moved
    });
    let moved: Reader<Module> = moved.join().unwrap();
    assert_eq!(moved.enter(BUDGET).unwrap().number, 1);
    assert_eq!(reader.enter(BUDGET).unwrap().number, 1);
    drop(pin);
    assert_eq!(moved.enter(BUDGET).unwrap().number, 2);
    assert_eq!(reader.enter(BUDGET).unwrap().number, 2);
}

#[test]
fn guards_may_be_dropped_in_any_order() {
    let gate = gate("arcade");
    let reader = gate.reader();
    let first = gate.enter(BUDGET).unwrap();
    let second = gate.enter(BUDGET).unwrap();
    let third = reader.enter(BUDGET).unwrap();
    drop(first);
    assert!(gate.is_inside());
    drop(second);
    assert!(gate.is_inside());
    assert_eq!(third.number, 1);
    drop(third);
    assert!(!gate.is_inside());
}

#[test]
fn an_unwinding_call_leaves() {
    let gate = gate("arcade");
    let nested = AssertUnwindSafe(|| {
        let _outer = gate.enter(BUDGET).unwrap();
        let inner = gate.enter(BUDGET).unwrap();
        let _alone = inner.exclusive().unwrap();
        resume_unwind(Box::new(()))
    });
    assert!(catch_unwind(nested).is_err());
    assert!(gate.enter(BUDGET).unwrap().exclusive().is_ok());
    drop(gate.close(Instant::now()).unwrap());
}

#[test]
fn an_idle_reader_delays_nobody_and_keeps_nothing() {
    let gate = gate("arcade");
    let reader = gate.reader();
    drop(reader.enter(BUDGET).unwrap());
    let old = gate.close(Instant::now()).unwrap().activate(2, module(2));
    assert_eq!(Arc::strong_count(&old), 1);
    let old = gate.swap(3, module(3)).unwrap();
    assert_eq!(Arc::strong_count(&old), 1);
    assert_eq!(reader.enter(BUDGET).unwrap().number, 3);
}
