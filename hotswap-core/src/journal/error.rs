//! Why a journal cannot be had, or was not written.

use std::{
    io,
    path::{Path, PathBuf},
};

use hotswap_types::escape;

use super::line::{Damage, FORMAT};
use crate::{snapshot::SnapshotError, trust::Writable, written::by_another};

/// Why a journal cannot be had, or was not written.
#[derive(thiserror::Error)]
pub(crate) enum JournalError {
    #[error("the folder {} cannot be made or used", escape::path(path))]
    Folder { path: PathBuf, source: io::Error },
    #[error(
        "another host has the journal in {}: give each host a folder of its own, or end the other \
         one",
        escape::path(folder)
    )]
    Locked { folder: PathBuf },
    #[error(
        "{} cannot be locked (flock): {found}; keep the journal's folder on a file system that has \
         locks, which some network mounts do not",
        escape::path(path)
    )]
    Unlockable { path: PathBuf, found: io::Error },
    #[error("{} cannot be read", escape::path(path))]
    Read { path: PathBuf, source: io::Error },
    #[error("{} cannot be written", escape::path(path))]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "line {line} of {} is damaged, and the file was left as it is: bring it back from a copy, \
         or move it away with the whole folder to begin without what it knows",
        escape::path(path)
    )]
    Damaged { path: PathBuf, line: usize, source: Damage },
    #[error(
        "{} {}: go on with the hotswap that has written it, or move the whole folder away to begin \
         without what it knows",
        escape::path(path), by_another(*found, FORMAT, hotswap.as_ref())
    )]
    Format { path: PathBuf, found: u32, hotswap: Option<String> },
    #[error(
        "expected a journal at {}, found none beside the artifacts and backups of one: bring it \
         back, or move the whole folder away to begin without them",
        escape::path(path)
    )]
    Missing { path: PathBuf },
    #[error("a backup cannot be written")]
    Backup(#[source] SnapshotError),
    #[error("it must be the host's user's alone, and {found}; {advice}")]
    Writable { found: String, advice: String },
}

hotswap_abi::debug_in_full!(JournalError);

impl JournalError {
    pub(super) fn folder(path: &Path, source: io::Error) -> Self {
        Self::Folder { path: path.into(), source }
    }

    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.into(), source }
    }

    pub(super) fn damaged(path: &Path, line: usize, source: Damage) -> Self {
        Self::Damaged { path: path.into(), line, source }
    }

    pub(super) fn format(path: &Path, found: u32, hotswap: Option<String>) -> Self {
        Self::Format { path: path.into(), found, hotswap }
    }

    pub(crate) fn writable(writable: &Writable) -> Self {
        Self::Writable { found: writable.to_string(), advice: writable.advice() }
    }
}
