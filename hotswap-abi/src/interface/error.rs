//! Why a call has no result.

use std::{fmt, sync::Arc, time::Duration};

/// Why a call through a slot has no result.
///
/// The host is unharmed in every case.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The module's code panicked. It goes on serving; the instance of an exclusive call may be
    /// half changed.
    #[error("{0}")]
    Panicked(Arc<Failure>),
    /// The slot is being upgraded, and the caller's waiting budget is used up. Try again.
    #[error("slot {slot} is being upgraded, and {waited:.1?} of waiting did not suffice")]
    Draining {
        /// The slot.
        slot: Arc<str>,
        /// How long the call has waited.
        waited: Duration,
    },
    /// The thread already holds this slot's lock, further up in its own stack.
    #[error("slot {slot} is called again by the thread that holds its `&mut self`")]
    Reentrant {
        /// The slot.
        slot: Arc<str>,
    },
    /// Waiting would never end: the slots named here wait for each other.
    #[error("waiting would never end: {}", cycle.join(" waits for "))]
    Cycle {
        /// The slots, in the order in which they wait.
        cycle: Vec<String>,
    },
    /// Module code has hung while it held this slot's lock, and was given up.
    #[error("slot {slot} is held by module code that hung and was abandoned")]
    Abandoned {
        /// The slot.
        slot: Arc<str>,
    },
    /// An earlier call has panicked in this instance, and the host has it wait for another one
    /// (`Config::with_after_panic`).
    #[error("slot {slot} does not go on with an instance that has panicked")]
    Poisoned {
        /// The slot.
        slot: Arc<str>,
    },
    /// The host has been shut down.
    #[error("slot {slot} has been shut down")]
    Ended {
        /// The slot.
        slot: Arc<str>,
    },
    /// Host and module have misunderstood each other; a bug of ours or of a hand-written codec.
    #[error("{0}")]
    Undecodable(Arc<Failure>),
}

/// What is known of a call that failed inside a module.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Failure {
    /// Slot, module and version, as a user knows them: `arcade 1.3.2 (generation 7)`.
    pub module: Arc<str>,
    /// The method.
    pub method: String,
    /// What the panic said.
    pub message: String,
    /// `file:line:column`; empty if it is not known (a module that is linked statically).
    pub place: String,
    /// The frames that led to the panic, without a line feed at the end; empty unless the host has
    /// asked for them (`Config::with_backtraces` and `RUST_BACKTRACE`).
    pub backtrace: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed in {}: {}", self.module, self.method, self.message)?;
        if !self.place.is_empty() {
            write!(f, " at {}", self.place)?;
        }
        if self.backtrace.is_empty() { Ok(()) } else { write!(f, "\n{}", self.backtrace) }
    }
}
