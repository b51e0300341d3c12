//! The artifacts that a slot does not take: they were rejected by their own fault, or rolled back.
//!
//! They are kept in memory for the life of the host. A journal keeps those that were rejected from
//! the phase `Loaded` on for later runs as well.

use std::{collections::HashMap, sync::Arc};

use hotswap_types::ArtifactHash;
use parking_lot::Mutex;

use crate::event::Refusal;

/// So many artifacts are remembered. One that is forgotten is judged anew when it comes again.
const MOST: usize = 1024;

/// Artifacts that are not tried again until they change or are cleared, each with the reason.
///
/// Only the worker changes it; anybody may look.
#[derive(Debug, Default)]
pub(crate) struct Quarantine(Mutex<Rejected>);

#[derive(Debug, Default)]
struct Rejected {
    by_hash: HashMap<ArtifactHash, (u64, Arc<Refusal>)>,
    /// How many were ever put in.
    count: u64,
}

impl Quarantine {
    pub(crate) fn insert(&self, artifact: ArtifactHash, refusal: Arc<Refusal>) {
        let mut rejected = self.0.lock();
        rejected.count += 1;
        let number = rejected.count;
        rejected.by_hash.insert(artifact, (number, refusal));
        if rejected.by_hash.len() > MOST {
            let oldest = rejected.by_hash.iter().min_by_key(|(_, (number, _))| *number);
            if let Some(oldest) = oldest.map(|(artifact, _)| *artifact) {
                rejected.by_hash.remove(&oldest);
            }
        }
    }

    pub(crate) fn get(&self, artifact: ArtifactHash) -> Option<Arc<Refusal>> {
        self.0.lock().by_hash.get(&artifact).map(|(_, refusal)| Arc::clone(refusal))
    }

    pub(crate) fn remove(&self, artifact: ArtifactHash) -> Option<Arc<Refusal>> {
        self.0.lock().by_hash.remove(&artifact).map(|(_, refusal)| refusal)
    }

    pub(crate) fn retain(&self, mut stays: impl FnMut(&Refusal) -> bool) {
        self.0.lock().by_hash.retain(|_, (_, refusal)| stays(refusal));
    }

    /// All of them, the newest first.
    pub(crate) fn all(&self) -> Vec<Arc<Refusal>> {
        let rejected = self.0.lock();
        let mut all: Vec<_> = rejected.by_hash.values().collect();
        all.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        all.into_iter().map(|(_, refusal)| Arc::clone(refusal)).collect()
    }
}
