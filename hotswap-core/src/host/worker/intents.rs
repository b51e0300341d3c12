//! Why artifacts are wanted: as somebody has said of one, or as the slot is configured.

use std::collections::VecDeque;

use super::Worker;
use crate::{
    plan::{Intent, Purpose},
    upgrade::ArtifactHash,
};

/// So many artifacts of a slot have an intent of their own.
const MOST: usize = 64;

/// What was said of a slot's artifacts, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Intents(VecDeque<(ArtifactHash, Intent)>);

impl Intents {
    fn put(&mut self, artifact: ArtifactHash, intent: Intent) {
        self.0.retain(|(known, _)| *known != artifact);
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((artifact, intent));
    }

    fn of(&self, artifact: ArtifactHash) -> Option<&Intent> {
        self.0.iter().find(|(known, _)| *known == artifact).map(|(_, intent)| intent)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_and_the_oldest_are_forgotten() {
        let hash = |n: usize| ArtifactHash::of(&n.to_le_bytes());
        let mut intents = Intents::default();
        intents.put(hash(0), Intent::new(Purpose::Fix));
        for n in 1..=MOST {
            intents.put(hash(n), Intent::new(Purpose::Feature));
        }
        assert_eq!(intents.of(hash(0)), None);
        intents.put(hash(1), Intent::new(Purpose::Security));
        assert_eq!(intents.of(hash(1)).unwrap().purpose, Purpose::Security);
        assert_eq!(intents.0.len(), MOST);
    }
}
