//! Tasks that wait for a gate to open.

use std::task::{Context, Poll, Wake, Waker};

use super::*;
use crate::Waiting;

/// Counts how often it was woken.
#[derive(Default)]
struct Bell {
    rung: AtomicU64,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.fetch_add(1, Ordering::Relaxed);
    }
}

/// A task that wants to enter.
struct Task {
    bell: Arc<Bell>,
    waiting: Waiting,
}

impl Task {
    fn new() -> Self {
        Self { bell: Arc::default(), waiting: Waiting::of_caller() }
    }

    fn poll(&mut self, gate: &TestGate) -> Poll<Result<u64, Refused>> {
        let waker = Waker::from(Arc::clone(&self.bell));
        let entered = gate.poll_enter(&mut self.waiting, &Context::from_waker(&waker));
        entered.map(|entered| entered.map(|it| it.number).map_err(|refused| *refused))
    }

    fn rung(&self) -> u64 {
        self.bell.rung.load(Ordering::Relaxed)
    }

    #[track_caller]
    fn enters(&mut self, gate: &TestGate, number: u64) {
        assert!(matches!(self.poll(gate), Poll::Ready(Ok(it)) if it == number));
    }
}

fn wakers(gate: &TestGate) -> usize {
    gate.inner.core.state().wakers.len()
}

#[test]
fn a_task_enters_an_open_gate_at_once() {
    let (gate, mut task) = (gate("arcade"), Task::new());
    task.enters(&gate, 1);
    assert_eq!((task.rung(), wakers(&gate), gate.is_inside()), (0, 0, false));
}

#[test]
fn a_task_is_woken_when_the_gate_opens() {
    let gate = gate("arcade");
    let mut tasks = [Task::new(), Task::new()];
    let closed = gate.close(far()).unwrap();
    for task in &mut tasks {
        assert!(task.poll(&gate).is_pending());
        // Polled again, as when another branch of a `select` wakes the task.
        assert!(task.poll(&gate).is_pending());
    }
    assert_eq!(wakers(&gate), 2, "one place a task");
    closed.activate(2, module(2));
    assert_eq!(wakers(&gate), 0);
    for mut task in tasks {
        assert_eq!(task.rung(), 1);
        task.enters(&gate, 2);
    }
    let mut task = Task::new();
    let closed = gate.close(far()).unwrap();
    assert!(task.poll(&gate).is_pending());
    drop(closed);
    assert_eq!(task.rung(), 1, "a close that is given up opens as well");
    // Closed again before the task comes.
    let closed = gate.close(far()).unwrap();
    assert!(task.poll(&gate).is_pending());
    drop(closed);
    assert_eq!(task.rung(), 2);
    task.enters(&gate, 2);
}

#[test]
fn the_last_waker_of_a_task_counts() {
    let (gate, mut task) = (gate("arcade"), Task::new());
    let closed = gate.close(far()).unwrap();
    assert!(task.poll(&gate).is_pending());
    let moved = mem::take(&mut task.bell);
    assert!(task.poll(&gate).is_pending());
    drop(closed);
    assert_eq!((task.rung(), moved.rung.load(Ordering::Relaxed)), (1, 0));
}

#[test]
fn a_task_is_woken_when_the_gate_ends() {
    let gate = gate("arcade");
    let closed = gate.close(far()).unwrap();
    let mut tasks = [Task::new(), Task::new()];
    assert!(tasks[0].poll(&gate).is_pending());
    gate.end();
    assert_eq!(tasks[0].rung(), 1, "at once, and not when the closer lets go");
    for task in &mut tasks {
        assert!(matches!(task.poll(&gate), Poll::Ready(Err(Refused::Ended))));
    }
    assert_eq!(wakers(&gate), 0);
    drop(closed);
}

#[test]
fn a_task_that_is_dropped_takes_its_waker_out() {
    let gate = gate("arcade");
    let closed = gate.close(far()).unwrap();
    let (mut gone, mut stays) = (Task::new(), Task::new());
    assert!(gone.poll(&gate).is_pending() && stays.poll(&gate).is_pending());
    let bell = Arc::clone(&gone.bell);
    drop(gone);
    assert_eq!((wakers(&gate), Arc::strong_count(&bell)), (1, 1));
    drop(closed);
    assert_eq!((bell.rung.load(Ordering::Relaxed), stays.rung()), (0, 1));
}

#[test]
fn a_task_waits_for_one_gate_at_a_time() {
    let (a, b) = (gate("a"), gate("b"));
    let closed = [a.close(far()).unwrap(), b.close(far()).unwrap()];
    let mut task = Task::new();
    assert!(task.poll(&a).is_pending());
    assert!(task.poll(&b).is_pending());
    assert_eq!((wakers(&a), wakers(&b)), (0, 1));
    drop(closed);
    assert_eq!(task.rung(), 1);
    task.enters(&b, 1);
}

