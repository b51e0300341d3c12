//! Artifacts that are looked at later: something else comes first.

use std::{
    collections::BTreeSet,
    mem,
    path::{Path, PathBuf},
};

use parking_lot::Mutex;

/// Paths with new content that wait until a trial is over, or what somebody goes back to, or a pause.
///
/// Only the worker changes it; anybody may look.
#[derive(Debug, Default)]
pub(crate) struct Deferred(Mutex<BTreeSet<PathBuf>>);

impl Deferred {
    pub(crate) fn insert(&self, path: PathBuf) {
        self.0.lock().insert(path);
    }

    pub(crate) fn contains(&self, path: &Path) -> bool {
        self.0.lock().contains(path)
    }

    pub(crate) fn remove(&self, path: &Path) {
        self.0.lock().remove(path);
    }

    pub(crate) fn take(&self) -> BTreeSet<PathBuf> {
        mem::take(&mut *self.0.lock())
    }

    pub(crate) fn all(&self) -> Vec<PathBuf> {
        self.0.lock().iter().cloned().collect()
    }
}
