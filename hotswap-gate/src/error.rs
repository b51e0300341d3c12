//! What a gate answers when it does not let a caller in, or a closer through.

use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::record::Record;
use crate::thread::Who;

/// A circle of waits: each slot's wait can end only when the one before it has ended.
#[derive(Clone, Debug)]
pub struct Cycle {
    slots: Box<[Arc<str>]>,
}

impl Cycle {
    pub(crate) fn new(slots: Box<[Arc<str>]>) -> Self {
        Self { slots }
    }

    /// The names of the slots in order, first the one that the refused thread asked for.
    pub fn slots(&self) -> impl ExactSizeIterator<Item = &str> {
        self.slots.iter().map(|slot| &**slot)
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for slot in self.slots() {
            write!(f, "{slot} -> ")?;
        }
        f.write_str(self.slots().next().unwrap_or("itself"))
    }
}

/// Why a caller was not let in. Nothing was called.
#[derive(Clone, Debug, Error)]
#[expect(clippy::exhaustive_enums, reason = "hotswap-core answers each of them")]
pub enum Refused {
    /// The slot was closed for longer than the caller was willing to wait.
    #[error("the slot was still being upgraded after {waited:?}")]
    Draining {
        /// How long the caller waited.
        waited: Duration,
    },
    /// The slot was closed for ever.
    #[error("the slot was shut down")]
    Ended,
    /// To wait would have been to wait for oneself.
    #[error("waiting for the slot would never end: {0}")]
    Cycle(Cycle),
}

/// Why a caller inside a slot did not get the lock of the instance. Nothing was called.
#[derive(Clone, Debug, Error)]
#[expect(clippy::exhaustive_enums, reason = "hotswap-core answers each of them")]
pub enum LockError {
    /// The current thread holds the lock already, in a way that excludes this use.
    #[error("the current thread is inside a call of this instance that excludes another one")]
    Reentrant,
    /// Module code hung while it held the lock.
    #[error("the instance was given up because a call of it never returned")]
    Abandoned,
    /// To wait would have been to wait for oneself.
    #[error("waiting for the instance would never end: {0}")]
    Cycle(Cycle),
}

/// The gate is being changed by somebody else.
#[derive(Clone, Debug, Error)]
#[error("the slot is being closed by {by}")]
pub struct Busy {
    pub(crate) by: Who,
}

/// Why the canary of a gate was not changed. Nothing has changed.
#[derive(Clone, Debug, Error)]
#[expect(clippy::exhaustive_enums, reason = "hotswap-core answers each of them")]
pub enum CanaryError {
    /// Somebody has the gate closed, or closes it.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A gate has one canary at a time.
    #[error("generation {number} is the slot's canary already")]
    Active {
        /// The number of the canary.
        number: u64,
    },
    /// No canary is active.
    #[error("the slot has no canary")]
    Inactive,
}

/// A wait for callers to leave that did not succeed. The gate is open as before.
#[derive(Clone, Debug, Error)]
#[error("slot {slot}: {why}")]
pub struct Stuck {
    pub(crate) slot: Arc<str>,
    pub(crate) why: Why,
    pub(crate) waited: Duration,
    pub(crate) inside: Vec<Occupant>,
}

/// The reason of a [`Stuck`].
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Why {
    /// The deadline passed first.
    #[error("callers were still inside when the deadline passed")]
    Deadline,
    /// The thread that asked is inside itself and would have waited for itself.
    #[error("the thread that asked is inside a call of this slot")]
    OwnThread,
    /// Somebody else had the gate until the deadline.
    #[error(transparent)]
    Busy(Busy),
    /// A caller inside waits for something that the asking thread holds.
    #[error("waiting for the callers inside would never end: {0}")]
    Cycle(Cycle),
    /// The generation is the one that new callers enter.
    #[error("the generation is still the current one")]
    Current,
    /// The kernel refused the memory barrier that tells who is inside.
    #[error("membarrier failed ({0}), so nobody can tell who is inside")]
    Barrier(io::ErrorKind),
}

/// A thread that was inside a slot when a wait was given up.
#[derive(Clone, Debug)]
pub struct Occupant {
    pub(crate) who: Option<Who>,
    pub(crate) depth: u64,
    pub(crate) generation: u64,
    pub(crate) noticed: Instant,
    pub(crate) taken: Option<&'static Location<'static>>,
}

impl Stuck {
    /// What went wrong.
    pub fn why(&self) -> &Why {
        &self.why
    }

    /// Whether callers were still inside when the deadline passed.
    pub fn are_inside(&self) -> bool {
        matches!(self.why, Why::Deadline)
    }

    /// Whether a longer wait might have succeeded.
    pub(crate) fn is_over_time(&self) -> bool {
        matches!(self.why, Why::Deadline | Why::Busy(_))
    }

    /// Who was inside; empty unless that was the reason.
    pub fn inside(&self) -> &[Occupant] {
        &self.inside
    }

    /// How long it was waited.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl Occupant {
    /// A thread that is inside now.
    pub(crate) fn new(record: &Record, generation: u64) -> Self {
        let (who, depth, taken) = (record.who(), record.depth(), record.taken());
        Self { who, depth, generation, noticed: Instant::now(), taken }
    }

    /// The thread. `None` when it entered this very moment and has not said its name yet.
    pub fn who(&self) -> Option<&Who> {
        self.who.as_ref()
    }

    /// Where it entered: the line of the pin, or where its reader was made.
    pub fn taken(&self) -> Option<&'static Location<'static>> {
        self.taken
    }

    /// When it was first seen inside, without having left since: it has been inside for at least as
    /// long. When it entered nobody knows.
    pub fn noticed(&self) -> Instant {
        self.noticed
    }

    /// How many calls deep.
    pub fn depth(&self) -> u64 {
        self.depth
    }

    /// The number of the generation it is on.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Some(who) => write!(f, "{who}")?,
            None => f.write_str("a thread")?,
        }
        let Self { depth, generation, noticed, .. } = self;
        write!(
            f,
            ", {depth} deep in generation {generation}, for at least {:.1?}",
            noticed.elapsed()
        )
    }
}
