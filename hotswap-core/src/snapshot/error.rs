//! Why a snapshot was not read or written.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::envelope::Damage;
use crate::shown::shown;

/// Why a snapshot was not read or written.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct SnapshotError(#[from] Reason);

hotswap_abi::debug_in_full!(SnapshotError);

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("the snapshot {} cannot be read", shown(path))]
    Read { path: PathBuf, source: io::Error },
    #[error("the snapshot {} cannot be written", shown(path))]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is not a whole snapshot", shown(path))]
    Damaged { path: PathBuf, source: Damage },
}

impl SnapshotError {
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Reason::Read { path: path.into(), source }.into()
    }

    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Reason::Write { path: path.into(), source }.into()
    }

    pub(super) fn damaged(path: &Path, source: Damage) -> Self {
        Reason::Damaged { path: path.into(), source }.into()
    }

    /// Whether there is no such file.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(&self.0, Reason::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
