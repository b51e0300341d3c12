//! How a new version is rehearsed before this process loads it.

use std::time::Duration;

use super::Replay;

/// A new version is first tried in a child process, on a copy of the state: loaded, migrated,
/// started, tested, asked for its state, and brought back to the version that serves. An artifact
/// that crashes, hangs, eats memory or answers wrongly there is refused, and this process has never
/// loaded it.
///
/// The child is this program, started again. That takes a call of
/// [`probe::serve`](crate::probe::serve) first in `main`; without it nothing is started, and the
/// event [`NotRehearsed`](crate::event::EventKind::NotRehearsed) says so. The module's code runs
/// there as it does here: what its `start` does to a file or a port, it does in the rehearsal, too.
/// There the environment variable `HOTSWAP_REHEARSAL` is set.
///
/// ```
/// use std::time::Duration;
/// use hotswap_core::{Rehearsal, SlotConfig};
///
/// let rehearsal = Rehearsal::new().with_deadline(Duration::from_secs(10)).with_memory(512 << 20);
/// let shop = SlotConfig::artifact("/srv/shop/libshop.so").with_rehearsal(rehearsal);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    pub(crate) deadline: Duration,
    pub(crate) memory: Option<u64>,
    pub(crate) replay: Option<Replay>,
}

/// What a rehearsal may take unless told otherwise, beside what the state needs.
const MEMORY: u64 = 1 << 30;
/// The state is there encoded and decoded, of two versions, and more than once.
const TIMES_STATE: u64 = 16;

impl Rehearsal {
    /// A rehearsal that may last 30 s, and take 1 GiB of memory and 16 times the size of the
    /// encoded state.
    #[must_use]
    pub const fn new() -> Self {
        Self { deadline: Duration::from_secs(30), memory: None, replay: None }
    }

    /// How long it may take in all. What has not come to its end then is killed, and the artifact
    /// refused.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many bytes it may take beyond what the program has at its start: memory of its own that
    /// it can write to (`RLIMIT_DATA`), which libraries that are mapped hardly count for.
    #[must_use]
    pub const fn with_memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Has calls of the slot recorded, and both versions asked them again. Unless told so no call is
    /// recorded.
    #[must_use]
    pub fn with_replay(mut self, replay: Replay) -> Self {
        self.replay = Some(replay);
        self
    }

    /// Whether reports may have values of callers.
    pub(crate) fn has_values(&self) -> bool {
        self.replay.as_ref().is_none_or(|replay| replay.values)
    }

    /// How many bytes it may take with a state of that size.
    pub(crate) fn memory(&self, state: usize) -> u64 {
        let state = u64::try_from(state).unwrap_or(u64::MAX);
        self.memory.unwrap_or_else(|| MEMORY.saturating_add(state.saturating_mul(TIMES_STATE)))
    }
}

impl Default for Rehearsal {
    fn default() -> Self {
        Self::new()
    }
}
