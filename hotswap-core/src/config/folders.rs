//! The host's own folders: nobody else may write there, whatever they are for.
//!
//! # Why they are judged without signatures too
//! Whoever can write the journal decides which code the next start runs. The folder itself must not
//! be writable for a group. Without signatures the folders above it may be writable for a group
//! that consists of their owner alone, as a umask of 002 makes them (`trust/groups.rs`).

use std::path::{Path, PathBuf};

use hotswap_loader::fs::{FolderError, PrivateFolder, make_private};
use hotswap_types::escape::shown;

use super::{Config, Place, error::ConfigError};
use crate::trust::Trust;

impl Config {
    /// Where private copies are kept, in a folder of mode 0700. Unless told otherwise that is
    /// `XDG_RUNTIME_DIR`, the folder of the [journal](Self::with_journal), or a folder for this user
    /// in the system's temporary folder, whichever can be used first. It must not be mounted
    /// `noexec`.
    #[must_use]
    pub fn with_private_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.private_folder = Some(folder.into());
        self
    }

    /// Keeps state over a restart: an orderly end ([`Host::shutdown`](crate::Host::shutdown), or
    /// the host's drop) writes each slot's state into this folder, and at the next start the module
    /// begins with it, as [`Start::Restored`](hotswap_abi::Start::Restored), migrated or
    /// carried by name like in an upgrade.
    ///
    /// A state is restored once. After a crash there is none of that run: the module starts afresh,
    /// the host says so, and the state that the run had begun with is in
    /// `<slot>.snapshot.used`; without that ending it is taken at the next start.
    #[must_use]
    pub fn with_checkpoints(mut self, folder: impl Into<PathBuf>) -> Self {
        self.checkpoints = Some(folder.into());
        self
    }

    /// Keeps for each module the newest version that has ever served, in this folder, and refuses
    /// artifacts of the module that are older: an old build is not brought back by who can put
    /// files there, signed or not. [`Operator::allow_downgrade`](crate::Operator::allow_downgrade) lets one
    /// through.
    ///
    /// The floor is raised when an upgrade is committed, not before. A module that is linked into
    /// the program neither has one nor raises it. One host, one folder.
    #[must_use]
    pub fn with_floors(mut self, folder: impl Into<PathBuf>) -> Self {
        self.floors = Some(folder.into());
        self
    }

    /// The current folder may change later.
    pub(crate) fn make_absolute(&mut self) {
        if let Trust::Minisign(minisign) = &mut self.trust {
            minisign.make_absolute();
        }
        for (_, slot) in &mut self.slots {
            if let Some(Place::File(path) | Place::Folder(path)) = &mut slot.source
                && let Ok(absolute) = std::path::absolute(&*path)
            {
                *path = absolute;
            }
        }
        for folder in [
            &mut self.checkpoints,
            &mut self.floors,
            &mut self.journal,
            &mut self.admin,
            &mut self.private_folder,
        ]
        .into_iter()
        .flatten()
        {
            if let Ok(absolute) = std::path::absolute(&*folder) {
                *folder = absolute;
            }
        }
    }

    /// Makes the folder for private copies.
    pub(crate) fn private_copies(&self) -> Result<PrivateFolder, FolderError> {
        self.trust.private_folder(self.private_folder.as_deref(), self.journal.as_deref())
    }

    /// Expects that nobody else can write the folders that the host is about to believe. One that
    /// the host has still to make is made for its user alone. The journal's is judged where it is
    /// opened.
    pub(crate) fn check_folders(&self) -> Result<(), ConfigError> {
        let socket = self.admin.as_deref().and_then(Path::parent);
        for folder in [self.checkpoints.as_deref(), self.floors.as_deref(), socket] {
            let Some(folder) = folder else { continue };
            self.check_folder(folder)?;
        }
        Ok(())
    }

    /// The same for the folder in which states are left, which is made where it is missing.
    pub(crate) fn make_checkpoints(&self, folder: &Path) -> Result<(), String> {
        let made = make_private(folder)
            .map_err(|error| format!("{} cannot be written: {error}", shown(folder)));
        made.and_then(|()| self.check_folder(folder).map_err(|reason| reason.to_string()))
    }

    fn check_folder(&self, folder: &Path) -> Result<(), ConfigError> {
        match self.trust.check_own_folder(folder) {
            Err(writable) if !writable.is_missing() => Err(ConfigError::writable(&writable)),
            _ => Ok(()),
        }
    }
}
