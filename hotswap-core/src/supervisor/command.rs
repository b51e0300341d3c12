//! What a host's worker is told, by whomever.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc::SyncSender},
};

use hotswap_loader::UnloadEvent;
use hotswap_types::{ArtifactHash, Intent};
use hotswap_watch::Notice;
use semver::Version;

use super::{offer::Offered, promise::Promise};
use crate::{
    event::Refusal,
    instance::Resident,
    journal::{Backup, RevertTarget},
    plan::Plan,
    rehearsal::ChildEvent,
    slot::SlotCore,
};

/// A slot's place in the order in which the slots were opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SlotId(pub(super) usize);

/// Whether an order is still wanted; asked by the worker, before it does it.
pub(crate) type StillWanted = Arc<dyn Fn() -> bool + Send + Sync>;

/// The plan for an artifact that would be taken, or how it would be refused.
pub(crate) type Judgement = Result<Arc<Plan>, Arc<Refusal>>;

/// Whether a trial, or a step of it, has ended as it was to, or why not; `None` where nothing is on trial.
pub(crate) type TrialEnd = Option<Result<(), Vec<String>>>;

/// What the worker is told.
pub(crate) enum Command {
    /// From the watcher.
    Notice(Notice),
    /// From cargo.
    #[cfg(feature = "cargo")]
    Build(hotswap_watch::cargo::Report),
    /// A slot was asked for.
    Open(Arc<SlotCore>),
    /// Let every prepared artifact take over, or that of one slot.
    Apply(Option<String>, Promise<usize>),
    /// Give up the callers inside a slot.
    Abandon(String, SyncSender<bool>),
    /// Put a new instance of the same code in the place of the one that serves.
    Restart(String, SyncSender<Result<(), String>>),
    /// Somebody says yes to an artifact that waits for it.
    Approve { artifact: ArtifactHash, by: String, reply: SyncSender<Result<bool, String>> },
    /// Somebody says no to it.
    Reject { artifact: ArtifactHash, by: String, why: String, reply: SyncSender<bool> },
    /// Somebody says why an artifact is wanted.
    Intend { slot: String, artifact: ArtifactHash, intent: Intent },
    /// ChildEvent of a slot's rehearsal, by its number.
    Rehearsed { slot: SlotId, number: u64, event: ChildEvent },
    /// Commit what is on trial.
    Commit { slot: String, why: String, reply: SyncSender<TrialEnd> },
    /// End the step that a canary is in.
    Promote { slot: String, why: String, reply: SyncSender<TrialEnd> },
    /// Roll back what is on trial.
    RollBack { slot: String, why: String, reply: SyncSender<TrialEnd> },
    /// A call into a generation has panicked.
    Panicked(String, u64),
    /// Look at all artifacts again.
    Rescan,
    /// What becomes of a generation that nobody owns any more.
    Unload(String, Arc<Resident>, UnloadEvent),
    /// Forget that an artifact was rejected.
    Clear(ArtifactHash, SyncSender<bool>),
    /// Let a module go below its floor, once.
    AllowDowngrade { module: String, version: Version, reply: SyncSender<()> },
    /// Back up the state of a slot.
    Checkpoint(String, SyncSender<Result<Backup, String>>),
    /// Put a backup in the place of the state that serves.
    Restore { slot: String, backup: u64, reply: SyncSender<Result<(), String>> },
    /// Go back to an artifact that was committed before.
    Revert {
        slot: String,
        earlier: RevertTarget,
        why: String,
        reply: SyncSender<Result<(), String>>,
    },
    /// Take an artifact through an upgrade that somebody offers.
    Offer {
        slot: String,
        path: PathBuf,
        intent: Intent,
        reply: SyncSender<Result<Offered, String>>,
    },
    /// Say what an upgrade to an artifact would be.
    Judge { slot: String, path: PathBuf, reply: SyncSender<Result<Judgement, String>> },
    /// Do something, if it is still wanted.
    IfWanted(StillWanted, Box<Self>),
    /// A pause is over.
    Resumed,
    /// The end.
    End,
}
