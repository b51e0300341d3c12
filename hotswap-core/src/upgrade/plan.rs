//! What a plan is made of: what changes, which steps of the state can go back, what may go wrong.
//! Pure.

mod change;
mod lending;
mod replay;
mod risk;
mod state_step;
mod statics;
#[cfg(test)]
mod tests;

pub(crate) use self::{change::changes, lending::lending, replay::replay_risks, risk::risks};

use std::time::Duration;

use hotswap_abi::Manifest;
use hotswap_loader::StaticTls;
use hotswap_types::ArtifactHash;

use super::Handover;
use crate::plan::{Release, Risk};

/// A side of an upgrade, as far as plans look at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) artifact: Option<ArtifactHash>,
    /// In bytes, where it is known.
    pub(crate) size: Option<u64>,
    /// The key that has signed it, where that is known.
    pub(crate) signer: Option<&'a str>,
}

impl Side<'_> {
    pub(crate) fn release(&self) -> Release {
        Release::of(self.manifest, self.artifact)
    }
}

/// What a host knows of itself when it plans.
#[derive(Debug, Clone, Default)]
pub(crate) struct Situation {
    /// Why the version that serves is not the one that should.
    pub(crate) degraded: Option<String>,
    /// Calls of the version that serves are refused.
    pub(crate) poisoned: bool,
    /// How many of its calls have panicked.
    pub(crate) panics: u64,
    /// How long ago another version of this slot was rolled back.
    pub(crate) rolled_back: Option<Duration>,
    /// How many generations are mapped, and how many may be.
    pub(crate) generations: (usize, usize),
    /// Free bytes where private copies are kept.
    pub(crate) disk: Option<u64>,
    /// What it takes of static thread-local storage, if it does.
    pub(crate) static_tls: Option<StaticTls>,
    /// Bytes of memory that the system has left.
    pub(crate) memory: Option<u64>,
    /// The size of the last state that was taken, and how often memory has to hold it on the way.
    pub(crate) state: (u64, u64),
    /// The version before is kept ready afterwards.
    pub(crate) has_trial: bool,
    /// The slot has versions serve side by side, and this one cannot: it has a state.
    pub(crate) is_smooth_for_state: bool,
    /// It is not rolled out step by step, since somebody wants all calls at once.
    pub(crate) is_smooth_as_asked: bool,
    /// The longest pause that is allowed, and the median of those that were.
    pub(crate) pause: (Duration, Option<Duration>),
    /// How long the hours are in which it may take over, and how long that is likely to take, with
    /// its trial.
    pub(crate) window: Option<(Duration, Duration)>,
    /// Why there was no rehearsal that there should have been.
    pub(crate) unrehearsed: Option<String>,
    /// A rehearsal has found that the version that serves can come back with the state.
    pub(crate) way_back_works: bool,
    /// Why the version that serves could not come back with the state, as a rehearsal has found.
    pub(crate) no_way_back: Vec<String>,
    /// What may go wrong by what a replay of recorded calls has found.
    pub(crate) replay: Vec<Risk>,
    /// What may go wrong with the host's values that it is lent.
    pub(crate) lending: Vec<Risk>,
}

/// Whether the state goes over while callers wait.
pub(crate) const fn has_pause(handover: &Handover) -> bool {
    matches!(handover, Handover::State { .. })
}
