//! The steps that a state's migration takes, and whether each can go back. Pure.

use std::fmt;

use hotswap_abi::Manifest;
use serde::{Deserialize, Serialize};

use crate::event::{RehearsalReport, WayBack};

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

/// The steps between two versions, in the order in which the state takes them.
pub(super) fn state_steps(
    (old, from): (&Manifest, u32),
    (new, to): (&Manifest, u32),
    rehearsal: Option<&RehearsalReport>,
) -> Vec<StateStep> {
    // The newer module has the chain.
    let chain = if from < to { &new.states } else { &old.states };
    let between = from.min(to)..=from.max(to);
    let mut versions: Vec<_> =
        chain.iter().map(|it| it.version).filter(|it| between.contains(it)).collect();
    versions.sort_unstable();
    if from > to {
        versions.reverse();
    }
    let back = |from, to| {
        let Some(report) = rehearsal else { return StepBack::Untried };
        if report.way_back == WayBack::Works {
            return StepBack::Works;
        }
        match report.downgrades.iter().find(|it| (it.from, it.to) == (to, from)) {
            Some(tried) if tried.works => StepBack::Works,
            Some(_) => StepBack::Impossible,
            None => StepBack::Untried,
        }
    };
    let steps = versions.windows(2).filter_map(|step| <&[u32; 2]>::try_from(step).ok());
    steps.map(|&[from, to]| StateStep { from, to, back: back(from, to) }).collect()
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
