//! Why a snapshot was not read or written.

use std::{
    io,
    path::{Path, PathBuf},
};

use hotswap_types::{ArtifactHash, escape};

use super::envelope::{Damage, FORMAT};
use crate::written::{OWN, by_another};

/// Why a snapshot was not read or written.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct SnapshotError(#[from] Reason);

hotswap_abi::debug_in_full!(SnapshotError);

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("the snapshot {} cannot be read", escape::path(path))]
    Read { path: PathBuf, source: io::Error },
    #[error("the snapshot {} cannot be written", escape::path(path))]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is not a whole snapshot", escape::path(path))]
    Damaged { path: PathBuf, source: Damage },
    #[error(
        "the snapshot {} {}",
        escape::path(path), by_another((*found).into(), FORMAT.into(), hotswap.as_ref())
    )]
    Format { path: PathBuf, found: u16, hotswap: Option<String> },
    #[error(
        "expected the state that the journal names ({}…) at {}, found another one ({}…): the file \
         was exchanged",
        expected.short(), escape::path(path), found.short()
    )]
    Exchanged { path: PathBuf, expected: ArtifactHash, found: ArtifactHash },
}

impl SnapshotError {
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Reason::Read { path: path.into(), source }.into()
    }

    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Reason::Write { path: path.into(), source }.into()
    }

    pub(super) fn damaged(path: &Path, source: Damage) -> Self {
        let path = path.into();
        match source {
            // This version writes no other.
            Damage::Format { found, hotswap } if hotswap.as_deref() != Some(OWN) => {
                Reason::Format { path, found, hotswap }.into()
            }
            source => Reason::Damaged { path, source }.into(),
        }
    }

    /// A whole snapshot, but another one: by the hashes of their states.
    pub(crate) fn exchanged(path: &Path, expected: ArtifactHash, found: ArtifactHash) -> Self {
        Reason::Exchanged { path: path.into(), expected, found }.into()
    }

    /// Whether there is no such file.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(&self.0, Reason::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
