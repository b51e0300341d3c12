//! What is known of the artifacts that a slot has seen lately.

use std::collections::VecDeque;

use hotswap_types::ArtifactHash;

/// So many artifacts of a slot are remembered.
const MOST: usize = 64;

/// Something of each artifact, the one that was heard of longest ago first.
#[derive(Debug)]
pub(super) struct Recent<T>(VecDeque<(ArtifactHash, T)>);

impl<T> Recent<T> {
    pub(super) fn put(&mut self, artifact: ArtifactHash, known: T) {
        self.0.retain(|(other, _)| *other != artifact);
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((artifact, known));
    }

    pub(super) fn of(&self, artifact: ArtifactHash) -> Option<&T> {
        self.0.iter().find(|(other, _)| *other == artifact).map(|(_, known)| known)
    }
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_and_the_oldest_are_forgotten() {
        let hash = |n: usize| ArtifactHash::of(&n.to_le_bytes());
        let mut recent = Recent::default();
        recent.put(hash(0), "first");
        for n in 1..=MOST {
            recent.put(hash(n), "later");
        }
        assert_eq!(recent.of(hash(0)), None);
        recent.put(hash(1), "last");
        assert_eq!(recent.of(hash(1)), Some(&"last"));
        assert_eq!(recent.0.len(), MOST);
    }
}
