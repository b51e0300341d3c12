//! What becomes of a generation and its instances: live, panicked, restarted, retired.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hotswap_abi::Failure;
use hotswap_types::{Holder, Release, StateNote};

/// A version that serves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Live {
    /// The number of the generation.
    pub generation: u64,
    /// What serves.
    pub release: Release,
    /// From the detected artifact to live.
    pub took: Duration,
    /// How long callers were kept waiting; `None` if they were not.
    pub pause: Option<Duration>,
    /// What became of the state.
    pub state: StateNote,
    /// When the state was taken, if it is not that of the version before: it is from an earlier run
    /// ([`Config::with_data_dir`](crate::Config::with_data_dir)), or from the last upgrade
    /// ([`Operator::abandon`](crate::Operator::abandon)).
    pub restored: Option<SystemTime>,
}

/// Calls that have panicked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Panicked {
    /// The generation.
    pub generation: u64,
    /// How many calls of this instance have panicked, in all.
    pub count: u64,
    /// The last of them.
    pub failure: Arc<Failure>,
    /// Whether the instance is poisoned: its calls are refused from now on.
    pub poisoned: bool,
}

/// An instance that has taken the place of another one of the same code.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Restarted {
    /// The generation.
    pub generation: u64,
    /// How long callers were kept waiting.
    pub pause: Duration,
    /// What became of the state.
    pub state: StateNote,
    /// When the state was taken, if it is that of the last upgrade.
    pub restored: Option<SystemTime>,
}

/// What became of a generation that is no longer needed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retirement {
    /// Its code is gone from the process: it was looked for.
    Unloaded,
    /// It is still in memory.
    Retained {
        /// Who or what keeps it there.
        by: Vec<Holder>,
    },
    /// Module code of it hangs, or failed while it stopped; its code and its instance stay.
    Abandoned {
        /// What happened.
        why: String,
    },
}

impl Live {
    /// Whether something of the state that served before is gone.
    pub(crate) const fn has_lost(&self) -> bool {
        // A first generation goes on where the last run has ended.
        self.state.has_lost() || (self.restored.is_some() && self.generation > 1)
    }
}

impl fmt::Display for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, release, took, .. } = self;
        write!(f, "{release} is live as generation {generation} after {took:.1?}")?;
        if let Some(pause) = self.pause {
            write!(f, ", pause {pause:.1?}")?;
        }
        write!(f, "; {}", self.state)?;
        as_it_was(f, self.restored)
    }
}

impl fmt::Display for Restarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, pause, state, restored } = self;
        write!(
            f,
            "generation {generation} goes on with a new instance, pause {pause:.1?}; {state}"
        )?;
        as_it_was(f, *restored)
    }
}

impl fmt::Display for Retirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unloaded => f.write_str("unloaded"),
            Self::Retained { by } => {
                f.write_str("retired, its code stays mapped: ")?;
                for (i, holder) in by.iter().enumerate() {
                    write!(f, "{}{holder}", if i == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::Abandoned { why } => write!(f, "abandoned: {why}"),
        }
    }
}

fn as_it_was(f: &mut fmt::Formatter<'_>, taken: Option<SystemTime>) -> fmt::Result {
    let Some(taken) = taken else { return Ok(()) };
    // A clock that was set back makes it no older than now.
    let age = taken.elapsed().unwrap_or_default();
    write!(f, ", as it was {age:.0?} ago")
}
