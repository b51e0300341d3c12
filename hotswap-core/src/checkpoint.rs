//! The state that one run of a program leaves for the next one.
//!
//! An orderly end writes each slot's state into a folder, as `<slot>.snapshot`; the next start
//! takes it from there, and renames the file to `<slot>.snapshot.used` as soon as the state lives
//! on in an instance. So a state is restored once: after a crash there is no checkpoint, and an
//! older state is never taken for the last one without a word.
//!
//! The file holds the manifest of the module that wrote it. So a restart is judged like an upgrade:
//! by version, by shape, field by field.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use hotswap_loader::fs::file_stem_of;

use crate::snapshot::{Snapshot, SnapshotError};

/// A slot's state from an earlier run.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) snapshot: Snapshot,
    /// `None` for a backup, which stays as it is.
    path: Option<PathBuf>,
}

/// What an earlier run has left for a slot.
#[derive(Debug)]
pub(crate) enum EarlierState {
    /// Its last state.
    Checkpoint(Checkpoint),
    /// It did not end in order; this is the state that it began with.
    Used(PathBuf),
    /// Nothing.
    Nothing,
}

/// Looks for what an earlier run has left for a slot.
pub(crate) fn look(folder: &Path, slot: &str) -> Result<EarlierState, SnapshotError> {
    let path = path(folder, slot);
    match Snapshot::read(&path) {
        Ok(snapshot) => Ok(EarlierState::Checkpoint(Checkpoint { snapshot, path: Some(path) })),
        Err(error) if error.is_missing() => {
            let used = used(&path);
            Ok(if used.exists() { EarlierState::Used(used) } else { EarlierState::Nothing })
        }
        Err(error) => Err(error),
    }
}

/// Leaves a slot's state for the next run; returns the file.
pub(crate) fn leave(
    folder: &Path,
    slot: &str,
    snapshot: &Snapshot,
) -> Result<PathBuf, SnapshotError> {
    let path = path(folder, slot);
    snapshot.write(&path)?;
    Ok(path)
}

impl Checkpoint {
    /// A backup that a slot begins with.
    pub(crate) const fn backup(snapshot: Snapshot) -> Self {
        Self { snapshot, path: None }
    }

    /// The state lives on in an instance.
    pub(crate) fn use_up(&self) -> io::Result<()> {
        self.path.as_ref().map_or(Ok(()), |path| fs::rename(path, used(path)))
    }
}

/// A slot may have any name, and no two the same file, also where the file system takes `A` for `a`.
pub(crate) fn path(folder: &Path, slot: &str) -> PathBuf {
    folder.join(file_stem_of(slot) + ".snapshot")
}

fn used(path: &Path) -> PathBuf {
    path.with_added_extension("used")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_has_a_file_of_its_own_in_the_folder() {
        let folder = Path::new("/state");
        assert_eq!(path(folder, "arcade-2"), Path::new("/state/arcade-2.snapshot"));
        assert_eq!(path(folder, "../etc/x"), Path::new("/state/%2e%2e%2fetc%2fx.snapshot"));
        assert_ne!(path(folder, "a%2e"), path(folder, "a."));
        assert_eq!(path(folder, "A"), Path::new("/state/%41.snapshot"));
        assert_eq!(used(&path(folder, "a")), Path::new("/state/a.snapshot.used"));
    }
}
