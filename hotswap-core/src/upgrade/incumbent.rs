//! The module that a state would come from: the one that serves, or before anything has served, the
//! one that has left its state in an earlier run.

use std::sync::Arc;

use hotswap_abi::{__private::manifest::StateVersion, Manifest};

use crate::{slot::SlotCore, snapshot::Snapshot};

/// The module that a state would come from.
#[derive(Debug, Clone)]
pub(crate) struct Incumbent {
    pub(crate) manifest: Arc<Manifest>,
    /// What a finding calls it.
    pub(crate) is: &'static str,
    /// What a finding says of its version.
    pub(crate) whose: &'static str,
    /// Its state can be taken: no module code hangs in it.
    pub(crate) is_free: bool,
    /// It serves: it can write its state in an older version.
    pub(crate) serves: bool,
    /// The last states of older versions that were kept, the newest version first.
    pub(crate) kept: Vec<Arc<Snapshot>>,
    /// The version of its state that is stored, if not its own.
    stored: Option<u32>,
}

impl Incumbent {
    /// The predecessor of a slot's next generation.
    pub(crate) fn of(slot: &SlotCore) -> Option<Self> {
        if let Some(serves) = slot.serves() {
            let is_free = slot.gate().is_none_or(|gate| gate.current().1.condition().is_free());
            let kept = slot.undo.lock().versions();
            return Some(Self { kept, ..Self::serving(&serves.code.manifest, is_free) });
        }
        Some(Self::stored(&slot.checkpoint()?.snapshot))
    }

    /// The one that serves.
    pub(crate) fn serving(manifest: &Arc<Manifest>, is_free: bool) -> Self {
        Self {
            manifest: Arc::clone(manifest),
            is: "serving",
            whose: "that serves",
            is_free,
            serves: true,
            kept: Vec::new(),
            stored: None,
        }
    }

    /// The one that has written a snapshot.
    pub(crate) fn stored(snapshot: &Snapshot) -> Self {
        Self {
            manifest: Arc::clone(&snapshot.manifest),
            is: "stored",
            whose: "that is stored",
            is_free: true,
            serves: false,
            kept: Vec::new(),
            stored: Some(snapshot.state().version),
        }
    }

    /// The state that it hands over.
    pub(crate) fn state(&self) -> Option<&StateVersion> {
        match self.stored {
            None => self.manifest.state(),
            Some(version) => self.manifest.states.iter().find(|state| state.version == version),
        }
    }
}