#[test]
fn a_task_on_a_thread_that_is_inside_does_not_wait() {
    let gate = gate("arcade");
    let guest = guest(&gate, |gate| {
        until_closing(gate);
        Task::new().enters(gate, 1);
    });
    let closer = {
        let gate = Arc::clone(&gate);
        thread::spawn(move || drop(gate.close(far()).unwrap()))
    };
    guest.release();
    closer.join().unwrap();
}

#[test]
fn a_waker_may_call_the_slot() {
    struct Calls(TestGate);

    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            drop(self.0.enter(BUDGET).unwrap());
        }
    }

    impl Drop for Calls {
        fn drop(&mut self) {
            assert!(!self.0.is_inside());
        }
    }

    let gate = gate("arcade");
    let closed = gate.close(far()).unwrap();
    let mut waiting = Waiting::of_caller();
    for _ in 0..2 {
        let waker = Waker::from(Arc::new(Calls(Arc::clone(&gate))));
        assert!(gate.poll_enter(&mut waiting, &Context::from_waker(&waker)).is_pending());
    }
    drop(closed);
    let waker = Waker::from(Arc::new(Calls(Arc::clone(&gate))));
    let context = Context::from_waker(&waker);
    let closed = gate.close(far()).unwrap();
    assert!(gate.poll_enter(&mut waiting, &context).is_pending());
    drop(waiting);
    drop(closed);
}

#[test]
fn a_key_is_polled_with_its_point() {
    let gate = gate("arcade");
    gate.begin_canary(2, module(2), crate::Weight::from_parts(1), [0; 32]).unwrap();
    let context = Context::from_waker(Waker::noop());
    for point in [0, 1] {
        let entered = gate.poll_enter_for(|_| point, &mut Waiting::of_caller(), &context);
        let Poll::Ready(Ok(entered)) = entered else { panic!("{entered:?}") };
        assert_eq!(entered.number, if point == 0 { 2 } else { 1 });
    }
}

/// A waker that is lost leaves its thread parked, and the test without an end.
#[test]
fn no_task_misses_an_opening() {
    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    const CLOSES: u64 = 500;
    let gate = gate("arcade");
    let ended = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let waker = Waker::from(Arc::new(Unpark(thread::current())));
                let context = Context::from_waker(&waker);
                let mut waiting = Waiting::of_caller();
                loop {
                    match gate.poll_enter(&mut waiting, &context) {
                        Poll::Pending => thread::park(),
                        // A closer should not wait for slices.
                        Poll::Ready(Ok(_)) => thread::yield_now(),
                        Poll::Ready(Err(_)) => break,
                    }
                }
                ended.fetch_add(1, Ordering::Relaxed);
            });
        }
        for number in 2..CLOSES {
            let closed = gate.close(far()).unwrap();
            thread::yield_now();
            drop(closed.activate(number, module(number)));
        }
        gate.end();
    });
    assert_eq!(ended.into_inner(), 4);
}

#[test]
fn a_place_may_go_to_another_thread() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Waiting>();
}

/// Panics when it is woken.
struct Broken;

impl Wake for Broken {
    fn wake(self: Arc<Self>) {
        panic!("it does not wake");
    }
}

#[test]
fn a_waker_that_panics_keeps_no_other_task_waiting() {
    let gate = gate("arcade");
    let (mut first, mut broken, mut last) = (Task::new(), Waiting::of_caller(), Task::new());
    let closed = gate.close(far()).unwrap();
    assert!(first.poll(&gate).is_pending());
    let waker = Waker::from(Arc::new(Broken));
    assert!(gate.poll_enter(&mut broken, &Context::from_waker(&waker)).is_pending());
    assert!(last.poll(&gate).is_pending());
    assert_eq!(closed.activate(2, module(2)).number, 1, "whoever opens it goes on");
    assert_eq!((first.rung(), last.rung()), (1, 1));
    last.enters(&gate, 2);
}

/// Panics when it is dropped.
struct Fragile;

impl Wake for Fragile {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("it does not go quietly");
    }
}

#[test]
fn a_waker_whose_drop_panics_leaves_none_behind() {
    let (gate, mut task) = (gate("arcade"), Task::new());
    let closed = gate.close(far()).unwrap();
    let waker = Waker::from(Arc::new(Fragile));
    assert!(gate.poll_enter(&mut task.waiting, &Context::from_waker(&waker)).is_pending());
    drop(waker);
    let polled = catch_unwind(AssertUnwindSafe(|| task.poll(&gate).is_pending()));
    assert!(polled.is_err());
    assert_eq!(wakers(&gate), 1);
    drop(task);
    assert_eq!(wakers(&gate), 0);
    drop(closed);
}
