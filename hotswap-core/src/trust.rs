//! Whom a host takes artifacts from.
//!
//! With [`Trust::Any`], the default, whoever can write an artifact's file has code run in the host:
//! right for builds of one's own. With [`Trust::minisign`] an artifact needs a signature of one of
//! the host's keys, made with [minisign](https://jedisct1.github.io/minisign/) or a tool that
//! writes the same:
//!
//! ```no_run
//! use hotswap_core::{Config, SlotConfig, Trust};
//!
//! # fn main() -> Result<(), hotswap_core::trust::KeyError> {
//! const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
//! let config = Config::production()
//!     .slot("arcade", SlotConfig::artifact("/srv/arcade/libarcade.so").with_module("arcade"))
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
//! [`Config::with_floors`](crate::Config::with_floors). Module and version stand in the artifact, and
//! are signed with it: a slot for signed artifacts names its module, and takes no other. Where the
//! *trusted comment* states them as well ([`Minisign::with_stated_version`]) they must be the same.
//!
//! # Why the signature is judged first, and apart from the bytes
//! An artifact without a signature is not rejected by its hash: the same bytes are good when the
//! signature comes. The file of keys is read before each decision instead of watched, because a
//! decision made a moment before a change is noticed would be wrong. Folders are judged as ssh
//! judges them, so that nobody can put an older signed build in the place of a newer one where the
//! host keeps no floors.

mod day;
mod forged;
mod groups;
mod home;
mod key;
mod keys;
mod libraries;
mod places;
mod signature;
mod stated;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use hotswap_abi::Manifest;
use hotswap_loader::{elf::ElfFacts, fs::read_regular};
use hotswap_types::{ArtifactHash, escape};

pub(crate) use self::{
    forged::Forged,
    libraries::Unsound,
    places::Writable,
    signature::{EXTENSION, LARGEST, Signed, signature_of},
};

use self::{
    day::Day,
    key::Key,
    keys::Keys,
    places::{End, Writers, check_for},
};

/// A file of keys, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

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
    /// More of them, and what is revoked; read before each decision.
    files: Vec<PathBuf>,
    /// Whether the comment must state module and version.
    stated: bool,
    legacy: bool,
    owners: Vec<u32>,
}

/// Why nothing is trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the keys in {} cannot be used: {why}", escape::path(path))]
pub(crate) struct NoKeys {
    path: PathBuf,
    why: String,
    /// What to do.
    pub(crate) advice: String,
}

/// Why an artifact is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsigned {
    #[error(transparent)]
    NoKeys(#[from] NoKeys),
    #[error(transparent)]
    Forged(#[from] Forged),
}

/// A text that is no public key.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

hotswap_abi::debug_in_full!(KeyError);

impl Trust {
    /// From who has one of these keys: each the text of a `minisign.pub`, or its second line alone.
    /// A key with ` until 2027-06-30` behind it is trusted through that day (UTC).
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
        Ok(Minisign { keys, ..Minisign::without_keys() })
    }

    /// From who has one of the keys in a file, which is read again before each decision: see
    /// [`Minisign::with_keys_file`].
    pub fn keys_file(path: impl Into<PathBuf>) -> Minisign {
        Minisign::without_keys().with_keys_file(path)
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

    /// Takes more keys from a file, and what is revoked: a line for each,
    ///
    /// ```text
    /// RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3 until 2027-06-30
    /// revoked E7620F1842B4E81F
    /// revoked <the whole hash of an artifact>
    /// ```
    ///
    /// What is revoked is not trusted, whoever has named the key. The file is read before each
    /// decision: when an artifact is looked at, loaded and applied, and when a host goes on with
    /// one that it has kept. While it cannot be read, or others can write it, nothing is trusted.
    #[must_use]
    pub fn with_keys_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Asks that the trusted comment states module and version, as
    /// `hotswap-module=shop hotswap-version=1.4.0`. What a comment states must be true in any case.
    #[must_use]
    pub const fn with_stated_version(mut self) -> Self {
        self.stated = true;
        self
    }

    const fn without_keys() -> Self {
        Self {
            keys: Vec::new(),
            files: Vec::new(),
            stated: false,
            legacy: false,
            owners: Vec::new(),
        }
    }

    /// The current folder may change later.
    pub(crate) fn make_absolute(&mut self) {
        for file in &mut self.files {
            if let Ok(absolute) = std::path::absolute(&*file) {
                *file = absolute;
            }
        }
    }

    /// Expects that the keys can be had.
    pub(crate) fn check_keys(&self) -> Result<(), NoKeys> {
        self.current().map(drop)
    }

    /// Judges the content of a signature file over the bytes of an artifact.
    pub(crate) fn judge(&self, signature: &[u8], artifact: &[u8]) -> Result<Signed, Unsigned> {
        let keys = self.current()?;
        Ok(signature::judge(&keys, self.legacy, Day::today(), signature, artifact)?)
    }

    /// Whether an artifact that was trusted before still is.
    pub(crate) fn still_allows(&self, signed: &Signed, of: ArtifactHash) -> Result<(), Unsigned> {
        Ok(self.current()?.allow(signed.key, of, Day::today())?)
    }

    /// Expects that the trusted comment states what the artifact is.
    pub(crate) fn check_stated(&self, signed: &Signed, manifest: &Manifest) -> Result<(), String> {
        stated::check(&signed.comment, manifest, self.stated)
    }

    fn current(&self) -> Result<Keys, NoKeys> {
        let mut keys = Keys::of(&self.keys);
        for path in &self.files {
            let failed = |why: String, advice: &str| {
                let advice = advice.to_owned();
                NoKeys { path: path.clone(), why, advice }
            };
            self.check_file(path)
                .map_err(|writable| failed(writable.to_string(), &writable.advice()))?;
            let bytes = read_regular(path, LARGEST_FILE);
            let bytes = bytes.map_err(|error| failed(error.to_string(), "make it readable"))?;
            let text = String::from_utf8_lossy(&bytes);
            keys.add(&text).map_err(|why| failed(why, "mend that line"))?;
        }
        Ok(keys)
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

/// The keys, by their numbers, without those of a file.
impl fmt::Display for Minisign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Keys::of(&self.keys).fmt(f)
    }
}
