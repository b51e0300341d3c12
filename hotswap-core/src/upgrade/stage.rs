//! Staged: an artifact is copied to a file of our own, once nobody writes it any more.
//!
//! The artifact is opened once. A read lease (see [`hotswap_loader::fs`]) says whether a writer has it open
//! and is held during the copy, so that the copy is all of one version; a writer that comes
//! meanwhile ends the copy and goes first. Where leases do not exist, the file must look the same
//! before the copy and a settle interval later; that is a guess, and [`Staged::completeness`]
//! says so. The content is hashed in the same pass. On any failure no file stays behind.
//!
//! Symlinks are followed. A path that was switched to another file during the copy counts as
//! changed: what was copied is sound, but no longer what the path names.
//!
//! A delay instead of a lease would be a guess, and opening a half-written file kills the process.
//! The check of the ELF structure (`hotswap_loader::elf`) is the second line.

mod error;
mod open;
mod whole;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hotswap_loader::fs::{PrivateFile, PrivateFolder};
use hotswap_types::ArtifactHash;
use memmap2::Mmap;

pub(crate) use error::StageError;
pub(crate) use whole::{FileRead, ReadLimits, Sink, read_whole};

/// What to stage, and within which bounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StageRequest<'a> {
    origin: &'a Path,
    folder: &'a PrivateFolder,
    within: ReadLimits,
}

impl<'a> StageRequest<'a> {
    /// Asks for a copy of `origin` in `folder`.
    pub(crate) fn new(origin: &'a Path, folder: &'a PrivateFolder) -> Self {
        Self { origin, folder, within: ReadLimits::default() }
    }

    /// Refuses artifacts of more than `bytes` bytes.
    #[must_use]
    pub(crate) fn with_limit(self, bytes: u64) -> Self {
        Self { within: ReadLimits { limit: bytes, ..self.within }, ..self }
    }

    /// How long a file must stay as it is where nobody can say whether it is being written.
    /// Without effect where leases work.
    #[must_use]
    #[cfg_attr(not(test), expect(dead_code, reason = "tests shorten the guess"))]
    pub(crate) fn with_settle(self, settle: Duration) -> Self {
        Self { within: ReadLimits { settle, ..self.within }, ..self }
    }
}

/// How it is known that an artifact was complete when it was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Completeness {
    /// Known: nobody could write to it during the copy.
    Leased,
    /// Guessed: size, times and inode stayed the same for this long.
    Settled(Duration),
}

/// An artifact, copied and hashed. The copy is removed when this is dropped, unless
/// [`Staged::into_copy`] took it over.
#[derive(Debug)]
pub(crate) struct Staged {
    copy: PrivateFile,
    origin: PathBuf,
    hash: ArtifactHash,
    size: u64,
    built: Option<SystemTime>,
    completeness: Completeness,
}

impl Staged {
    /// The private copy.
    pub(crate) fn path(&self) -> &Path {
        self.copy.path()
    }

    /// The private copy's content.
    ///
    /// # Errors
    /// When it cannot be opened or mapped.
    pub(crate) fn content(&self) -> io::Result<Mmap> {
        self.copy.content()
    }

    /// The path that was asked for.
    pub(crate) fn origin(&self) -> &Path {
        &self.origin
    }

    /// What the artifact is known by.
    pub(crate) fn hash(&self) -> ArtifactHash {
        self.hash
    }

    /// Size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// When the origin was last modified, as far as its file system says.
    pub(crate) fn built(&self) -> Option<SystemTime> {
        self.built
    }

    /// Whether it is known or guessed that the artifact was complete.
    pub(crate) fn completeness(&self) -> Completeness {
        self.completeness
    }

    /// The copy, to be kept for as long as its code may run.
    pub(crate) fn into_copy(self) -> PrivateFile {
        self.copy
    }
}

/// Copies an artifact; blocks for the time of the copy, and for the settle interval where leases
/// do not work.
///
/// # Errors
/// See [`StageError`]; [`StageError::try_again`] tells what passes from what does not.
pub(crate) fn stage(request: StageRequest<'_>) -> Result<Staged, StageError> {
    let begin = |expected| Copy::begin(request, expected);
    let (whole, copy) = read_whole(request.origin, request.within, begin)?;
    copy.finish(whole)
}

/// A private copy that is being written; removed with its file when dropped.
#[derive(Debug)]
struct Copy<'a> {
    request: StageRequest<'a>,
    expected: u64,
    to: File,
    file: PrivateFile,
}

impl<'a> Copy<'a> {
    fn begin(request: StageRequest<'a>, expected: u64) -> Result<Self, StageError> {
        let StageRequest { origin, folder, within: _ } = request;
        let stem = origin.file_stem().unwrap_or_default().to_string_lossy();
        let (to, file) = folder
            .file(&stem, std::env::consts::DLL_EXTENSION)
            .map_err(|source| StageError::write(origin, folder.path(), expected, source))?;
        Ok(Self { request, expected, to, file })
    }

    fn finish(self, whole: FileRead) -> Result<Staged, StageError> {
        seal(&self.to).map_err(|source| self.failed(source))?;
        let FileRead { hash, size, built, completeness } = whole;
        let origin = self.request.origin.into();
        Ok(Staged { copy: self.file, origin, hash, size, built, completeness })
    }

    fn failed(&self, source: io::Error) -> StageError {
        StageError::write(self.request.origin, self.request.folder.path(), self.expected, source)
    }
}

impl Sink for Copy<'_> {
    fn take(&mut self, chunk: &[u8]) -> Result<(), StageError> {
        self.to.write_all(chunk).map_err(|source| self.failed(source))
    }
}

/// Nobody writes the copy again, not even we.
#[cfg(unix)]
fn seal(copy: &File) -> io::Result<()> {
    copy.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o500))
}

#[cfg(not(unix))]
fn seal(_: &File) -> io::Result<()> {
    // A read-only file could not be removed later.
    Ok(())
}

#[cfg(test)]
mod tests;
