//! A rehearsal under way: a thread that waits for the child, and how it is called off.
//!
//! # Why nobody waits for the thread for long
//! It sleeps until the child says something or ends, its time is over, or the pipe is closed that it
//! holds the other end of. Then it kills the child, removes the folder, each within a bound, and ends.
//! It runs no code of a module, and none of the host's owner (no callback, no subscriber), and what it
//! says goes into a queue without a bound: so whoever joins it waits for no lock that he holds. The
//! child dies with the thread that has started it (`PR_SET_PDEATHSIG`), so it is this one that waits
//! for it.
//!
//! # Why a thread for each child
//! The worker could watch the pipes beside its queue. Then the one place that sleeps would have to
//! know of descriptors and of children's deadlines. A sleeping thread costs a stack, and the
//! outcome is a command like any other.

use std::{
    io::{self, PipeWriter},
    panic::{AssertUnwindSafe, catch_unwind},
    thread::{self, JoinHandle},
};

use super::folder::{LaidOut, Ran, system};
use crate::{event::RehearsalReport, upgrade::Fault};

/// What a rehearsal's thread tells.
#[derive(Debug)]
pub(crate) enum ChildEvent {
    /// Something of the child is still there.
    LeftBehind(String),
    /// What came of it.
    Ended(Box<Result<RehearsalReport, Fault>>),
}

/// A rehearsal under way; called off where this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    /// Closed when it is called off.
    wanted: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts the child; `tell` is told what is left of it, if something is, and what came of it, unless
    /// it was called off.
    pub(crate) fn start(
        laid_out: LaidOut,
        tell: impl Fn(ChildEvent) + Send + 'static,
    ) -> Result<Self, Fault> {
        let no_thread = |error: io::Error| system("a thread for the rehearsal", &error);
        let (called_off, wanted) = io::pipe().map_err(no_thread)?;
        let thread = thread::Builder::new()
            .name("hotswap-rehearsal".into())
            .spawn(move || {
                let run = AssertUnwindSafe(|| laid_out.run(&called_off));
                // Our bug; without an answer the artifact would wait for ever.
                let panicked = |_| {
                    let fault = system("the rehearsal's thread", &io::Error::other("it panicked"));
                    Ran { report: Some(Err(fault)), left: Vec::new() }
                };
                let Ran { report, left } = catch_unwind(run).unwrap_or_else(panicked);
                if !left.is_empty() {
                    tell(ChildEvent::LeftBehind(left.join("; ")));
                }
                if let Some(report) = report {
                    tell(ChildEvent::Ended(Box::new(report)));
                }
            })
            .map_err(no_thread)?;
        Ok(Self { wanted: Some(wanted), thread: Some(thread) })
    }

    /// Has the child killed, and does not wait for that.
    pub(crate) fn call_off(&mut self) {
        self.wanted = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.call_off();
        if let Some(thread) = self.thread.take() {
            // It has caught its panics.
            let _ = thread.join();
        }
    }
}
