//! Why an artifact could not be staged.

use std::io;
use std::path::{Path, PathBuf};

use hotswap_types::escape;
use thiserror::Error;

/// Why an artifact could not be staged. No copy was left behind.
#[derive(Error)]
#[non_exhaustive]
pub(crate) enum StageError {
    /// Nothing is there, or a link on the way leads nowhere.
    #[error("nothing is at {}", escape::path(origin))]
    Missing {
        /// The path asked for.
        origin: PathBuf,
    },
    /// A writer has it open, or came during the copy.
    #[error("{} is still open for writing", escape::path(origin))]
    BeingWritten {
        /// The path asked for.
        origin: PathBuf,
    },
    /// It was not the same before and after the copy.
    #[error("{} changed while it was copied: {how}", escape::path(origin))]
    Changed {
        /// The path asked for.
        origin: PathBuf,
        /// What was different.
        how: String,
    },
    /// It has no content.
    #[error("{} is empty", escape::path(origin))]
    Empty {
        /// The path asked for.
        origin: PathBuf,
    },
    /// It is something that cannot be copied.
    #[error("expected a regular file at {}, found {found}", escape::path(origin))]
    NotARegularFile {
        /// The path asked for.
        origin: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// It is larger than the host allows.
    #[error("{} has {size} bytes, the limit is {limit}", escape::path(origin))]
    TooLarge {
        /// The path asked for.
        origin: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// It cannot be opened or read.
    #[error("cannot read {}", escape::path(origin))]
    Read {
        /// The path asked for.
        origin: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No room, or no quota, is left for the copy.
    #[error(
        "no space in {} for a copy of {} ({needed} bytes): make room there, or choose another \
         private folder",
        escape::path(folder),
        escape::path(origin)
    )]
    DiskFull {
        /// The path asked for.
        origin: PathBuf,
        /// The private folder.
        folder: PathBuf,
        /// Size of the artifact in bytes.
        needed: u64,
    },
    /// The copy cannot be made or written.
    #[error("cannot write a copy of {} in {}", escape::path(origin), escape::path(folder))]
    Write {
        /// The path asked for.
        origin: PathBuf,
        /// The private folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

hotswap_abi::debug_in_full!(StageError);

impl StageError {
    /// Whether it passes by itself, so that the same path is worth another try without an event:
    /// somebody is writing, or was.
    pub(crate) fn try_again(&self) -> bool {
        matches!(self, Self::BeingWritten { .. } | Self::Changed { .. })
    }

    /// Whether the host's own machine is to blame (a full disk, say) and not the artifact.
    pub(crate) fn is_hosts_fault(&self) -> bool {
        match self {
            Self::DiskFull { .. } | Self::Write { .. } => true,
            Self::Read { source, .. } => is_shortage(source),
            _ => false,
        }
    }

    /// Whether the private folder is gone: somebody has cleaned up.
    pub(crate) fn is_folder_gone(&self) -> bool {
        matches!(self, Self::Write { folder, .. } if !folder.exists())
    }

    pub(crate) fn read(origin: &Path, source: io::Error) -> Self {
        let origin = origin.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing { origin },
            // Opening without waiting: somebody else holds a write lease.
            io::ErrorKind::WouldBlock => Self::BeingWritten { origin },
            _ => Self::Read { origin, source },
        }
    }

    pub(super) fn write(origin: &Path, folder: &Path, needed: u64, source: io::Error) -> Self {
        let (origin, folder) = (origin.to_path_buf(), folder.to_path_buf());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { origin, folder, needed }
            }
            _ => Self::Write { origin, folder, source },
        }
    }
}

/// Whether the process or the system has run out of what it takes to read any file.
#[cfg(unix)]
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let error = Errno::from_io_error(error);
    matches!(error, Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM))
}

#[cfg(not(unix))]
fn is_shortage(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}
