//! What a slot is in the middle of, as values. [`table`](super::table) says what may come of them.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc::SyncSender},
    time::Instant,
};

use hotswap_types::ArtifactHash;

use super::{candidate::Candidate, on_trial::OnTrial, table, trigger::Trigger};
use crate::{
    event::Refusal,
    journal::Build,
    plan::Plan,
    rehearsal::Running,
    upgrade::{Admitted, Assessed, Baseline},
};

/// What a slot serves.
pub(super) enum Serving {
    Nothing,
    /// It was committed, or there is nothing to go back to.
    Stable,
    /// The version before is kept ready.
    OnTrial(Box<OnTrial>),
}

/// What is on its way to a slot, as far as somebody else has to go on with it: a child, or a person.
pub(super) enum Progress {
    Idle,
    Rehearsing(Rehearsing),
    AwaitingApproval(Awaiting),
}

/// An artifact that is rehearsed. Whoever takes it out of its slot without its outcome calls it off:
/// the child is killed and the thread joined before the worker goes on.
pub(super) struct Rehearsing {
    /// An outcome counts for the rehearsal that it is of.
    pub(super) number: u64,
    pub(super) assessed: Assessed,
    /// An outcome counts against the instance that it was made with.
    pub(super) baseline: Baseline,
    pub(super) candidate: Candidate,
    pub(super) running: Running,
}

/// A candidate that waits for somebody's word.
pub(super) struct Awaiting {
    pub(super) admitted: Admitted,
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
    pub(super) reply: SyncSender<Result<(), String>>,
}

/// What is known of a slot's file in a folder.
#[derive(Debug, Default)]
pub(super) struct OwnFile {
    pub(super) path: Option<PathBuf>,
    /// Others with the same module, which were refused.
    pub(super) others: Vec<PathBuf>,
}

impl GoingBack {
    /// Its rejection is forgotten, if it is of this artifact.
    pub(super) fn forget(&mut self, artifact: ArtifactHash) -> bool {
        self.rejected.take_if(|_| self.to.artifact == artifact).is_some()
    }
}

impl Serving {
    pub(super) const fn kind(&self) -> table::Serving {
        match self {
            Self::Nothing => table::Serving::Nothing,
            Self::Stable => table::Serving::Stable,
            Self::OnTrial(_) => table::Serving::OnTrial,
        }
    }

    pub(super) const fn on_trial(&self) -> Option<&OnTrial> {
        if let Self::OnTrial(on_trial) = self { Some(on_trial) } else { None }
    }

    pub(super) const fn on_trial_mut(&mut self) -> Option<&mut OnTrial> {
        if let Self::OnTrial(on_trial) = self { Some(on_trial) } else { None }
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

impl Progress {
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

    /// Has a child killed, and does not wait for that.
    pub(super) fn end_child(&mut self) {
        if let Self::Rehearsing(it) = self {
            it.running.call_off();
        }
    }

    /// When nobody's word is waited for any longer.
    pub(super) const fn expires(&self) -> Option<Instant> {
        if let Self::AwaitingApproval(it) = self { Some(it.expires) } else { None }
    }

    /// Takes a rehearsal out of it: the one with a number, or whichever.
    pub(super) fn take_rehearsing(&mut self, number: Option<u64>) -> Option<Rehearsing> {
        match std::mem::replace(self, Self::Idle) {
            Self::Rehearsing(it) if number.is_none_or(|number| number == it.number) => Some(it),
            other => {
                *self = other;
                None
            }
        }
    }

    pub(super) fn take_awaiting(&mut self) -> Option<Awaiting> {
        match std::mem::replace(self, Self::Idle) {
            Self::AwaitingApproval(it) => Some(it),
            other => {
                *self = other;
                None
            }
        }
    }
}
