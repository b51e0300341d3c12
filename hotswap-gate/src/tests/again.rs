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

/// A value whose end has the gate begin a new turn.
struct Last {
    gate: TestGateOf<Option<Self>>,
}

type TestGateOf<T> = Arc<Gate<T>>;

impl Drop for Last {
    fn drop(&mut self) {
        // Somebody is inside, so that nothing more comes of it.
        drop(self.gate.drain_open(Instant::now()));
    }
}

/// A thread that is inside until the sender is dropped.
fn inside_of<T: Send + Sync + 'static>(gate: &TestGateOf<T>) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (hold, held) = mpsc::channel::<()>();
    let (ready, is_ready) = mpsc::channel();
    let gate = Arc::clone(gate);
    let thread = thread::spawn(move || {
        let _entered = gate.enter(BUDGET).unwrap();
        ready.send(()).unwrap();
        let _ = held.recv();
    });
    is_ready.recv().unwrap();
    (hold, thread)
}

fn let_go<T>((hold, thread): (mpsc::Sender<T>, JoinHandle<()>)) {
    drop(hold);
    thread.join().unwrap();
}

#[test]
fn it_is_known_again_while_the_gate_forgets_an_older_turn_of_it() {
    let gate: TestGateOf<Option<Last>> = Arc::new(Gate::new("arcade", 0, Arc::new(None)));
    let next_turn = || assert!(gate.drain_open(Instant::now()).is_err());
    // The value that has an end is the first one that is forgotten, the other one is current on all
    // later turns, each of which has a caller.
    let last = Arc::new(Some(Last { gate: Arc::clone(&gate) }));
    drop(gate.swap(1, last).unwrap());
    let on_last = inside_of(&gate);
    drop(gate.swap(2, Arc::new(None)).unwrap());
    let mut on_turns: Vec<_> = (0..3)
        .map(|_| {
            let inside = inside_of(&gate);
            next_turn();
            inside
        })
        .collect();
    let newest = on_turns.pop().unwrap();
    let_go(on_turns.remove(0));
    next_turn();
    // Now both go at once: the destructor runs between them.
    let_go(on_last);
    on_turns.drain(..).for_each(let_go);
    next_turn();
    let stuck = gate.close(Instant::now()).expect_err("a caller is inside");
    assert_eq!(stuck.inside().len(), 1);
    let_go(newest);
    drop(gate.close(far()).unwrap());
    assert!(gate.inner.core.state().again.len() <= 1, "what nobody needs is not kept");
}
