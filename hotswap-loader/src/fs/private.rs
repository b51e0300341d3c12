//! A folder that only this user can enter, and files in it that go away with their owner.
//!
//! Below a base that only this user can write (`trust/home.rs` finds it) every process
//! makes folders `hotswap-private-<random>` of mode 0700, each with a file `owner.lock` that stays locked
//! (`flock`) as long as the process lives, however it ends. Whoever starts next can therefore
//! prove that a folder's owner is dead: its lock is free. Only such folders are removed, and
//! empty ones, which a maker that is just about to lock simply makes again.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hotswap_types::escape;
use memmap2::Mmap;
use tempfile::{Builder, TempDir, TempPath};
use thiserror::Error;

use super::{disk, remove_within};

const PREFIX: &str = "hotswap-private-";
const LOCK: &str = "owner.lock";
const ATTEMPTS: u32 = 16;
/// How long a folder is removed: a rehearsal's child may have filled it.
const REMOVED_WITHIN: Duration = Duration::from_secs(2);

/// Why a private folder could not be made.
#[derive(Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The folder or its lock could not be made.
    #[error("cannot make a private folder below {}", escape::path(base))]
    Make {
        /// The folder below which it was wanted.
        base: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Code in it could not be mapped.
    #[error(
        "{} is mounted noexec, so nothing in it can be loaded: choose a folder on another mount",
        escape::path(base)
    )]
    NoExec {
        /// The folder below which it was wanted.
        base: PathBuf,
    },
    /// Others could put code there.
    #[error("{found}; {advice}")]
    Writable {
        /// Who can.
        found: String,
        /// What to do.
        advice: String,
    },
    /// Somebody else has made the folder that was to be this user's.
    #[error(
        "expected a folder of this user and of mode 0700 at {}, found {found}: remove it, or name \
         another folder with Config::with_private_folder",
        escape::path(folder)
    )]
    Taken {
        /// The folder.
        folder: PathBuf,
        /// What is there.
        found: String,
    },
    /// None of several places will do.
    #[error(
        "no place for private copies: {}; name one that can be used with Config::with_private_folder",
        tried.join("; ")
    )]
    Nowhere {
        /// Why, for each of them.
        tried: Vec<String>,
    },
}

hotswap_abi::debug_in_full!(FolderError);

/// Makes a folder of mode 0700 where it is missing, and what it lies in.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    if let Some(parent) = folder.parent() {
        // Whatever the umask allows.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
        builder.recursive(true).create(parent)?;
        builder.recursive(false);
    }
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match disk::folder(&builder, folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made.and_then(|()| match folder.parent().map(disk::sync_folder) {
            // One that may be entered and written to, and not read, cannot be synced.
            Some(Err(error)) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
            _ => Ok(()),
        }),
    }
}

/// A folder of mode 0700 with a unique name, removed with all that is in it when dropped: in a bounded
/// time. What is left then is removed by the next process that makes one there.
#[derive(Debug)]
pub struct PrivateFolder {
    // Dropped in this order: the lock outlives the folder it speaks for.
    folder: TempDir,
    #[expect(dead_code, reason = "held, never read: it is locked as long as it is open")]
    lock: File,
}

impl PrivateFolder {
    /// Makes a folder below `base` (made too where it is missing), after removing what dead
    /// processes of this user left behind there.
    ///
    /// # Errors
    /// When the folder cannot be made, or lies on a mount that forbids executable mappings.
    pub fn new(base: &Path) -> Result<Self, FolderError> {
        let make = |source| FolderError::Make { base: base.to_owned(), source };
        let base = std::path::absolute(base).map_err(make)?;
        fs::create_dir_all(&base).map_err(make)?;
        if is_noexec(&base) {
            return Err(FolderError::NoExec { base });
        }
        remove_leftovers(&base);
        let mut result = Err(io::Error::other("every new folder was taken away at once"));
        for _ in 0..ATTEMPTS {
            result = try_make(&base);
            if !matches!(&result, Err(error) if error.kind() == io::ErrorKind::NotFound) {
                break;
            }
        }
        let (folder, lock) = result.map_err(make)?;
        Ok(Self { folder, lock })
    }

