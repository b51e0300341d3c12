//! Tasks that wait for a gate to open.

use std::task::{Context, Poll, Wake, Waker};

use super::*;
use crate::Waiting;
use crate::sync::{Condvar, Mutex};

/// Blocks its thread until it is rung. loom finds a thread that is never woken.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock() = true;
        self.changed.notify_all();
    }
}

impl Bell {
    fn wait(&self) {
        let mut rung = self.rung.lock();
        while !*rung {
            self.changed.wait(&mut rung);
        }
        *rung = false;
    }
}

/// Enters as a task does, on a thread of its own. `None` when the gate has ended.
fn enter(gate: &Gate<Witness>) -> Option<u64> {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let context = Context::from_waker(&waker);
    let mut waiting = Waiting::of_caller();
    loop {
        match gate.poll_enter(&mut waiting, &context) {
            Poll::Pending => bell.wait(),
            Poll::Ready(entered) => return entered.ok().map(|entered| alive(&entered)),
        }
    }
}

fn task(gate: &Arc<Gate<Witness>>) -> thread::JoinHandle<Option<u64>> {
    let gate = Arc::clone(gate);
    thread::spawn(move || enter(&gate))
}

#[test]
fn a_task_does_not_miss_that_the_gate_opens() {
    model(3, |gate| {
        let task = task(&gate);
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(2, Witness::new(2));
        assert!(task.join().unwrap().is_some());
    });
}

#[test]
fn a_task_does_not_miss_the_last_of_two_openings() {
    model(2, |gate| {
        let task = task(&gate);
        drop(gate.close(far()).unwrap());
        let closed = gate.close(far()).unwrap();
        closed.value().write(DEAD);
        closed.activate(2, Witness::new(2));
        assert!(task.join().unwrap().is_some());
    });
}

#[test]
fn a_task_does_not_miss_the_end() {
    model(3, |gate| {
        let task = task(&gate);
        let closed = gate.close(far()).unwrap();
        gate.end();
        assert!(matches!(task.join().unwrap(), None | Some(1)));
        drop(closed);
    });
}

#[test]
fn a_task_that_gives_up_takes_its_waker_out() {
    model(3, |gate| {
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let mut waiting = Waiting::of_caller();
                let entered = gate.poll_enter(&mut waiting, &Context::from_waker(Waker::noop()));
                if let Poll::Ready(entered) = entered {
                    alive(&entered.unwrap());
                }
            })
        };
        let closed = gate.close(far()).unwrap();
        other.join().unwrap();
        assert_eq!(gate.inner.core.state().wakers.len(), 0);
        drop(closed);
    });
}
