//! What the gate promises, one promise a test. Threads are brought to a point by what they say of
//! themselves (`until`), never by the clock.

mod again;
#[expect(unsafe_code, reason = "an allocator")]
mod allocator;
mod bounded;
mod canary;
mod closing;
mod counts;
mod cycles;
mod generations;
mod locks;
mod opening;
mod threads;
mod weights;

use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::protocol::Phase;
use super::seats::{looks_of_this_thread, seats_of_this_thread, while_it_changes};
use super::waits::{Graph, waiting};
use super::{
    Busy, Entered, EnteredAlone, Exclusion, Gate, Guarded, LockError, Reader, Refused, Stuck, Why,
};

const BUDGET: Duration = Duration::from_secs(600);

#[derive(Debug)]
struct Module {
    number: u64,
    lock: Exclusion,
}

impl Guarded for Module {
    fn exclusion(&self) -> &Exclusion {
        &self.lock
    }
}

type TestGate = Arc<Gate<Module>>;

fn module(number: u64) -> Arc<Module> {
    Arc::new(Module { number, lock: Exclusion::new() })
}

fn gate(name: &str) -> TestGate {
    Arc::new(Gate::new(name, 1, module(1)))
}

fn far() -> Instant {
    Instant::now() + BUDGET
}

fn until(mut it_is_so: impl FnMut() -> bool) {
    while !it_is_so() {
        thread::yield_now();
    }
}

fn until_waiting(gate: &TestGate, threads: usize) {
    until(|| waiting(&gate.inner.core) == threads);
}

fn until_closing(gate: &TestGate) {
    until(|| matches!(gate.inner.core.state().phase, Phase::Closing(_)));
}

fn records(gate: &TestGate) -> usize {
    let mut state = gate.inner.core.state();
    drop(state.sweep());
    state.records.len()
}

/// A thread that does one step after the other, when told to.
struct Stage {
    steps: mpsc::Sender<Box<dyn FnOnce() + Send>>,
    thread: JoinHandle<()>,
}

/// Runs `inner` inside the slot, `depth` calls deep.
fn inside(gate: &TestGate, inner: impl FnOnce(u64)) {
    let entered = gate.enter(BUDGET).unwrap();
    inner(entered.number);
}

/// A thread that is inside until it is released; `then` runs before it leaves.
fn guest(gate: &TestGate, then: impl FnOnce(&TestGate) + Send + 'static) -> Stage {
    let (steps, orders) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
    let (ready, is_ready) = mpsc::channel();
    let gate = Arc::clone(gate);
    let run = move || {
        inside(&gate, |_| {
            ready.send(()).unwrap();
            orders.into_iter().for_each(|step| step());
            then(&gate);
        });
    };
    let thread = thread::Builder::new().name("guest".into()).spawn(run).unwrap();
    is_ready.recv().unwrap();
    Stage { steps, thread }
}

impl Stage {
    fn then(self, step: impl FnOnce() + Send + 'static) -> Self {
        self.steps.send(Box::new(step)).unwrap();
        self
    }

    fn release(self) {
        drop(self.steps);
        self.thread.join().unwrap();
    }
}

fn why(stuck: Result<impl Sized, Stuck>) -> Why {
    stuck.err().expect("the wait should fail").why().clone()
}
