//! A module's state outside of any instance: taken from one that serves, kept in a file, given to
//! the next one.
//!
//! A snapshot holds the encoded state and the manifest of the module that wrote it, so that
//! whoever reads it later knows name, version and shape, and can say field by field what differs.
//! A file of it is written aside, synced and renamed: at its path there is a whole one or none.

mod envelope;
mod error;

use std::{fmt, io, path::Path, sync::Arc, time::SystemTime};

use hotswap_abi::{__private::manifest::StateVersion, Manifest};
use hotswap_loader::fs::{read_regular, replace};
use semver::Version;

use self::envelope::{Damage, Parts};

pub use error::SnapshotError;

/// The largest file that is read, in bytes; a larger one is not written either.
const LARGEST: u64 = 1 << 30;

/// A module's state, and what the module that wrote it said of itself.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) state: Vec<u8>,
    /// The version of the state, if not the module's own.
    older: Option<u32>,
    taken: SystemTime,
}

impl Snapshot {
    /// A state that a module has just written.
    pub(crate) fn new(manifest: Arc<Manifest>, state: Vec<u8>) -> Self {
        Self { manifest, state, older: None, taken: SystemTime::now() }
    }

    /// A state that a module has just written in an older version of its chain. Such a one is
    /// handed on, and not written to a file.
    pub(crate) fn of_older(manifest: Arc<Manifest>, version: u32, state: Vec<u8>) -> Self {
        Self { older: Some(version), ..Self::new(manifest, state) }
    }

    /// Reads a snapshot from a file.
    ///
    /// # Errors
    /// When the file cannot be read, is no regular one or larger than 1 GiB, or is not a whole
    /// snapshot.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SnapshotError> {
        let path = path.as_ref();
        let bytes =
            read_regular(path, LARGEST).map_err(|source| SnapshotError::read(path, source))?;
        Self::decode(&bytes).map_err(|damage| SnapshotError::damaged(path, damage))
    }

    /// What a file of it holds.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        let Parts { manifest, state, taken } = envelope::decode(bytes)?;
        Ok(Self { manifest: Arc::new(manifest), state, older: None, taken })
    }

    /// Writes it to a file; what was there is replaced at once, or stays on any error.
    ///
    /// # Errors
    /// When the file cannot be written, or would be larger than 1 GiB.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), SnapshotError> {
        let path = path.as_ref();
        let write = |source| SnapshotError::write(path, source);
        let Self { manifest, state, older, taken } = self;
        debug_assert!(older.is_none(), "a file holds a state in its module's own version");
        let size = envelope::size(manifest, state);
        if size > LARGEST {
            let text = format!("it would have {size} bytes, the limit is {LARGEST}");
            return Err(write(io::Error::new(io::ErrorKind::FileTooLarge, text)));
        }
        // Of mode 0600: a state may hold what others should not read.
        replace(path, |aside| envelope::encode(manifest, state, *taken, aside)).map_err(write)
    }

    /// The module that wrote it.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.manifest.module
    }

    /// The version of the module that wrote it.
    #[must_use]
    pub fn module_version(&self) -> &Version {
        &self.manifest.version
    }

    /// The state's name, version and shape.
    ///
    /// # Panics
    /// Never: only a module that has a state writes one, and a file without is refused.
    #[must_use]
    pub fn state(&self) -> &StateVersion {
        let mut versions = self.manifest.states.iter();
        match self.older {
            None => versions.next(),
            Some(older) => versions.find(|state| state.version == older),
        }
        .expect("a module without state writes none")
    }

    /// Whether the same code has written another one.
    pub(crate) fn has_writer_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.manifest, &other.manifest)
    }

    /// When it was taken.
    #[must_use]
    pub const fn taken(&self) -> SystemTime {
        self.taken
    }

    /// The encoded state's size in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.state.len()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("module", &self.manifest.module)
            .field("module_version", &self.manifest.version)
            .field("state", &self.manifest.state().map(|state| (&state.name, state.version)))
            .field("size", &self.state.len())
            .field("taken", &self.taken)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use super::*;
    use hotswap_abi::__private::text::in_full;

    /// A file that is a hole takes no room.
    #[test]
    fn what_is_too_large_or_no_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.snapshot");
        fs::File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        let text = in_full(&Snapshot::read(&path).unwrap_err());
        assert!(text.ends_with("it has 1073741825 bytes, the limit is 1073741824"), "{text}");
        let error = Snapshot::read(folder.path()).unwrap_err();
        assert!(in_full(&error).ends_with("expected a regular file, found a folder"), "{error}");
        assert!(!error.is_missing());
        let missing = SnapshotError::read(&path, io::ErrorKind::NotFound.into());
        assert!(missing.is_missing());
    }
}
