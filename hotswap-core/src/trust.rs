//! Whom a host takes artifacts from.
//!
//! With [`Trust::Any`], the default, whoever can write an artifact's file has code run in the host:
//! right for builds of one's own. With [`Trust::minisign`] an artifact needs a signature of one of
//! the host's keys, made with [minisign](https://jedisct1.github.io/minisign/) or a tool that
//! writes the same:
//!
//! ```no_run
//! use hotswap_core::{Config, Trust};
//!
//! # fn main() -> Result<(), hotswap_core::trust::KeyError> {
//! const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
//! let config = Config::production()
//!     .artifact("arcade", "/srv/arcade/libarcade.so")
//!     .with_trust(Trust::minisign([KEY])?);
//! # Ok(())
//! # }
//! ```
//!
//! # What is checked
//! 1. Nobody but root, the host's user, and owners that were named ([`Minisign::with_owner`]) can
//!    write the artifact, its signature, or a folder on the way to them.
//! 2. `<artifact>.minisig` beside it is a signature of one of the keys, for the bytes of the host's
//!    private copy.
//!
//! All that comes before a byte of the artifact is looked at for what it means. An artifact that
//! fails is refused, and tried again when its file or its signature changes: put the signature
//! there first, and then the artifact, each by a rename.
//!
//! A signature says who has built something, not that it is the newest: see
//! [`Config::with_floors`](crate::Config::with_floors). The *trusted comment* in it is told with
//! the event and decides nothing: module and version stand in the artifact, and are signed with it.

mod groups;
mod home;
mod libraries;
mod places;
mod signature;

use std::{fmt, fs, path::Path};

pub(crate) use self::{
    libraries::Unsound,
    places::Writable,
    signature::{EXTENSION, Forged, LARGEST, Signed},
};

use self::{
    places::{End, Writers, check_for},
    signature::Key,
};
use crate::library::ElfFacts;

/// Whom a host takes artifacts from.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Trust {
    /// From everybody who can write them.
    #[default]
    Any,
    /// From who has one of these keys.
    Minisign(Minisign),
}

/// Keys, and what else is asked of a signed artifact.
#[derive(Debug, Clone)]
pub struct Minisign {
    keys: Vec<Key>,
    legacy: bool,
    owners: Vec<u32>,
}

/// A text that is no public key.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

hotswap_abi::debug_in_full!(KeyError);

impl Trust {
    /// From who has one of these keys: each the text of a `minisign.pub`, or its second line alone.
    ///
    /// # Errors
    /// When there is none, or one is no public key.
    pub fn minisign<K: AsRef<str>>(
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Minisign, KeyError> {
        let keys = keys.into_iter().map(|key| Key::parse(key.as_ref()));
        let keys = keys.collect::<Result<Vec<_>, _>>().map_err(KeyError)?;
        if keys.is_empty() {
            return Err(KeyError("expected a minisign public key, found none".to_owned()));
        }
        Ok(Minisign { keys, legacy: false, owners: Vec::new() })
    }

    /// Expects that nobody else can write a folder of the host's own, which holds what the host
    /// will run or believe, or lead its path elsewhere.
    pub(crate) fn check_own_folder(&self, path: &Path) -> Result<(), Writable> {
        check_for(path, self.writers(), End::Folder)
    }

    /// Expects that nobody else can write a file in such a folder; one that is missing is sound.
    pub(crate) fn check_own_file(&self, path: &Path) -> Result<(), Writable> {
        let checked = check_for(path, self.writers(), End::File);
        checked.or_else(|writable| if writable.is_missing() { Ok(()) } else { Err(writable) })
    }

    /// The same for such a folder with all files in it.
    pub(crate) fn check_own_files(&self, folder: &Path) -> Result<(), Writable> {
        self.check_own_folder(folder)?;
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        files.map(|file| file.path()).try_for_each(|file| self.check_own_file(&file))
    }

    fn writers(&self) -> Writers<'_> {
        match self {
            Self::Any => Writers { owners: &[], can_be_named: false, groups_of_one: true },
            Self::Minisign(minisign) => minisign.writers(),
        }
    }
}

impl Minisign {
    /// Takes signatures of the old form as well, which minisign makes with `-l`: they are of the
    /// file itself, not of its hash.
    #[must_use]
    pub const fn with_legacy_signatures(mut self) -> Self {
        self.legacy = true;
        self
    }

    /// A user, by number, who may own artifacts, signatures and folders beside root and the host's
    /// own user: one who deploys, say. Without effect where files have no such owners.
    #[must_use]
    pub fn with_owner(mut self, user: u32) -> Self {
        self.owners.push(user);
        self
    }

    /// Judges the content of a signature file over the bytes of an artifact. Pure.
    pub(crate) fn judge(&self, signature: &[u8], artifact: &[u8]) -> Result<Signed, Forged> {
        signature::judge(&self.keys, self.legacy, signature, artifact)
    }

    /// Expects that nobody else can write a file, or lead its path elsewhere.
    pub(crate) fn check_file(&self, path: &Path) -> Result<(), Writable> {
        check_for(path, self.writers(), End::File)
    }

    /// Expects that nobody else can put a library where the loader would look for one that an
    /// artifact needs.
    pub(crate) fn check_libraries(&self, of: &ElfFacts) -> Result<(), Unsound> {
        libraries::check(of, self.writers())
    }

    fn writers(&self) -> Writers<'_> {
        Writers { owners: &self.owners, can_be_named: true, groups_of_one: false }
    }
}

impl From<Minisign> for Trust {
    fn from(minisign: Minisign) -> Self {
        Self::Minisign(minisign)
    }
}

/// The keys, by their numbers.
impl fmt::Display for Minisign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.keys.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { ", " }, key.id())?;
        }
        Ok(())
    }
}
