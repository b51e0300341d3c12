//! Closing in short tries: who is waited for, and who waits.

use super::*;

const SHORT: Duration = Duration::from_millis(2);
/// For another thread to come to a closed gate.
const ENOUGH: Duration = Duration::from_millis(500);

/// Runs something on a thread of its own, until it waits for callers.
fn once_it_waits<R: Send + 'static>(
    gate: &TestGate,
    run: impl FnOnce(&TestGate) -> R + Send + 'static,
) -> JoinHandle<R> {
    let inner = Arc::clone(gate);
    let thread = thread::spawn(move || run(&inner));
    until_waiting(gate, 1);
    thread
}

fn kept_out(gate: &TestGate) -> usize {
    gate.inner.core.state().kept_out
}

#[test]
fn an_open_drain_waits_for_those_inside_and_for_nobody_else() {
    let gate = gate("arcade");
    let early = guest(&gate, |_| ());
    let drain = once_it_waits(&gate, |gate| gate.drain_open(far()));
    let late = guest(&gate, |_| ());
    assert_eq!(gate.enter(Duration::ZERO).unwrap().number, 1, "it is open");
    assert!(!drain.is_finished());
    early.release();
    drain.join().unwrap().unwrap();
    assert_eq!(gate.callers(1).len(), 1);
    late.release();
    assert!(gate.inner.leaving.lock().len() <= 1);
    drop(gate.close(Instant::now()).unwrap());
    assert!(gate.inner.leaving.lock().is_empty());
}

#[test]
fn who_leaves_and_comes_back_has_left() {
    let gate = gate("arcade");
    let (step, steps) = mpsc::channel::<()>();
    let (done, is_done) = mpsc::channel();
    let caller = {
        let gate = Arc::clone(&gate);
        thread::spawn(move || {
            let mut entered = gate.enter(BUDGET).unwrap();
            done.send(()).unwrap();
            for () in steps {
                drop(entered);
                entered = gate.enter(BUDGET).unwrap();
                done.send(()).unwrap();
            }
        })
    };
    is_done.recv().unwrap();
    let drain = once_it_waits(&gate, |gate| gate.drain_open(far()));
    step.send(()).unwrap();
    is_done.recv().unwrap();
    drain.join().unwrap().unwrap();
    drop(step);
    caller.join().unwrap();
}

#[test]
fn an_open_drain_names_those_who_stay() {
    let gate = gate("arcade");
    let begun = Instant::now();
    let guest = guest(&gate, |_| ());
    let inside = Instant::now();
    let stuck = gate.drain_open(Instant::now()).unwrap_err();
    assert!(stuck.are_inside());
    let [occupant] = stuck.inside() else { panic!("{stuck:?}") };
    assert_eq!((occupant.who().unwrap().name(), occupant.generation()), (Some("guest"), 1));
    assert!(occupant.noticed() >= inside && occupant.noticed().elapsed() <= begun.elapsed());
    guest.release();
    let entered = gate.enter(BUDGET).unwrap();
    assert!(matches!(why(gate.drain_open(far())), Why::OwnThread));
    drop(entered);
    gate.drain_open(Instant::now()).unwrap();
}

#[test]
fn an_open_drain_reaches_both_arms() {
    let gate = gate("arcade");
    gate.begin_canary(2, module(2), crate::Weight::ZERO, [0; 32]).unwrap();
    let canary = {
        let gate = Arc::clone(&gate);
        let (ready, is_ready) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            let entered = gate.preview(BUDGET).unwrap().unwrap();
            ready.send(()).unwrap();
            let _ = may_go.recv();
            drop(entered);
        });
        is_ready.recv().unwrap();
        (go, thread)
    };
    let stuck = gate.drain_open(Instant::now()).unwrap_err();
    assert_eq!(stuck.inside()[0].generation(), 2);
    assert_eq!(gate.canary().unwrap().0, 2);
    drop(canary.0);
    canary.1.join().unwrap();
    gate.drain_open(Instant::now()).unwrap();
}

#[test]
fn a_gate_is_not_closed_while_an_older_call_is_inside() {
    let gate = gate("arcade");
    let old = guest(&gate, |_| ());
    let closer = {
        let gate = Arc::clone(&gate);
        thread::spawn(move || {
            let give_up = Instant::now() + Duration::from_millis(30);
            let is_open = |_: &Stuck| assert!(gate.enter(Duration::ZERO).is_ok());
            why(gate.close_within(SHORT, give_up, is_open))
        })
    };
    while !closer.is_finished() {
        assert_eq!(gate.enter(Duration::ZERO).unwrap().number, 1);
    }
    assert!(matches!(closer.join().unwrap(), Why::Deadline));
    let closer = once_it_waits(&gate, |gate| {
        let is_open = |_: &Stuck| assert!(gate.enter(Duration::ZERO).is_ok());
        gate.close_within(SHORT, far(), is_open).unwrap().number()
    });
    old.release();
    assert_eq!(closer.join().unwrap(), 1);
}

