//! What a slot is in the middle of, as values. [`table`](super::table) says what may come of them.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc::SyncSender},
    time::Instant,
};

use hotswap_types::ArtifactHash;

use super::{candidate::Candidate, on_trial::OnTrial, rollout::Rollout, table, trigger::Trigger};
use crate::{
    event::Refusal,
    journal::Build,
    plan::Plan,
    rehearsal::Running,
    upgrade::{Admitted, Assessed, Baseline, Prepared},
};

/// What the steps of an upgrade have made of an artifact so far. A slot's decisions hand it on and
/// never look into it, so their tests need no files and no threads.
pub(super) trait Work {
    type Rehearsal;
    type Admitted;
    type Prepared;
}

/// What a host does.
pub(super) enum Real {}

impl Work for Real {
    type Rehearsal = Rehearsal;
    type Admitted = Admitted;
    type Prepared = Prepared;
}

/// What a rehearsal is of, and the child; whoever drops it has that killed and the thread joined.
pub(super) struct Rehearsal {
    pub(super) assessed: Assessed,
    /// An outcome counts against the instance that it was made with.
    pub(super) baseline: Baseline,
    pub(super) running: Running,
}

/// What a slot serves.
pub(super) enum Serving {
    Nothing,
    /// It was committed, or there is nothing to go back to.
    Stable,
    /// The version before is kept ready.
    OnTrial(Box<OnTrial>),
    /// The stable version serves, and another one beside it. What comes finds it on trial as well.
    RollingOut(Box<Rollout>),
}

/// What is on its way to a slot, as far as somebody else has to go on with it: a child, or a person.
pub(super) enum Progress<W: Work = Real> {
    Idle,
    Rehearsing(Rehearsing<W>),
    AwaitingApproval(Awaiting<W>),
}

/// An artifact that is rehearsed.
pub(super) struct Rehearsing<W: Work = Real> {
    /// An outcome counts for the rehearsal that it is of.
    pub(super) number: u64,
    pub(super) rehearsal: W::Rehearsal,
    pub(super) candidate: Candidate,
}

/// A candidate that waits for somebody's word.
pub(super) struct Awaiting<W: Work = Real> {
    pub(super) admitted: W::Admitted,
    pub(super) plan: Arc<Plan>,
    pub(super) expires: Instant,
    pub(super) candidate: Candidate,
}

/// An artifact that is gone back to, until it is committed.
pub(super) struct Reverting {
    pub(super) to: ArtifactHash,
    pub(super) why: String,
    /// What is not to come again by itself then.
    pub(super) from: Option<Build>,
}

/// Somebody waits until an artifact serves that is to be gone back to, or does not.
pub(super) struct GoingBack {
    pub(super) to: Build,
    pub(super) path: PathBuf,
    /// Why it was rejected before.
    pub(super) rejected: Option<Arc<Refusal>>,
    /// Where the answer goes; a reason, if it is not gone back.
    pub(super) reply: RevertReply,
}

pub(super) type RevertReply = SyncSender<Result<(), String>>;

/// What is known of a slot's file in a folder.
#[derive(Debug, Default)]
pub(super) struct OwnFile {
    pub(super) path: Option<PathBuf>,
    /// Others with the same module, which were refused.
    pub(super) others: Vec<PathBuf>,
}

impl Serving {
    pub(super) const fn kind(&self) -> table::Serving {
        match self {
            Self::Nothing => table::Serving::Nothing,
            Self::Stable => table::Serving::Stable,
            Self::OnTrial(_) | Self::RollingOut(_) => table::Serving::OnTrial,
        }
    }

    pub(super) const fn on_trial(&self) -> Option<&OnTrial> {
        if let Self::OnTrial(on_trial) = self { Some(on_trial) } else { None }
    }

    pub(super) const fn on_trial_mut(&mut self) -> Option<&mut OnTrial> {
        if let Self::OnTrial(on_trial) = self { Some(on_trial) } else { None }
    }

    /// What serves beside the stable version.
    pub(super) const fn rollout(&self) -> Option<&Rollout> {
        if let Self::RollingOut(rollout) = self { Some(rollout) } else { None }
    }

    pub(super) const fn rollout_mut(&mut self) -> Option<&mut Rollout> {
        if let Self::RollingOut(rollout) = self { Some(rollout) } else { None }
    }

    /// Ends what serves side by side, for good or until it is put back.
    pub(super) fn take_rollout(&mut self) -> Option<Box<Rollout>> {
        match std::mem::replace(self, Self::Stable) {
            Self::RollingOut(rollout) => Some(rollout),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Ends a trial, for good or until it is put back.
    pub(super) fn take_trial(&mut self) -> Option<Box<OnTrial>> {
        match std::mem::replace(self, Self::Stable) {
            Self::OnTrial(on_trial) => Some(on_trial),
            other => {
                *self = other;
                None
            }
        }
    }
}

impl<W: Work> Progress<W> {
    pub(super) fn kind(&self) -> table::Progress {
        match self {
            Self::Idle => table::Progress::Idle,
            Self::Rehearsing(it) if it.candidate.trigger == Trigger::Revert => {
                table::Progress::RehearsingRevert
            }
            Self::Rehearsing(_) => table::Progress::Rehearsing,
            Self::AwaitingApproval(_) => table::Progress::AwaitingApproval,
        }
    }

    /// What is on its way.
    pub(super) const fn candidate(&self) -> Option<&Candidate> {
        match self {
            Self::Idle => None,
            Self::Rehearsing(it) => Some(&it.candidate),
            Self::AwaitingApproval(it) => Some(&it.candidate),
        }
    }

    /// The artifact that is on its way.
    pub(super) fn artifact(&self) -> Option<ArtifactHash> {
        self.candidate().map(|it| it.artifact)
    }

    /// Whether an artifact waits for somebody's word.
    pub(super) fn awaits(&self, artifact: ArtifactHash) -> bool {
        matches!(self, Self::AwaitingApproval(it) if it.plan.artifact == artifact)
    }

    /// When nobody's word is waited for any longer.
    pub(super) const fn expires(&self) -> Option<Instant> {
        if let Self::AwaitingApproval(it) = self { Some(it.expires) } else { None }
    }

    /// Takes a rehearsal out of it: the one with a number, or whichever.
    pub(super) fn take_rehearsing(&mut self, number: Option<u64>) -> Option<Rehearsing<W>> {
        match std::mem::replace(self, Self::Idle) {
            Self::Rehearsing(it) if number.is_none_or(|number| number == it.number) => Some(it),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Takes what waits for somebody's word out of it.
    pub(super) fn take_awaiting(&mut self) -> Option<Awaiting<W>> {
        match std::mem::replace(self, Self::Idle) {
            Self::AwaitingApproval(it) => Some(it),
            other => {
                *self = other;
                None
            }
        }
    }
}
