//! What the slots of a host have in common on the worker's thread.

use std::{collections::BTreeMap, sync::Arc, sync::mpsc::Sender};

use hotswap_abi::__private::same_build::Packages;
use hotswap_loader::{fs::PrivateFolder, steps::Steps};
use hotswap_watch::{Notice, SourceId, Watcher};

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
        })
    }

    pub(super) fn tell(&self, slot: &str, kind: EventKind) {
        self.shared.tell(slot, kind);
    }
}
