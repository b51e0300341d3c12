//! Closing a gate, and what callers find meanwhile.

use super::*;

#[test]
fn a_deadline_names_who_is_inside() {
    let gate = Arc::new(Gate::new("arcade", 7, module(7)));
    let guest = guest(&gate, |_| ());
    let stuck = gate.close(Instant::now()).unwrap_err();
    assert!(matches!(stuck.why(), Why::Deadline));
    let [occupant] = stuck.inside() else { panic!("{stuck:?}") };
    let who = occupant.who().unwrap();
    assert_eq!(who.name(), Some("guest"));
    assert_eq!(who.id(), Some(guest.thread.thread().id()));
    assert_eq!((occupant.depth(), occupant.generation()), (1, 7));
    assert_eq!(gate.enter(Duration::ZERO).unwrap().number(), 7, "it is open again");
    guest.release();
    drop(gate.close(Instant::now()).unwrap());
}

#[test]
fn a_nested_call_while_closing_stays_on_the_old_generation() {
    let gate = gate("arcade");
    let guest = guest(&gate, |gate| {
        until_closing(gate);
        assert_eq!(gate.enter(Duration::ZERO).unwrap().number, 1);
        assert_eq!(gate.reader().enter(Duration::ZERO).unwrap().number, 1);
    });
    let closer = {
        let gate = Arc::clone(&gate);
        thread::spawn(move || drop(gate.close(far()).unwrap().activate(2, module(2))))
    };
    guest.release();
    closer.join().unwrap();
    assert_eq!(gate.enter(BUDGET).unwrap().number, 2);
}

#[test]
fn callers_wait_within_their_budget() {
    let gate = gate("arcade");
    let closed = gate.close(far()).unwrap();
    thread::scope(|scope| {
        for budget in [Duration::ZERO, Duration::from_millis(2)] {
            let gate = &gate;
            scope.spawn(move || match gate.enter(budget).map_err(|refused| *refused) {
                Err(Refused::Draining { waited }) => assert!(waited >= budget),
                other => panic!("{other:?}"),
            });
        }
    });
    drop(closed);
    assert!(gate.enter(Duration::ZERO).is_ok());
}

fn callers(gate: &TestGate) -> Vec<JoinHandle<Result<u64, Box<Refused>>>> {
    let by_gate = {
        let gate = Arc::clone(gate);
        thread::spawn(move || gate.enter(Duration::MAX).map(|entered| entered.number))
    };
    let reader = gate.reader();
    let by_reader = thread::spawn(move || reader.enter(BUDGET).map(|entered| entered.number));
    until_waiting(gate, 2);
    vec![by_gate, by_reader]
}

#[test]
fn waiting_callers_run_after_the_change() {
    let gate = gate("arcade");
    let closed = gate.close(far()).unwrap();
    let waiting = callers(&gate);
    let old = closed.activate(2, module(2));
    assert_eq!((old.number, Arc::strong_count(&old)), (1, 1));
    waiting.into_iter().for_each(|caller| assert_eq!(caller.join().unwrap().unwrap(), 2));
}

#[test]
fn waiting_callers_run_after_a_cancelled_close() {
    let gate = gate("arcade");
    let closed = gate.close(far()).unwrap();
    let waiting = callers(&gate);
    drop(closed);
    waiting.into_iter().for_each(|caller| assert_eq!(caller.join().unwrap().unwrap(), 1));
}

#[test]
fn an_ended_gate_refuses_everybody_and_can_be_drained() {
    let gate = gate("arcade");
    let closed = gate.close(far()).unwrap();
    let waiting = callers(&gate);
    gate.end();
    let ended = |entered: Result<u64, Box<Refused>>| {
        assert!(matches!(*entered.unwrap_err(), Refused::Ended));
    };
    waiting.into_iter().for_each(|caller| ended(caller.join().unwrap()));
    drop(closed);
    ended(gate.enter(BUDGET).map(|entered| entered.number));
    assert!(gate.is_ended());
    gate.close(Instant::now()).unwrap().end();
    ended(gate.enter(BUDGET).map(|entered| entered.number));
}

#[test]
fn those_inside_when_it_ends_finish() {
    let gate = gate("arcade");
    let outer = gate.enter(BUDGET).unwrap();
    gate.end();
    assert_eq!(gate.enter(BUDGET).unwrap().number, outer.number);
}

#[test]
fn a_closer_that_is_inside_never_waits() {
    let gate = gate("arcade");
    let entered = gate.enter(BUDGET).unwrap();
    assert!(gate.is_inside());
    assert!(matches!(why(gate.close(far())), Why::OwnThread));
    drop(entered);
    let reader = gate.reader();
    let entered = reader.enter(BUDGET).unwrap();
    assert!(gate.is_inside());
    assert!(matches!(why(gate.close(far())), Why::OwnThread));
    let old = gate.swap(2, module(2)).unwrap();
    assert!(matches!(why(gate.wait_left(1, far())), Why::OwnThread));
    assert_eq!(entered.number, 1);
    drop((entered, old));
    assert!(!gate.is_inside());
    gate.wait_left(1, far()).unwrap();
}

#[test]
fn one_closer_at_a_time() {
    let gate = gate("arcade");
    let closed = gate.close(far()).unwrap();
    assert!(matches!(why(gate.close(far())), Why::Busy(_)), "its own thread would wait for itself");
    assert!(matches!(gate.swap(2, module(2)), Err(Busy { .. })));
    thread::scope(|scope| {
        scope.spawn(|| assert!(matches!(why(gate.close(Instant::now())), Why::Busy(_))));
    });
    let other = {
        let gate = Arc::clone(&gate);
        thread::spawn(move || gate.close(far()).unwrap().number())
    };
    closed.activate(2, module(2));
    assert_eq!(other.join().unwrap(), 2);
}

/// Panics at its end.
struct Unstable;

impl Drop for Unstable {
    fn drop(&mut self) {
        panic!("at its end");
    }
}

#[test]
fn a_gate_does_not_stay_closed_where_the_end_of_an_older_value_panics() {
    let gate = Arc::new(Gate::new("arcade", 1, Arc::new(Some(Unstable))));
    let (go, may_go) = mpsc::channel::<()>();
    let (came, has_come) = mpsc::channel();
    let caller = {
        let gate = Arc::clone(&gate);
        thread::spawn(move || {
            let _entered = gate.enter(BUDGET).unwrap();
            came.send(()).unwrap();
            let _ = may_go.recv();
        })
    };
    has_come.recv().unwrap();
    drop(gate.swap(2, Arc::new(None)).unwrap());
    drop(go);
    caller.join().unwrap();
    let closed = catch_unwind(AssertUnwindSafe(|| gate.close(far()).map(drop)));
    assert!(closed.is_err(), "the gate has let go of it last");
    assert_eq!(gate.enter(Duration::ZERO).unwrap().number(), 2);
}
