//! What is kept of states that have gone over: what was taken out of one, what an older version can
//! read, and the last one.

use std::sync::Arc;

use hotswap_abi::__private::state::Carried;
use hotswap_types::StateNote;

use super::{Handover, Prepared, Upgrade, assess};
use crate::{config::StateDrift, snapshot::Snapshot};

impl Upgrade<'_> {
    /// A state that was carried by name serves from now on.
    pub(super) fn carried(&self, carried: Option<Carried>) {
        if let Some(carried) = carried {
            self.slot.undo.lock().carried(carried);
        }
    }

    /// What is handed over where the version that serves cannot write its state in an older version.
    pub(super) fn kept_version(&self, prepared: &Prepared) -> Option<(Arc<Snapshot>, Handover)> {
        let (kept, manifest) = (self.slot.undo.lock().versions(), &prepared.code().manifest);
        assess::kept_version(&prepared.handover, manifest, kept, self.config.state_drift)
    }

    /// Keeps the last state of a version that was migrated to a newer one.
    pub(super) fn leave_behind(&self, state: &Arc<Snapshot>, note: &StateNote) {
        let keeps = self.config.state_drift == StateDrift::CarryByName;
        if keeps && matches!(note, StateNote::Migrated { .. }) {
            let is_kept = self.slot.undo.lock().left_behind(state);
            if !is_kept {
                let (slot, bytes) = (&*self.slot.name, state.size());
                tracing::warn!(slot, bytes, "the state before this migration is too large to keep");
            }
        }
    }

    /// Keeps what is left of a state if its instance has to be given up, and in any case how large it
    /// was.
    pub(super) fn remember(&self, state: Arc<Snapshot>) {
        self.slot.set_state_size(state.size() as u64);
        if self.slot.settings.keeps_last_state {
            self.slot.set_last_state(state);
        }
    }
}
