//! Module code under a deadline: it runs on a thread of its own, and one that hangs is left behind.
//!
//! A thread cannot be stopped from outside. When a step does not come back in time, its thread is
//! abandoned, with everything it was given (so nothing that it uses is freed), and the next step
//! gets a new thread.
//!
//! Module code is guarded where it is called. What panics beside it, a subscriber of `tracing` as a
//! span ends, ends the step and nothing else.
//!
//! A module's code runs on a caller's thread or here, so a hang costs one thread and not the host.
//! The host's own health check runs here too. Two exceptions: the exit functions that `dlclose`
//! calls run on `hotswap-reaper`, and `hotswap-asker` calls into a module's `tracing`, under a
//! deadline of its own (`logs/filters.rs`).

use std::{
    any::Any,
    cell::Cell,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

type Step = Box<dyn FnOnce() + Send>;

/// The stack of the thread, of which the system takes what is used: a state of five hundred levels,
/// the most that the codec reads, is carried by name on 12 MiB of it where nothing is optimised.
const STACK: usize = 32 << 20;

/// How long the end of the thread is waited for, and the end of an instance where another thread has
/// let go of it.
const FAREWELL: Duration = Duration::from_secs(1);

thread_local! {
    /// Whether the current thread is one for module code.
    static IS_FOR_STEPS: Cell<bool> = const { Cell::new(false) };
}

/// Runs module code that comes last, on whatever thread: here, where this is a thread for module code,
/// else on one of its own, for which this one waits for a moment. Without a thread it is left undone,
/// with everything that it was given.
pub fn last(step: impl FnOnce() + Send + 'static) {
    if IS_FOR_STEPS.get() {
        return step();
    }
    let (done, is_done) = mpsc::channel();
    // Not dropped where no thread can be started: that would run the code here.
    let step = ManuallyDrop::new(step);
    let run = move || {
        IS_FOR_STEPS.set(true);
        ManuallyDrop::into_inner(step)();
        let _ = done.send(());
    };
    match thread::Builder::new().name("hotswap-step".into()).stack_size(STACK).spawn(run) {
        Ok(_) => drop(is_done.recv_timeout(FAREWELL)),
        Err(error) => {
            tracing::warn!(%error, "the end of an instance, or of its context, is left undone: no thread for it");
        }
    }
}

/// Why nothing came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "hotswap-core answers each of them")]
pub enum RunError {
    /// It did not come back in time.
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// It panicked, not in module code; how far it had come is not known.
    Panicked {
        /// With what.
        message: String,
    },
    /// It was not begun: the system has no thread left for it.
    NoThread {
        /// What the system said.
        why: String,
    },
}

/// A thread for module code, made when it is needed.
#[derive(Debug)]
pub struct Steps {
    name: &'static str,
    worker: Option<Worker>,
}

impl Default for Steps {
    fn default() -> Self {
        Self::named("hotswap-step")
    }
}

#[derive(Debug)]
struct Worker {
    queue: Sender<Step>,
    thread: thread::JoinHandle<()>,
}

impl Steps {
    /// On threads of this name.
    pub const fn named(name: &'static str) -> Self {
        Self { name, worker: None }
    }

    /// Runs `step`, at the longest until `deadline`.
    pub fn run<T: Send + 'static>(
        &mut self,
        deadline: Instant,
        step: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RunError> {
        let started = Instant::now();
        // From hand to hand: what nobody takes in time is dropped by the step's thread, never by this
        // one, since that may run module code.
        let (reply, answer) = mpsc::sync_channel(0);
        let mut step: Step = Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(step));
            let _ =
                reply.send(result.map_err(|payload| RunError::Panicked { message: text(payload) }));
        });
        // A worker that ended is replaced.
        loop {
            let worker = match &self.worker {
                Some(worker) => worker,
                None => self.worker.insert(Worker::start(self.name)?),
            };
            match worker.queue.send(step) {
                Ok(()) => break,
                Err(mpsc::SendError(unsent)) => {
                    step = unsent;
                    self.worker = None;
                }
            }
        }
        match answer.recv_timeout(deadline.saturating_duration_since(started)) {
            Ok(result) => result,
            Err(error) => {
                self.worker = None;
                match error {
                    RecvTimeoutError::Timeout => {
                        Err(RunError::TimedOut { after: started.elapsed() })
                    }
                    // Nothing that a step does ends its thread.
                    RecvTimeoutError::Disconnected => panic!("a step ended its thread"),
                }
            }
        }
    }

    /// Has the next step run on a new thread. The one that there is ends when it is free, and
    /// destroys what it has of thread-locals, for which nobody waits.
    pub fn renew(&mut self) {
        self.worker = None;
    }

    /// Ends the thread; one that hangs is left behind, as before.
    pub fn end(&mut self) {
        let Some(Worker { queue, thread }) = self.worker.take() else { return };
        drop(queue);
        // At its end it destroys thread-locals of modules, and no deadline has passed for these.
        let (ended, is_ended) = mpsc::channel();
        let join = move || {
            let _ = thread.join();
            let _ = ended.send(());
        };
        if thread::Builder::new().name("hotswap-join".into()).spawn(join).is_ok() {
            let _ = is_ended.recv_timeout(FAREWELL);
        }
    }
}

