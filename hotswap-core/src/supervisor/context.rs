//! What the slots of a host have in common on the worker's thread.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, sync::mpsc::Sender, time::Duration};

use hotswap_abi::__private::same_build::Packages;
use hotswap_loader::{fs::PrivateFolder, steps::Steps};
use hotswap_watch::{Backoff, Notice, Pending, SourceId, Watcher};

#[cfg(feature = "cargo")]
use super::building::Building;
use super::{
    command::{Command, SlotId},
    shared::Shared,
};
use crate::{
    error::{Error, Reason},
    event::EventKind,
};

/// Calls that panic again and again are told so often.
const BREATH: Duration = Duration::from_secs(1);

/// What the slots of a host have in common on the worker's thread.
pub(super) struct Context {
    pub(super) shared: Arc<Shared>,
    /// Private copies and the watch: a host of built-in modules alone needs neither.
    pub(super) artifacts: Option<Artifacts>,
    #[cfg(feature = "cargo")]
    pub(super) building: Building,
    pub(super) steps: Steps,
    /// How threads of its own reach the worker.
    pub(super) commands: Sender<Command>,
    /// How many rehearsals there were.
    pub(super) rehearsals: u64,
    /// What the modules are built from that the host has lent values of its own to.
    pub(super) lent: Vec<Packages>,
    pub(super) sources: BTreeMap<SourceId, SlotId>,
    /// Paths with new content, and those that are tried again.
    pub(super) paths: Pending<(SlotId, PathBuf)>,
    /// Upgrades that were cancelled.
    pub(super) cancelled: Pending<(SlotId, PathBuf)>,
    /// Generations with callers inside.
    pub(super) leaving: Pending<(SlotId, u64)>,
    /// Slots whose artifacts cannot be watched.
    pub(super) unwatched: Pending<SlotId>,
    /// Slots whose calls have panicked a moment ago.
    pub(super) panics: Pending<SlotId>,
    /// Slots whose instance is to be replaced by another one of the same code.
    pub(super) unstarted: Pending<SlotId>,
}

pub(super) struct Artifacts {
    pub(super) folder: PrivateFolder,
    pub(super) watcher: Watcher,
}

impl Context {
    pub(super) fn new(shared: Arc<Shared>, commands: &Sender<Command>) -> Result<Self, Error> {
        let config = &shared.config;
        let notices = commands.clone();
        let sink = move |notice: Notice| {
            // Fails only when the worker has ended.
            let _ = notices.send(Command::Notice(notice));
        };
        let artifacts = if shared.settings.values().any(|slot| slot.source.is_some()) {
            let folder = config.private_copies().map_err(Reason::Folder)?;
            let watcher = Watcher::start(config.backend, sink).map_err(Reason::Watch)?;
            Some(Artifacts { folder, watcher })
        } else {
            None
        };
        let (first, most) = config.retry_delays;
        let slow = Backoff::new(first, most, 10);
        let leaving = Backoff::new(Duration::from_millis(50), Duration::from_secs(5), u32::MAX);
        let unwatched = Backoff::new(Duration::from_secs(1), Duration::from_secs(60), u32::MAX);
        #[cfg(feature = "cargo")]
        let building = Building::start(&shared, commands)?;
        Ok(Self {
            shared,
            artifacts,
            #[cfg(feature = "cargo")]
            building,
            steps: Steps::default(),
            commands: commands.clone(),
            rehearsals: 0,
            lent: Vec::new(),
            sources: BTreeMap::new(),
            paths: Pending::new(Backoff::default()),
            cancelled: Pending::new(slow),
            leaving: Pending::new(leaving),
            unwatched: Pending::new(unwatched),
            panics: Pending::new(Backoff::new(BREATH, BREATH, u32::MAX)),
            unstarted: Pending::new(slow),
        })
    }

    pub(super) fn tell(&self, slot: &str, kind: EventKind) {
        self.shared.tell(slot, kind);
    }
}
