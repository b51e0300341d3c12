//! Why artifacts are wanted: as somebody has said of one, or as the slot is configured.

use hotswap_types::{ArtifactHash, Intent, Purpose};

use super::Worker;

impl Worker {
    /// Somebody says why an artifact of a slot is wanted.
    pub(super) fn intend(&mut self, index: usize, artifact: ArtifactHash, intent: Intent) {
        self.slots[index].intents.put(artifact, intent);
    }

    pub(super) fn intend_by_name(&mut self, name: &str, artifact: ArtifactHash, intent: Intent) {
        if let Some(index) = self.slots.iter().position(|slot| &*slot.core.name == name) {
            self.intend(index, artifact, intent);
        }
    }

    /// Why an artifact of a slot is wanted.
    pub(super) fn intent_of(&self, index: usize, artifact: ArtifactHash) -> Intent {
        let slot = &self.slots[index];
        let reverting = slot.reverting.as_ref().filter(|it| it.to == artifact);
        match (reverting, slot.intents.of(artifact)) {
            (Some(reverting), _) => Intent::new(Purpose::Revert).with_why(&reverting.why),
            (None, Some(intent)) => intent.clone(),
            (None, None) => self.shared.config.intent_of(&slot.core.name).clone(),
        }
    }
}
