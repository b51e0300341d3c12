//! A slot's supervisor: what only the worker knows of the slot.
//!
//! What it serves and what is on its way are values ([`state`](super::state)); what is done about an
//! input is looked up in [`table`](super::table). How it is done stands in the files beside this one,
//! a step of an upgrade each.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use hotswap_loader::Outdated;
use hotswap_types::{ArtifactHash, Intent};

use super::{
    command::SlotId,
    context::Context,
    ready::Ready,
    recent::Recent,
    restarts::Restarts,
    slot_event::SlotEvent,
    state::{GoingBack, OwnFile, Progress, Reverting, Serving},
    table::{self, Action, Input},
};
use crate::{event::Recovered, instance::Generation, slot::SlotCore, upgrade::Retiring};

/// A slot, and what only the worker knows of it.
pub(super) struct SlotSupervisor {
    pub(super) id: SlotId,
    pub(super) core: Arc<SlotCore>,
    /// Its artifacts lie in a folder that other modules may share.
    pub(super) is_shared: bool,
    /// Where in that folder its module lies.
    pub(super) file: OwnFile,
    pub(super) serving: Serving,
    pub(super) progress: Progress,
    /// A candidate that is ready, and waits.
    pub(super) ready: Option<Ready>,
    /// The path whose upgrade was cancelled, and is tried again.
    pub(super) retry: Option<PathBuf>,
    /// What each path held when it was last looked at.
    pub(super) seen: HashMap<PathBuf, ArtifactHash>,
    pub(super) retiring: Vec<Retiring>,
    pub(super) restarts: Restarts,
    /// Why artifacts are wanted, where somebody has said so.
    pub(super) intents: Recent<Intent>,
    /// The keys that have signed them.
    pub(super) signers: Recent<String>,
    /// Why the artifact at a path is wanted that somebody has offered, until it is read.
    pub(super) offered: Option<(PathBuf, Intent)>,
    /// When a version was rolled back last.
    pub(super) rolled_back: Option<Instant>,
    /// Until when the calls of a first version are measured, for the trial of the next.
    pub(super) measured_until: Option<Instant>,
    /// When its state is backed up next.
    pub(super) next_backup: Option<Instant>,
    /// What is gone back from, once that is committed.
    pub(super) reverting: Option<Reverting>,
    /// Who waits for that.
    pub(super) going_back: Option<GoingBack>,
    /// What is told of its last run, as soon as the artifact serves that it names.
    pub(super) recovered: Option<Recovered>,
    pub(super) told: Told,
}

/// What was told already, and is not told again.
#[derive(Default)]
pub(super) struct Told {
    /// Of paths whose content could not be had.
    pub(super) unstaged: HashMap<PathBuf, (Option<ArtifactHash>, Vec<String>)>,
    /// Risks of lending.
    pub(super) risks: BTreeSet<String>,
    /// Why its artifacts are not watched.
    pub(super) unwatched: Option<String>,
    /// Libraries that it needs.
    pub(super) outdated: Option<Outdated>,
    /// Why its state was not backed up.
    pub(super) not_backed_up: Option<String>,
}

impl SlotSupervisor {
    pub(super) fn new(id: SlotId, core: Arc<SlotCore>, is_shared: bool) -> Self {
        Self {
            id,
            core,
            is_shared,
            file: OwnFile::default(),
            serving: Serving::Nothing,
            progress: Progress::Idle,
            ready: None,
            retry: None,
            seen: HashMap::new(),
            retiring: Vec::new(),
            restarts: Restarts::default(),
            intents: Recent::default(),
            signers: Recent::default(),
            offered: None,
            rolled_back: None,
            measured_until: None,
            next_backup: None,
            reverting: None,
            going_back: None,
            recovered: None,
            told: Told::default(),
        }
    }

    /// Something happens to it.
    pub(super) fn emit(&self, cx: &Context, event: SlotEvent) {
        cx.shared.emit(&self.core, false, event);
    }

    /// What is done about an input, as the slot is.
    pub(super) fn on(&self, input: Input) -> Action {
        table::action(self.serving.kind(), self.progress.kind(), input)
    }

    /// The instance that serves.
    pub(super) fn instance(&self) -> Option<Arc<Generation>> {
        self.core.gate().map(|gate| gate.current().1)
    }

    /// The artifact that serves.
    pub(super) fn artifact(&self) -> Option<ArtifactHash> {
        self.core.serves().and_then(|serves| serves.code.artifact)
    }

    /// When something of it is to be looked at.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let looks = [
            self.serving.on_trial().map(|trial| trial.next_look),
            self.measured_until,
            self.next_backup,
            self.ready.as_ref().and_then(|ready| ready.schedule.next_look()),
            self.progress.expires(),
        ];
        looks.into_iter().flatten().min()
    }

    /// Whether a candidate that is ready is to be looked at.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let next = self.ready.as_ref().and_then(|ready| ready.schedule.next_look());
        next.is_some_and(|at| at <= now)
    }
}
