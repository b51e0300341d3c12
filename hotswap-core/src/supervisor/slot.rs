//! A slot's supervisor: what only the worker knows of the slot.
//!
//! What it serves and what is on its way are values ([`state`](super::state)); what is done about an
//! input is looked up in [`table`](super::table), what about a candidate is decided in
//! [`candidates`](super::candidates). How it is done stands in the files beside this one, a step of an
//! upgrade each.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_loader::Outdated;
use hotswap_types::ArtifactHash;
use hotswap_watch::{Backoff, Pending};

use super::{
    candidates::Candidates,
    command::SlotId,
    context::Context,
    recent::Recent,
    restarts::Restarts,
    slot_event::SlotEvent,
    state::{OwnFile, Progress, Serving},
    table::{self, Action, Input},
};
use crate::{
    config::{Config, Place},
    event::Recovered,
    instance::Generation,
    slot::SlotCore,
    upgrade::Retiring,
};

const MS: Duration = Duration::from_millis(1);
/// Calls that panic again and again are told so often.
const BREATH: Duration = Duration::from_secs(1);

/// A slot, and what only the worker knows of it.
pub(super) struct SlotSupervisor {
    pub(super) id: SlotId,
    pub(super) core: Arc<SlotCore>,
    /// Its artifacts lie in a folder that other modules may share.
    pub(super) is_shared: bool,
    /// Where in that folder its module lies.
    pub(super) file: OwnFile,
    pub(super) serving: Serving,
    pub(super) candidates: Candidates,
    pub(super) retiring: Vec<Retiring>,
    pub(super) restarts: Restarts,
    /// The keys that have signed artifacts.
    pub(super) signers: Recent<String>,
    /// When a version was rolled back last.
    pub(super) rolled_back: Option<Instant>,
    /// Until when the calls of a first version are measured, for the trial of the next.
    pub(super) measured_until: Option<Instant>,
    /// When its state is backed up next.
    pub(super) next_backup: Option<Instant>,
    /// What is told of its last run, as soon as the artifact serves that it names.
    pub(super) recovered: Option<Recovered>,
    pub(super) told: Told,
    pub(super) timers: Timers,
}

/// When something is done again.
pub(super) struct Timers {
    /// Generations with callers inside.
    pub(super) leaving: Pending<u64>,
    /// Its artifacts cannot be watched.
    pub(super) unwatched: Pending<()>,
    /// Calls have panicked a moment ago.
    pub(super) panics: Pending<()>,
    /// Its instance is to be replaced by another one of the same code.
    pub(super) unstarted: Pending<()>,
}

/// What was told already, and is not told again.
#[derive(Default)]
pub(super) struct Told {
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
    pub(super) fn new(id: SlotId, core: Arc<SlotCore>, config: &Config) -> Self {
        let (first, most) = config.retry_delays;
        let slow = Backoff::new(first, most, 10);
        Self {
            id,
            is_shared: matches!(core.settings.source, Some(Place::Folder(_))),
            file: OwnFile::default(),
            serving: Serving::Nothing,
            candidates: Candidates::new(Arc::clone(&core), slow),
            core,
            retiring: Vec::new(),
            restarts: Restarts::default(),
            signers: Recent::default(),
            rolled_back: None,
            measured_until: None,
            next_backup: None,
            recovered: None,
            told: Told::default(),
            timers: Timers {
                leaving: Pending::new(Backoff::new(50 * MS, 5000 * MS, u32::MAX)),
                unwatched: Pending::new(Backoff::new(1000 * MS, 60_000 * MS, u32::MAX)),
                panics: Pending::new(Backoff::new(BREATH, BREATH, u32::MAX)),
                unstarted: Pending::new(slow),
            },
        }
    }

    /// Something happens to it.
    pub(super) fn emit(&self, cx: &Context, event: SlotEvent) {
        cx.shared.emit(&self.core, false, event);
    }

    /// Has a rehearsal's child killed, and does not wait for that.
    pub(super) fn end_child(&mut self) {
        if let Progress::Rehearsing(it) = &mut self.candidates.progress {
            it.rehearsal.running.call_off();
        }
    }

    /// What is done about an input, as the slot is.
    pub(super) fn on(&self, input: Input) -> Action {
        table::action(self.serving.kind(), self.candidates.progress.kind(), input)
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
            self.serving.rollout().map(|rollout| rollout.next_look),
            self.measured_until,
            self.next_backup,
            self.candidates.next_look(),
            self.timers.leaving.next_deadline(),
            self.timers.unwatched.next_deadline(),
            self.timers.panics.next_deadline(),
            self.timers.unstarted.next_deadline(),
        ];
        looks.into_iter().flatten().min()
    }
}
