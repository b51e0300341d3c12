//! The host's own folders: nobody else may write there, whatever they are for.
//!
//! # Why they are judged without signatures too
//! Whoever can write the journal decides which code the next start runs. The folder itself must not
//! be writable for a group. Without signatures the folders above it may be writable for a group
//! that consists of their owner alone, as a umask of 002 makes them (`trust/groups.rs`).

use std::path::{Path, PathBuf};

use hotswap_loader::fs::{FolderError, PrivateFolder, make_private};
use hotswap_types::escape;

use super::{Config, Place, error::ConfigError};
use crate::trust::Trust;

impl Config {
    /// Where private copies are kept, in a folder of mode 0700. Unless told otherwise that is
    /// `XDG_RUNTIME_DIR`, `private` in the [data folder](Self::with_data_dir), or a folder for this user
    /// in the system's temporary folder, whichever can be used first. It must not be mounted
    /// `noexec`.
    #[must_use]
    pub fn with_private_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.private_folder = Some(folder.into());
        self
    }

    /// What the host keeps of its state over a restart, below this folder. One host, one folder, on
    /// a local file system.
    ///
    /// | folder | what | where it is kept |
    /// |---|---|---|
    /// | `journal` | [each step of each upgrade](Self::with_journal), the artifacts that were committed, backups of states, reports | [`Config::production`] |
    /// | `floors` | [the newest version of each module](Self::with_floors) that has served | [`Config::production`] |
    /// | `checkpoints` | the state of each slot at an orderly end | where there is no journal |
    /// | `private` | [private copies](Self::with_private_folder), as long as the host lives | where they have no other place |
    ///
    /// An orderly end ([`Host::shutdown`](crate::Host::shutdown), or the host's drop) keeps each
    /// slot's state, in a backup of the journal or as a checkpoint. At the next start the module
    /// begins with it, as [`Start::Restored`](hotswap_abi::Start::Restored), migrated or carried by
    /// name like in an upgrade.
    ///
    /// A checkpoint is restored once. After a crash there is none of that run: the module starts
    /// afresh, the host says so, and the state that the run had begun with is in
    /// `<slot>.snapshot.used`; without that ending it is taken at the next start. With a journal a
    /// checkpoint is only read, for a slot of which the journal has no backup.
    #[must_use]
    pub fn with_data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// Where states are left at an orderly end.
    pub(crate) fn checkpoints(&self) -> Option<PathBuf> {
        Some(self.data_dir.as_ref()?.join("checkpoints"))
    }

    /// Where the journal is kept.
    pub(crate) fn journal(&self) -> Option<PathBuf> {
        self.kept(self.keeps_journal, "journal")
    }

    /// Where the floors are kept.
    pub(crate) fn floors(&self) -> Option<PathBuf> {
        self.kept(self.keeps_floors, "floors")
    }

    fn kept(&self, said: Option<bool>, name: &str) -> Option<PathBuf> {
        let is_kept = said.unwrap_or(self.keeps_all);
        Some(self.data_dir.as_ref().filter(|_| is_kept)?.join(name))
    }

    /// Expects a folder for what is to be kept.
    pub(crate) fn check_data_dir(&self) -> Result<(), ConfigError> {
        let without = |setting, needs| Err(ConfigError::NotKept { setting, needs });
        let no_folder = "give the host a data folder with Config::with_data_dir";
        if self.data_dir.is_none() && self.keeps_journal == Some(true) {
            return without("Config::with_journal(true)", no_folder);
        }
        if self.data_dir.is_none() && self.keeps_floors == Some(true) {
            return without("Config::with_floors(true)", no_folder);
        }
        if self.journal().is_none() && self.checkpoint_interval.is_some() {
            let no_journal = "the host keeps no journal: give it a data folder with \
                              Config::with_data_dir, and Config::with_journal(true)";
            return without("Config::with_checkpoint_interval", no_journal);
        }
        Ok(())
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
        let own = [&mut self.data_dir, &mut self.admin, &mut self.private_folder];
        for folder in own.into_iter().flatten() {
            if let Ok(absolute) = std::path::absolute(&*folder) {
                *folder = absolute;
            }
        }
    }

    /// Makes the folder for private copies.
    pub(crate) fn private_copies(&self) -> Result<PrivateFolder, FolderError> {
        self.trust.private_folder(self.private_folder.as_deref(), self.data_dir.as_deref())
    }

    /// Expects that nobody else can write the folders that the host is about to believe. One that
    /// the host has still to make is made for its user alone. The journal's is judged where it is
    /// opened.
    pub(crate) fn check_folders(&self) -> Result<(), ConfigError> {
        let socket = self.admin.as_deref().and_then(Path::parent).map(Path::to_owned);
        let own = [self.data_dir.clone(), self.checkpoints(), self.floors(), socket];
        for folder in own.iter().flatten() {
            self.check_folder(folder)?;
        }
        Ok(())
    }

    /// The same for the folder in which states are left, which is made where it is missing.
    pub(crate) fn make_checkpoints(&self, folder: &Path) -> Result<(), String> {
        let made = make_private(folder)
            .map_err(|error| format!("{} cannot be written: {error}", escape::path(folder)));
        made.and_then(|()| self.check_folder(folder).map_err(|reason| reason.to_string()))
    }

    fn check_folder(&self, folder: &Path) -> Result<(), ConfigError> {
        match self.trust.check_own_folder(folder) {
            Err(writable) if !writable.is_missing() => Err(ConfigError::writable(&writable)),
            _ => Ok(()),
        }
    }
}