/// A call that begins in the first step of a try, and is longer than the budget.
#[test]
fn whoever_is_kept_out_by_a_long_call_is_let_in_and_it_is_tried_again() {
    let gate = gate("arcade");
    let early = guest(&gate, |_| ());
    let (told, tell) = mpsc::channel();
    let (answer, answers) = mpsc::channel::<()>();
    let tries = Arc::new(AtomicU64::new(0));
    let tried = Arc::clone(&tries);
    let closer = once_it_waits(&gate, move |gate| {
        let again = |stuck: &Stuck| {
            tried.fetch_add(1, Ordering::Relaxed);
            told.send((stuck.clone(), kept_out(gate), gate.enter(Duration::ZERO).is_ok())).unwrap();
            answers.recv().unwrap();
        };
        let closed = gate.close_within(ENOUGH, far(), again).unwrap();
        drop(closed.activate(2, module(2)));
    });
    let long = guest(&gate, |_| ());
    early.release();
    let is_closing = || matches!(gate.inner.core.state().phase, Phase::Closing(_));
    until(|| is_closing() || tries.load(Ordering::Relaxed) != 0);
    let waiting: [_; 8] = std::array::from_fn(|_| {
        let gate = Arc::clone(&gate);
        thread::spawn(move || gate.enter(BUDGET).unwrap().number)
    });
    let (stuck, kept_out, is_open) = tell.recv().unwrap();
    assert!(stuck.are_inside() && stuck.waited() >= ENOUGH);
    assert_eq!(stuck.inside()[0].who().unwrap().id(), Some(long.thread.thread().id()));
    assert_eq!((kept_out, is_open), (0, true));
    let entered = waiting.map(|caller| caller.join().unwrap());
    assert_eq!(entered, [1; 8], "on the generation that was not replaced");
    long.release();
    answer.send(()).unwrap();
    drop(answer);
    closer.join().unwrap();
    assert!(tell.try_recv().is_err(), "once");
    assert_eq!(gate.enter(Duration::ZERO).unwrap().number, 2);
}

#[test]
fn a_closer_in_short_tries_waits_for_its_turn() {
    let gate = gate("arcade");
    let closed = gate.close(far()).unwrap();
    assert!(matches!(why(gate.close_within(SHORT, far(), |_| ())), Why::Busy(_)), "its own");
    thread::scope(|scope| {
        scope.spawn(|| {
            let soon = gate.close_within(SHORT, Instant::now() + SHORT, |_| ());
            assert!(matches!(why(soon), Why::Busy(_)));
        });
    });
    let other = {
        let gate = Arc::clone(&gate);
        thread::spawn(move || gate.close_within(SHORT, far(), |_| ()).unwrap().number())
    };
    closed.activate(2, module(2));
    assert_eq!(other.join().unwrap(), 2);
}

/// Two callers, one of whom is always inside: each leaves when the other one has come in after it.
fn relay(gate: &TestGate) -> [JoinHandle<()>; 2] {
    let (first, second) = (mpsc::channel(), mpsc::channel());
    let runner = |mut has_waited: bool, tell: mpsc::Sender<()>, told: mpsc::Receiver<()>| {
        let gate = Arc::clone(gate);
        thread::spawn(move || {
            while let Ok(entered) = gate.enter(BUDGET) {
                // The one that is inside first is not the one that the other has waited for.
                let is_heard = !mem::replace(&mut has_waited, true) || tell.send(()).is_ok();
                let goes_on = is_heard && told.recv().is_ok();
                drop(entered);
                if !goes_on {
                    break;
                }
            }
        })
    };
    [runner(false, first.0, second.1), runner(true, second.0, first.1)]
}

#[test]
fn a_budget_of_nothing_makes_no_closer_spin() {
    let gate = gate("arcade");
    let callers = relay(&gate);
    until(|| gate.callers(1).len() == 2);
    let mut tries = 0;
    let deadline = Instant::now() + Duration::from_millis(200);
    let closed = gate.close_within(Duration::ZERO, deadline, |_| tries += 1);
    assert!(closed.is_err());
    // Of rests that double from 1 ms on; each try may be told twice.
    assert!((1..=16).contains(&tries), "{tries} tries");
    gate.end();
    callers.into_iter().for_each(|caller| caller.join().unwrap());
}
