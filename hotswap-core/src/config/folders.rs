//! The host's own folders: nobody else may write there, whatever they are for.
//!
//! # Why they are judged without signatures too
//! Whoever can write the journal decides which code the next start runs. The folder itself must not
//! be writable for a group. Without signatures the folders above it may be writable for a group
//! that consists of their owner alone, as a umask of 002 makes them (`trust/groups.rs`).

use std::path::Path;

use hotswap_loader::fs::{FolderError, PrivateFolder, make_private};
use hotswap_types::escape::shown;

use super::{Config, Place, error::ConfigError};
use crate::trust::Trust;

impl Config {
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

    /// Expects keys that can be had, and that a slot for signed artifacts names its module: any
    /// signed module would fit it else.
    pub(crate) fn check_trust(&self) -> Result<(), ConfigError> {
        let Trust::Minisign(minisign) = &self.trust else { return Ok(()) };
        minisign.check_keys().map_err(|no_keys| {
            let advice = no_keys.advice.clone();
            ConfigError::NoKeys { found: no_keys.to_string(), advice }
        })?;
        let unnamed = self
            .slots
            .iter()
            .find(|(_, slot)| matches!(slot.source, Some(Place::File(_))) && slot.module.is_none());
        match unnamed {
            Some((name, _)) => Err(ConfigError::UnnamedModule { name: name.clone() }),
            None => Ok(()),
        }
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
