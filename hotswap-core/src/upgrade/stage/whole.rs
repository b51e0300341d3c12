//! Reading a file as a whole: all of one version, once nobody writes it any more, hashed meanwhile.
//!
//! Where it goes is the caller's business: to a private copy before an upgrade, into memory when
//! an artifact is only looked at.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use hotswap_loader::fs::{Claim, ReadLease, read_lease};
use hotswap_types::{ArtifactHash, Fingerprint};

use super::{Completeness, StageError, open::open};

/// A writer that comes meanwhile waits for at most one chunk.
pub(super) const CHUNK: usize = 256 * 1024;

/// The bounds within which a file is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadLimits {
    /// The most bytes.
    pub(super) limit: u64,
    /// How long a file must stay as it is where nobody can say whether it is being written.
    pub(super) settle: Duration,
}

/// 1 GiB, 250 ms.
impl Default for ReadLimits {
    fn default() -> Self {
        Self { limit: 1 << 30, settle: Duration::from_millis(250) }
    }
}

impl ReadLimits {
    /// Refuses files of more than `bytes` bytes.
    #[must_use]
    pub(crate) const fn with_limit(self, bytes: u64) -> Self {
        Self { limit: bytes, ..self }
    }
}

/// Takes what is read.
pub(crate) trait Sink {
    fn take(&mut self, chunk: &[u8]) -> Result<(), StageError>;
}

/// What is known of a file that was read whole.
#[derive(Debug)]
pub(crate) struct FileRead {
    pub(crate) hash: ArtifactHash,
    pub(crate) size: u64,
    pub(crate) built: Option<SystemTime>,
    pub(crate) completeness: Completeness,
}

/// Reads a file into what `begin` makes for its size.
///
/// # Errors
/// When it is not there, no regular file, empty, too large, being written, or changes meanwhile.
pub(crate) fn read_whole<S: Sink>(
    origin: &Path,
    within: ReadLimits,
    begin: impl FnOnce(u64) -> Result<S, StageError>,
) -> Result<(FileRead, S), StageError> {
    let file = open(origin)?;
    match read_lease(&file) {
        Claim::BeingWritten => Err(StageError::BeingWritten { origin: origin.into() }),
        Claim::Held(lease) => read_open(origin, within, begin, &file, Some(lease)),
        Claim::Unknown(error) => {
            tracing::debug!(%error, "no lease can be had: whether it is complete is guessed");
            read_open(origin, within, begin, &file, None)
        }
    }
}

pub(super) fn read_open<S: Sink>(
    origin: &Path,
    ReadLimits { limit, settle }: ReadLimits,
    begin: impl FnOnce(u64) -> Result<S, StageError>,
    file: &File,
    lease: Option<ReadLease<'_>>,
) -> Result<(FileRead, S), StageError> {
    let began = Instant::now();
    let before = Fingerprint::of(&file.metadata().map_err(|e| StageError::read(origin, e))?);
    if before.size() == 0 {
        return Err(StageError::Empty { origin: origin.into() });
    }
    if before.size() > limit {
        return Err(StageError::TooLarge { origin: origin.into(), size: before.size(), limit });
    }
    let mut sink = begin(before.size())?;
    let hash = pour(origin, file, before.size(), lease.as_ref(), &mut sink)?;
    let completeness = match lease {
        Some(lease) if lease.undisturbed() => Completeness::Leased,
        Some(_) => return Err(StageError::BeingWritten { origin: origin.into() }),
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
    Ok((FileRead { hash, size: before.size(), built: before.modified(), completeness }, sink))
}

fn pour(
    origin: &Path,
    mut from: &File,
    expected: u64,
    lease: Option<&ReadLease<'_>>,
    to: &mut impl Sink,
) -> Result<ArtifactHash, StageError> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; CHUNK.min(usize::try_from(expected).unwrap_or(CHUNK).max(1))];
    let mut read = 0;
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
        read += chunk.len() as u64;
        if read > expected {
            break;
        }
        hasher.update(chunk);
        to.take(chunk)?;
    }
    if read != expected {
        let more = if read > expected { "more" } else { "only" };
        let how = format!("it had {expected} bytes when opened, and {more} {read} when read");
        return Err(StageError::Changed { origin: origin.into(), how });
    }
    Ok(hasher.finalize().into())
}

/// Into memory.
impl Sink for Vec<u8> {
    fn take(&mut self, chunk: &[u8]) -> Result<(), StageError> {
        self.extend_from_slice(chunk);
        Ok(())
    }
}
