//! How far a slot has come: what serves, what is on trial or waits, what was refused last.

use std::{sync::Arc, time::Instant};

use hotswap_types::{Phase, Release, Strategy};

use crate::{
    error::Reason,
    event::{Refusal, Serving, Until},
    instance::{Code, Watch},
    plan::Plan,
    snapshot::Snapshot,
};

#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) status: StatusSnapshot,
    /// The highest number of a generation that has served.
    pub(super) highest: u64,
    /// The event of a first generation was told: who waits for the slot goes on after it.
    pub(super) told: bool,
    /// Callers inside are given up: the next upgrade does not wait for them.
    pub(super) abandoned: bool,
    /// The state at the last upgrade.
    pub(super) last_state: Option<Arc<Snapshot>>,
    /// How large the state was when it was last encoded, in bytes.
    pub(super) state_size: Option<u64>,
    /// Why nothing more will come.
    pub(super) over: Option<Over>,
    pub(super) coming: Coming,
}

/// Why nothing more will come to a slot: who waits for it is told at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The built-in module does not start, or one try was all there was.
    GivenUp,
    /// The host has ended.
    Ended,
    /// The thread that upgrades has panicked.
    Died,
}

impl Over {
    /// The same as an error.
    pub(crate) const fn reason(self) -> Reason {
        match self {
            Self::GivenUp | Self::Ended => Reason::Ended,
            Self::Died => Reason::Died,
        }
    }
}

/// Whether a first artifact is on its way.
#[cfg_attr(not(feature = "cargo"), expect(dead_code, reason = "only a builder says so"))]
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coming {
    /// Nobody has said so.
    #[default]
    Unknown,
    /// It is being built, or its sources are being mended.
    Built,
    /// It was built then.
    Since(Instant),
}

impl Coming {
    /// From when on it is waited for by somebody who has begun to wait then; `None` while it is
    /// being built, however long that takes.
    pub(super) fn waited_for_from(self, begun: Instant) -> Option<Instant> {
        match self {
            Self::Unknown => Some(begun),
            Self::Built => None,
            Self::Since(built) => Some(begun.max(built)),
        }
    }
}

/// The code that serves.
#[derive(Debug, Clone)]
pub(crate) struct Serves {
    pub(crate) code: Arc<Code>,
    pub(crate) since: Instant,
}

impl Serves {
    pub(crate) fn serving(&self) -> Serving {
        Serving { version: self.code.manifest.version.clone(), generation: self.code.generation }
    }
}

/// A canary, which gets a share of the calls.
#[derive(Debug, Clone)]
pub(crate) struct OnRollout {
    pub(crate) generation: u64,
    pub(crate) release: Release,
    /// The share of the calls that it gets, from 0 up to, but not including, 1.
    pub(crate) weight: f64,
    /// The step, from 1, and how many there are.
    pub(crate) step: (usize, usize),
    pub(crate) watch: Arc<Watch>,
    /// What the calls of the stable version come to in the same time.
    pub(crate) stable: Arc<Watch>,
    /// What is open, where somebody has to say how it goes on.
    pub(crate) waits: Option<Vec<String>>,
    /// The strategy that it follows: the slot's own, or one for this upgrade.
    pub(crate) strategy: Strategy,
}

/// A version on trial.
#[derive(Debug, Clone)]
pub(crate) struct OnTrial {
    pub(crate) watch: Arc<Watch>,
    /// What would serve again.
    pub(crate) previous: Serving,
}

/// What [`Host::status`](crate::Host::status) tells of a slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatusSnapshot {
    pub(crate) serves: Option<Serves>,
    pub(crate) phase: Option<Phase>,
    pub(crate) pending: Option<Until>,
    pub(crate) last_refusal: Option<Arc<Refusal>>,
    pub(crate) on_trial: Option<OnTrial>,
    /// A canary, which gets a share of the calls.
    pub(crate) canary: Option<OnRollout>,
    /// The plan that waits for somebody's word.
    pub(crate) awaiting: Option<Arc<Plan>>,
    /// The plan that was made last.
    pub(crate) plan: Option<Arc<Plan>>,
    /// Why the version that serves is not the one that should.
    pub(crate) degraded: Option<String>,
}
