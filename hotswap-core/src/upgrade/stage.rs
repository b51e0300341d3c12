//! Staged: an artifact is copied to a file of our own, once nobody writes it any more.
//!
//! The artifact is opened once. A read lease (see [`crate::fs`]) says whether a writer has it open
//! and is held during the copy, so that the copy is all of one version; a writer that comes
//! meanwhile ends the copy and goes first. Where leases do not exist, the file must look the same
//! before the copy and a settle interval later; that is a guess, and [`Staged::completeness`]
//! says so. The content is hashed in the same pass. On any failure no file stays behind.
//!
//! Symlinks are followed. A path that was switched to another file during the copy counts as
//! changed: what was copied is sound, but no longer what the path names.

mod error;
mod hash;
mod open;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::fs::{Claim, Fingerprint, PrivateFile, PrivateFolder, ReadLease, read_lease};

pub(crate) use error::StageError;
pub use hash::{ArtifactHash, ParseHashError};

use open::open;

/// A writer that comes during the copy waits for at most one chunk.
const CHUNK: usize = 256 * 1024;

/// What to stage, and within which bounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StageRequest<'a> {
    origin: &'a Path,
    folder: &'a PrivateFolder,
    limit: u64,
    settle: Duration,
}

impl<'a> StageRequest<'a> {
    /// Size limit unless another is given: 1 GiB.
    pub(crate) const LIMIT: u64 = 1 << 30;
    /// Settle interval unless another is given: 250 ms.
    pub(crate) const SETTLE: Duration = Duration::from_millis(250);

    /// Asks for a copy of `origin` in `folder`.
    pub(crate) fn new(origin: &'a Path, folder: &'a PrivateFolder) -> Self {
        Self { origin, folder, limit: Self::LIMIT, settle: Self::SETTLE }
    }

    /// Refuses artifacts of more than `bytes` bytes.
    #[must_use]
    pub(crate) fn with_limit(self, bytes: u64) -> Self {
        Self { limit: bytes, ..self }
    }

    /// How long a file must stay as it is where nobody can say whether it is being written.
    /// Without effect where leases work.
    #[must_use]
    #[cfg_attr(not(test), expect(dead_code, reason = "tests shorten the guess"))]
    pub(crate) fn with_settle(self, settle: Duration) -> Self {
        Self { settle, ..self }
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
    let file = open(request.origin)?;
    match read_lease(&file) {
        Claim::BeingWritten => Err(StageError::BeingWritten { origin: request.origin.into() }),
        Claim::Held(lease) => stage_open(request, &file, Some(lease)),
        Claim::Unknown(error) => {
            tracing::debug!(%error, "no lease can be had: whether it is complete is guessed");
            stage_open(request, &file, None)
        }
    }
}

fn stage_open(
    request: StageRequest<'_>,
    file: &File,
    lease: Option<ReadLease<'_>>,
) -> Result<Staged, StageError> {
    let StageRequest { origin, limit, settle, folder: _ } = request;
    let began = Instant::now();
    let before = Fingerprint::of(&file.metadata().map_err(|e| StageError::read(origin, e))?);
    if before.size() == 0 {
        return Err(StageError::Empty { origin: origin.into() });
    }
    if before.size() > limit {
        return Err(StageError::TooLarge { origin: origin.into(), size: before.size(), limit });
    }
    let (copy, hash) = copy(request, file, before.size(), lease.as_ref())?;
    let completeness = match lease {
        Some(lease) if lease.undisturbed() => Completeness::Leased,
        Some(_) => {
            return Err(StageError::BeingWritten { origin: origin.into() });
        }
        None => {
            thread::sleep(settle.saturating_sub(began.elapsed()));
            Completeness::Settled(began.elapsed())
        }
    };
    let changed = |how| StageError::Changed { origin: origin.into(), how };
    let after = Fingerprint::of(&file.metadata().map_err(|e| StageError::read(origin, e))?);
    let named = Fingerprint::of(&fs::metadata(origin).map_err(|e| StageError::read(origin, e))?);
    if let Some(how) = before.difference(&after) {
        return Err(changed(how));
    }
    if !after.same_file(&named) {
        return Err(changed("another file took its place".into()));
    }
    let size = before.size();
    Ok(Staged { copy, origin: origin.into(), hash, size, built: before.modified(), completeness })
}

fn copy(
    request: StageRequest<'_>,
    mut from: &File,
    expected: u64,
    lease: Option<&ReadLease<'_>>,
) -> Result<(PrivateFile, ArtifactHash), StageError> {
    let StageRequest { origin, folder, .. } = request;
    let write = |source| StageError::write(origin, folder.path(), expected, source);
    let stem = origin.file_stem().unwrap_or_default().to_string_lossy();
    let (mut to, copy) = folder.file(&stem, std::env::consts::DLL_EXTENSION).map_err(write)?;

    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; CHUNK.min(usize::try_from(expected).unwrap_or(CHUNK).max(1))];
    let mut copied = 0;
    loop {
        let chunk = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => &buffer[..length],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(StageError::read(origin, error)),
        };
        if lease.is_some_and(|lease| !lease.undisturbed()) {
            return Err(StageError::BeingWritten { origin: origin.into() });
        }
        copied += chunk.len() as u64;
        if copied > expected {
            break;
        }
        hasher.update(chunk);
        to.write_all(chunk).map_err(write)?;
    }
    if copied != expected {
        let more = if copied > expected { "more" } else { "only" };
        let how = format!("it had {expected} bytes when opened, and {more} {copied} when read");
        return Err(StageError::Changed { origin: origin.into(), how });
    }
    seal(&to).map_err(write)?;
    Ok((copy, ArtifactHash::from(*hasher.finalize().as_bytes())))
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