    /// Where it is; absolute.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes a new, empty file of mode 0600 with a unique name `<stem>-<random>.<extension>`.
    /// `stem` may be anything; of it, letters and digits are kept, so that the file can be told
    /// from others in a debugger.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn file(&self, stem: &str, extension: &str) -> io::Result<(File, PrivateFile)> {
        let keep = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let prefix: String = stem.chars().filter(keep).take(48).chain(['-']).collect();
        let (file, path) = Builder::new()
            .prefix(&prefix)
            .suffix(&format!(".{extension}"))
            .rand_bytes(10)
            .tempfile_in(self.path())?
            .into_parts();
        Ok((file, PrivateFile { path }))
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        self.folder.disable_cleanup(true);
        let _ = remove_within(self.folder.path(), Some(LOCK), REMOVED_WITHIN);
    }
}

/// A file in a [`PrivateFolder`]; removed when dropped.
#[derive(Debug)]
pub struct PrivateFile {
    path: TempPath,
}

impl PrivateFile {
    /// Where it is; absolute, unique, and never used again.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its content, of which only the parts that are looked at cost anything.
    ///
    /// # Errors
    /// When it cannot be opened or mapped.
    #[expect(unsafe_code, reason = "memory that is a file's")]
    pub fn content(&self) -> io::Result<Mmap> {
        let file = File::open(&self.path)?;
        // SAFETY: the file is written no more, is only this user's, and lies in a folder that only
        // this user can enter. Who is that user and writes it all the same is as bad for its code,
        // which the system's loader maps in the same way.
        unsafe { Mmap::map(&file) }
    }

    /// Whether its content could be mapped as code, as far as the system is concerned: the loader
    /// does not say whether it or the library is to blame.
    ///
    /// # Errors
    /// When it cannot be opened, or lies on a mount that forbids executable mappings.
    pub fn can_be_mapped(&self) -> io::Result<()> {
        File::open(&self.path)?;
        if self.path.parent().is_some_and(is_noexec) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is mounted noexec"));
        }
        Ok(())
    }
}

fn try_make(base: &Path) -> io::Result<(TempDir, File)> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).rand_bytes(12);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = builder.tempdir_in(base)?;
    let lock = File::options().write(true).create_new(true).open(folder.path().join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => {}
        // Without locks nobody can prove this folder dead: it stays until it is dropped.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        // A process that cleans up was faster, and is about to remove the folder.
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::NotFound.into()),
        Err(TryLockError::Error(error)) => {
            let why = format!(
                "{LOCK} in it cannot be locked (flock), as on some network mounts: {error}"
            );
            return Err(io::Error::new(error.kind(), why));
        }
    }
    // One that was faster and is done already took the lock's name away.
    fs::symlink_metadata(folder.path().join(LOCK))?;
    Ok((folder, lock))
}

/// Removes the folders below `base` whose owners are dead. What cannot be removed stays: it
/// harms nobody.
fn remove_leftovers(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    for entry in entries.flatten() {
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let folder = entry.path();
        if named && fs::symlink_metadata(&folder).is_ok_and(|meta| is_private_folder(&meta)) {
            remove_if_dead(&folder);
        }
    }
}

fn remove_if_dead(folder: &Path) {
    // Succeeds on an empty folder only.
    if fs::remove_dir(folder).is_ok() {
        return;
    }
    let Ok(lock) = File::options().write(true).open(folder.join(LOCK)) else {
        return;
    };
    if lock.try_lock().is_ok() {
        let _ = remove_within(folder, Some(LOCK), REMOVED_WITHIN);
    }
}

/// Whether this is a folder that only its owner can use, and the owner is the process's user.
#[cfg(unix)]
pub fn is_private_folder(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o077 == 0
}

/// Whether this is a folder: there are no owners and modes to go by.
#[cfg(not(unix))]
pub fn is_private_folder(meta: &fs::Metadata) -> bool {
    meta.is_dir()
}

#[cfg(unix)]
fn is_noexec(folder: &Path) -> bool {
    // ST_NOEXEC has this value on Linux; other systems do not report the mount option here.
    const NOEXEC: u64 = 8;
    cfg!(target_os = "linux")
        && rustix::fs::statvfs(folder).is_ok_and(|fs| fs.f_flag.bits() & NOEXEC != 0)
}

#[cfg(not(unix))]
fn is_noexec(_: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests;
