//! The files beside the journal: artifacts that were committed, and backups.
//!
//! Each is written aside, synced and renamed before the journal names it. What the journal does not
//! name is left over from a run that ended in between, and is removed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use hotswap_loader::fs::{file_stem_of, make_private, read_regular, replace};
use hotswap_types::{ArtifactHash, json};

use super::{error::JournalError, record::BackupRecord};
use crate::{
    snapshot::{Snapshot, SnapshotError},
    trust::signature_of,
};

pub(super) const ARTIFACTS: &str = "artifacts";
pub(super) const BACKUPS: &str = "backups";

/// The two folders.
#[derive(Debug)]
pub(crate) struct Store {
    artifacts: PathBuf,
    backups: PathBuf,
}

impl Store {
    /// Makes the folders where they are missing.
    pub(crate) fn open(folder: &Path) -> Result<Self, JournalError> {
        let store = Self { artifacts: folder.join(ARTIFACTS), backups: folder.join(BACKUPS) };
        for folder in [&store.artifacts, &store.backups] {
            make_private(folder).map_err(|source| JournalError::folder(folder, source))?;
        }
        Ok(store)
    }

    /// Where an artifact is kept.
    pub(crate) fn artifact(&self, hash: ArtifactHash) -> PathBuf {
        self.artifacts.join(format!("{hash}.{}", std::env::consts::DLL_EXTENSION))
    }

    /// Which artifact a file here is named after; `None` for every other path.
    pub(crate) fn named(&self, path: &Path) -> Option<ArtifactHash> {
        let hash = path.file_stem()?.to_str()?.parse().ok()?;
        (self.artifact(hash) == path).then_some(hash)
    }

    /// Keeps an artifact, and the signature that was found beside it. A file that is there with
    /// other content is replaced.
    pub(crate) fn keep(
        &self,
        hash: ArtifactHash,
        bytes: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<(), JournalError> {
        is_there(&self.artifacts)?;
        let path = self.artifact(hash);
        let files = [(signature_of(&path), signature), (path, Some(bytes))];
        for (path, bytes) in files {
            let Some(bytes) = bytes else { continue };
            let has = read_regular(&path, bytes.len() as u64).is_ok_and(|found| found == bytes);
            if !has {
                replace(&path, |out| out.write_all(bytes))
                    .map_err(|source| JournalError::write(&path, source))?;
            }
        }
        Ok(())
    }

    /// Removes every artifact but these. What stays costs space alone.
    pub(crate) fn keep_only(&self, hashes: &[ArtifactHash]) {
        let names: Vec<_> = hashes.iter().map(ToString::to_string).collect();
        remove_where(&self.artifacts, |name| !names.iter().any(|it| name.starts_with(it)));
    }

    /// Where a backup is.
    pub(crate) fn backup(&self, slot: &str, number: u64) -> PathBuf {
        self.backups.join(format!("{}-{number:08}.snapshot", file_stem_of(slot)))
    }

    /// Writes a backup.
    pub(crate) fn back_up(
        &self,
        slot: &str,
        number: u64,
        state: &Snapshot,
    ) -> Result<(), JournalError> {
        is_there(&self.backups)?;
        state.write(self.backup(slot, number)).map_err(JournalError::Backup)
    }

    /// Reads a backup, which must be the one that the journal knows: a file of another number or
    /// of another slot is as whole as the right one.
    pub(crate) fn restore(
        &self,
        slot: &str,
        record: &BackupRecord,
    ) -> Result<Snapshot, SnapshotError> {
        let path = self.backup(slot, record.number);
        let state = Snapshot::read(&path)?;
        let found = ArtifactHash::of(&state.state);
        let is_it = (found, state.module(), state.module_version(), json::time::of(state.taken()))
            == (
                record.content,
                record.release.module.as_str(),
                &record.release.version,
                record.taken,
            );
        is_it.then_some(state).ok_or_else(|| SnapshotError::exchanged(&path, record.content, found))
    }

    /// Removes backups of a slot. What stays costs space alone.
    pub(crate) fn remove_backups(&self, slot: &str, numbers: &[u64]) {
        for number in numbers {
            let _ = fs::remove_file(self.backup(slot, *number));
        }
    }

    /// Removes every backup but these.
    pub(crate) fn keep_only_backups(&self, paths: &[PathBuf]) {
        let names: Vec<_> = paths.iter().filter_map(|it| it.file_name()?.to_str()).collect();
        remove_where(&self.backups, |name| !names.contains(&name));
    }
}

/// A folder that somebody has removed is not made by writing into it.
fn is_there(folder: &Path) -> Result<(), JournalError> {
    if folder.is_dir() {
        return Ok(());
    }
    let source = io::Error::new(io::ErrorKind::NotFound, "the folder was removed");
    Err(JournalError::write(folder, source))
}

fn remove_where(folder: &Path, goes: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_none_or(&goes) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_file_is_named_after_its_artifact_and_what_is_not_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let hash = ArtifactHash::of(b"code");
        store.keep(hash, b"code", None).unwrap();
        let path = store.artifact(hash);
        assert_eq!(store.named(&path), Some(hash));
        for other in [folder.path().join("code"), path.with_extension("minisig"), path.join("x")] {
            assert_eq!(store.named(&other), None, "{}", other.display());
        }
        // As long as it should be.
        fs::write(&path, b"edoc").unwrap();
        store.keep(hash, b"code", None).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"code");
    }
}
