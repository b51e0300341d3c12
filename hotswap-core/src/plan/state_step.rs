//! The steps that a state's migration takes, and whether each can go back.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A step of a state from one version of its chain to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StateStep {
    /// The version before it.
    pub from: u32,
    /// The version after it.
    pub to: u32,
    /// Whether it can go back.
    pub back: StepBack,
}

/// Whether a step of a state can go back. A rehearsal finds that out; what an artifact says of
/// itself does not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepBack {
    /// It can: it was tried on a copy of the state.
    Works,
    /// It cannot: its [`Migrate::downgrade`](hotswap_abi::Migrate::downgrade) is not there.
    Impossible,
    /// It was not tried.
    Untried,
}

impl fmt::Display for StateStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, back } = self;
        write!(f, "{from} → {to} {back}")
    }
}

impl fmt::Display for StepBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Works => "can go back",
            Self::Impossible => "cannot go back",
            Self::Untried => "was not tried backwards",
        })
    }
}
