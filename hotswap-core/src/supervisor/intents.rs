//! Why artifacts are wanted: as somebody has said of one, or as the slot is configured.

use hotswap_types::{ArtifactHash, Intent, Purpose};

use super::slot::SlotSupervisor;

impl SlotSupervisor {
    /// Why an artifact of a slot is wanted.
    pub(super) fn intent_of(&self, artifact: ArtifactHash) -> Intent {
        let reverting = self.reverting.as_ref().filter(|it| it.to == artifact);
        match (reverting, self.intents.of(artifact)) {
            (Some(reverting), _) => Intent::new(Purpose::Revert).with_why(&reverting.why),
            (None, Some(intent)) => intent.clone(),
            (None, None) => self.core.settings.intent.clone(),
        }
    }
}
