//! A value that is current again, while callers of its first turn are still on it.

use super::*;

/// Another value comes, and the first one comes back.
fn there_and_back(gate: &TestGate, first: &Arc<Module>) {
    drop(gate.swap(2, module(2)).unwrap());
    drop(gate.swap(1, Arc::clone(first)).unwrap());
}

#[test]
fn it_is_closed_when_those_of_its_first_turn_have_left() {
    let gate = gate("arcade");
    let first = gate.current().1;
    let early = guest(&gate, |gate| inside(gate, |number| assert_eq!(number, 1)));
    for _ in 0..3 {
        there_and_back(&gate, &first);
        let late = guest(&gate, |_| ());
        let stuck = gate.close(Instant::now()).unwrap_err();
        let inside: Vec<_> = stuck.inside().iter().map(|it| it.generation()).collect();
        assert_eq!((inside, gate.callers(1).len()), (vec![1, 1], 2));
        late.release();
        assert_eq!(gate.close(Instant::now()).unwrap_err().inside().len(), 1);
    }
    early.release();
    drop(first);
    let closed = gate.close(far()).unwrap();
    let old = Arc::downgrade(&closed.activate(3, module(3)));
    assert!(old.upgrade().is_none());
    assert!(gate.inner.core.state().again.is_empty(), "what nobody needs is not kept");
}

#[test]
fn it_is_left_when_those_of_both_turns_have_left() {
    let gate = gate("arcade");
    let first = gate.current().1;
    let early = guest(&gate, |_| ());
    there_and_back(&gate, &first);
    let late = guest(&gate, |_| ());
    drop((gate.swap(3, module(3)).unwrap(), first));
    for guest in [early, late] {
        assert!(gate.wait_left(1, Instant::now()).is_err());
        guest.release();
    }
    gate.wait_left(1, far()).unwrap();
    assert!(gate.inner.core.state().again.is_empty());
}

#[test]
fn a_cycle_leads_through_its_lock_on_whatever_turn_it_is_held() {
    let (a, b) = (gate("a"), gate("b"));
    let first = a.current().1;
    let in_a = a.enter(BUDGET).unwrap();
    let lock_a = in_a.exclusive().unwrap();
    there_and_back(&a, &first);
    let other = {
        let (a, b) = (Arc::clone(&a), Arc::clone(&b));
        thread::spawn(move || {
            let in_b = b.enter(BUDGET).unwrap();
            let _lock_b = in_b.exclusive().unwrap();
            drop(a.enter(BUDGET).unwrap().exclusive().unwrap());
        })
    };
    until_waiting(&a, 1);
    let refused = b.enter(BUDGET).unwrap().exclusive().map(drop);
    let LockError::Cycle(cycle) = *refused.unwrap_err() else { panic!("no cycle") };
    assert_eq!(cycle.to_string(), "b -> a -> b");
    drop(lock_a);
    other.join().unwrap();
}