impl Worker {
    fn start(name: &str) -> Result<Self, RunError> {
        let (queue, steps) = mpsc::channel::<Step>();
        let thread = thread::Builder::new()
            .name(name.into())
            .stack_size(STACK)
            .spawn(move || {
                IS_FOR_STEPS.set(true);
                steps.into_iter().for_each(|step| step());
            })
            .map_err(|error| RunError::NoThread { why: error.to_string() })?;
        Ok(Self { queue, thread })
    }
}

/// The payload itself is left where it is: it may panic in its turn.
fn text(payload: Box<dyn Any + Send>) -> String {
    let payload = Box::leak(payload);
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref().cloned()).unwrap_or_else(|| "without a text".to_owned())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_comes_last_has_a_thread_and_nobody_waits_for_it_for_ever() {
        let (say, said) = mpsc::channel();
        let tell = move || {
            let again = say.clone();
            say.send(thread::current().id()).unwrap();
            last(move || again.send(thread::current().id()).unwrap());
        };
        last(tell);
        // All of it has been done by now.
        let (first, second) = (said.try_recv().unwrap(), said.try_recv().unwrap());
        assert_ne!(first, thread::current().id());
        assert_eq!(first, second, "a thread for module code does it itself");
        let (release, held) = mpsc::channel::<()>();
        last(move || assert!(held.recv().is_err()));
        drop(release);
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn a_step_that_hangs_is_left_behind_and_the_next_one_runs() {
        let mut steps = Steps::default();
        let first = steps.run(soon(), || thread::current().id()).unwrap();
        assert_eq!(steps.run(soon(), || thread::current().id()), Ok(first));
        let (release, held) = mpsc::channel::<()>();
        let hung = steps.run(Instant::now(), move || held.recv());
        assert!(hung.is_err());
        assert_ne!(steps.run(soon(), || thread::current().id()), Ok(first));
        drop(release);
        steps.end();
    }

    #[test]
    fn what_comes_too_late_is_dropped_by_its_own_thread() {
        struct Late(Sender<Option<String>>);

        impl Drop for Late {
            fn drop(&mut self) {
                let _ = self.0.send(thread::current().name().map(str::to_owned));
            }
        }

        let (go, wait) = mpsc::channel::<()>();
        let (dropped, by) = mpsc::channel();
        let mut steps = Steps::default();
        let late = steps.run(Instant::now(), move || {
            let _ = wait.recv();
            Late(dropped)
        });
        assert!(matches!(late, Err(RunError::TimedOut { .. })));
        go.send(()).unwrap();
        assert_eq!(by.recv().unwrap().as_deref(), Some("hotswap-step"));
    }

    #[test]
    fn a_step_that_panics_ends_nothing_else() {
        struct Again;
        impl Drop for Again {
            fn drop(&mut self) {
                panic!("once more");
            }
        }
        let mut steps = Steps::default();
        let first = steps.run(soon(), || thread::current().id()).unwrap();
        let mut message = |step: fn()| match steps.run(soon(), step) {
            Err(RunError::Panicked { message }) => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(message(|| panic!("static")), "static");
        assert_eq!(message(|| panic!("of {}", 2)), "of 2");
        assert_eq!(message(|| std::panic::panic_any(Again)), "without a text");
        assert_eq!(steps.run(soon(), || thread::current().id()), Ok(first));
        steps.end();
    }

    #[test]
    fn nobody_waits_for_destructors_of_thread_locals() {
        struct Waits(mpsc::Receiver<()>);
        impl Drop for Waits {
            fn drop(&mut self) {
                let _ = self.0.recv();
            }
        }
        thread_local! {
            static LEFT: Cell<Option<Waits>> = const { Cell::new(None) };
        }
        let mut steps = Steps::default();
        let (release, released) = mpsc::channel::<()>();
        steps.run(soon(), move || LEFT.set(Some(Waits(released)))).unwrap();
        let before = steps.run(soon(), || thread::current().id()).unwrap();
        steps.renew();
        assert_ne!(steps.run(soon(), || thread::current().id()), Ok(before));
        let (another, released) = mpsc::channel::<()>();
        steps.run(soon(), move || LEFT.set(Some(Waits(released)))).unwrap();
        // Comes back although the thread does not end.
        steps.end();
        drop((release, another));
    }
}
