//! What a rehearsal has come to.

use std::{fmt, time::Duration};

use hotswap_abi::Portable;
use hotswap_types::json;
use serde::{Deserialize, Serialize};

use super::Replayed;

/// A step of a rehearsal, in order.
#[derive(
    Portable, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RehearsalStep {
    /// The artifact's code is loaded.
    Load,
    /// `Module::prepare`.
    Prepare,
    /// The copy of the state takes its new form.
    Migrate,
    /// `Module::start`.
    Start,
    /// `Module::self_test`.
    SelfTest,
    /// The host's own checks ([`Probe::check`](crate::probe::Probe::check)).
    Checks,
    /// `Module::suspend` and `Module::state`.
    Snapshot,
    /// The state is decoded and encoded again, and is the same.
    Encode,
    /// The state takes the form of the version that serves.
    Downgrade,
    /// The version that serves starts with it.
    Return,
    /// The state is handed over as memory, from that one and back, and is the same.
    Move,
    /// The version that serves is asked the recorded calls; before the new one, and after it.
    ReplayServing,
    /// The new version is asked the recorded calls.
    Replay,
}

/// A step that was rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RehearsedStep {
    /// The step.
    pub step: RehearsalStep,
    /// How long it took.
    #[serde(rename = "took_ms", with = "json::millis")]
    pub took: Duration,
}

/// Whether the version that served could serve again with the state of the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum WayBack {
    /// It could: it was tried.
    Works,
    /// It could not: it would go on with the state that it had when it was replaced.
    Impossible {
        /// Why.
        why: Vec<String>,
    },
    /// It was not tried.
    Unknown {
        /// Why.
        why: String,
    },
}

/// A rehearsal in which nothing was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RehearsalReport {
    /// The steps, in order. What there was nothing to do for is not among them.
    pub steps: Vec<RehearsedStep>,
    /// How long it took in all, with the start of the process.
    #[serde(rename = "took_ms", with = "json::millis")]
    pub took: Duration,
    /// The most memory that the child has had at a time, in bytes; 0 where the system does not say.
    pub peak_memory: u64,
    /// The size of the copy of the state in bytes; `None` if the module starts without.
    pub state: Option<usize>,
    /// Steps of the state that were tried backwards, the newest first.
    pub downgrades: Vec<Downgrade>,
    /// Whether the version that serves could come back.
    pub way_back: WayBack,
    /// What came of the replay of recorded calls; `None` unless the rehearsal has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replayed>,
}

/// A step of the state that was tried backwards: the new version has written its state in an older
/// version of the chain.
#[derive(Portable, Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Downgrade {
    /// The version before it: the newer one.
    pub from: u32,
    /// The version after it.
    pub to: u32,
    /// Whether there is such a step.
    pub works: bool,
}

impl fmt::Display for RehearsalStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load => "load",
            Self::Prepare => "prepare",
            Self::Migrate => "migration",
            Self::Start => "start",
            Self::SelfTest => "self_test",
            Self::Checks => "host's checks",
            Self::Snapshot => "state",
            Self::Encode => "encoding of the state",
            Self::Downgrade => "downgrade",
            Self::Return => "way back",
            Self::Move => "hand-over as memory",
            Self::ReplayServing => "replay by the version that serves",
            Self::Replay => "replay",
        })
    }
}

impl fmt::Display for WayBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => f.write_str("the way back works"),
            Self::Impossible { why } => write!(f, "there is no way back ({})", why.join("; ")),
            Self::Unknown { why } => write!(f, "the way back was not tried ({why})"),
        }
    }
}

impl fmt::Display for RehearsalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, took, peak_memory, state, downgrades: _, way_back, replay } = self;
        write!(f, "rehearsed in {took:.1?}")?;
        match state {
            Some(bytes) => write!(f, " on a copy of the state ({bytes} bytes)")?,
            None => f.write_str(" without a state")?,
        }
        for (i, RehearsedStep { step, took }) in steps.iter().enumerate() {
            write!(f, "{} {step} {took:.1?}", if i == 0 { ":" } else { "," })?;
        }
        if *peak_memory > 0 {
            write!(f, "; at most {} MiB", peak_memory.div_ceil(1 << 20))?;
        }
        write!(f, "; {way_back}")?;
        replay.as_ref().map_or(Ok(()), |replay| write!(f, "; {replay}"))
    }
}
