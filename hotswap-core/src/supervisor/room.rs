//! Whether there is room for an upgrade: looked for before anything is touched. The decision is in
//! `upgrade/room.rs`.

use std::{fs, path::Path};

use super::{candidate::Candidate, context::Context, slot::SlotSupervisor, trigger::Trigger};
use crate::{
    machine::free::{self, Memory},
    upgrade::{Assessed, Fault, Handover, RoomIn, Sizes, copies, has_room, memory_has_room},
};

impl Context {
    /// Whether the private folder has room for a copy of what lies at a path.
    pub(super) fn room_for_copy(&self, path: &Path) -> Result<(), Fault> {
        // What is not there, or cannot be read, is told by who reads it.
        let (Some(artifacts), Ok(meta)) = (&self.artifacts, fs::metadata(path)) else {
            return Ok(());
        };
        // It is refused for that.
        if !meta.is_file() || meta.len() > self.shared.config.max_artifact_bytes {
            return Ok(());
        }
        let folder = artifacts.folder.path();
        let sizes = Sizes { artifact: meta.len(), state: 0, copies: 0 };
        has_room(RoomIn::Copies(folder), sizes, free::on_disk(folder))
    }
}

impl SlotSupervisor {
    /// Whether the journal and the memory have room for the upgrade to an artifact that fits.
    pub(super) fn room_for(
        &self,
        cx: &Context,
        assessed: Assessed,
        candidate: &Candidate,
    ) -> Result<Assessed, Fault> {
        // What begins a run needs no room beside something that serves.
        if candidate.trigger == Trigger::Recovery {
            return Ok(assessed);
        }
        let artifact = assessed.inspected.staged.size();
        let state = self.state_size(cx).unwrap_or(0);
        let sizes = Sizes { artifact, state, copies: self.copies(cx, &assessed.handover) };
        if let Some(folder) = cx.shared.config.journal() {
            has_room(RoomIn::Journal(&folder), sizes, free::on_disk(&folder))?;
        }
        if self.core.gate().is_some() {
            memory_has_room(&Memory::now(), sizes)?;
        }
        Ok(assessed)
    }

    /// How often memory has to hold a slot's state on the way to a candidate.
    pub(super) fn copies(&self, cx: &Context, handover: &Handover) -> u64 {
        copies(handover, self.core.settings.rehearsal.is_some(), cx.shared.journal.is_some())
    }

    /// How large a slot's state was when it was last looked at, encoded.
    pub(super) fn state_size(&self, cx: &Context) -> Option<u64> {
        let core = &self.core;
        let journal = cx.shared.journal.as_ref().map(|journal| journal.lock());
        let backed_up =
            journal.and_then(|journal| Some(journal.record(&core.name)?.backups.last()?.size));
        // What the journal has is the newest.
        backed_up.or_else(|| core.state_size())
    }
}
