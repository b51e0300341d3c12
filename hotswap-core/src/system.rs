//! What this system lets a host do: tried, not looked up.
//!
//! For tools that say why upgrades do not work, or work less well than they could.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use hotswap_abi::__private::text::in_full;
use hotswap_gate::Form;
use hotswap_loader::fs::{Claim, read_lease};
use memmap2::MmapOptions;

use crate::trust::Trust;

/// Whether a host can know that a file in a folder is complete.
#[derive(Debug)]
#[non_exhaustive]
pub enum Leases {
    /// It can: leases work.
    Work,
    /// It has to guess from the file's staying the same for a moment; the reason.
    Unknown(io::Error),
    /// A lease was given while a writer had the file open, or refused when nobody had: they say
    /// nothing here.
    Wrong,
}

/// Tries a read lease in a folder: with a writer, and without.
///
/// # Errors
/// When no file can be made there.
pub fn leases(folder: &Path) -> io::Result<Leases> {
    let mut writer = tempfile::Builder::new().prefix("hotswap-lease-").tempfile_in(folder)?;
    writer.write_all(b"written")?;
    let reader = File::open(writer.path())?;
    match read_lease(&reader) {
        Claim::BeingWritten => {}
        Claim::Unknown(error) => return Ok(Leases::Unknown(error)),
        Claim::Held(_) => return Ok(Leases::Wrong),
    }
    let path = writer.into_temp_path();
    let answer = match read_lease(&reader) {
        Claim::Held(_) => Leases::Work,
        Claim::Unknown(error) => Leases::Unknown(error),
        Claim::BeingWritten => Leases::Wrong,
    };
    drop(path);
    Ok(answer)
}

/// Maps a page of a file in a folder as code, as the system's loader would: an error of kind
/// [`PermissionDenied`](io::ErrorKind::PermissionDenied) where the folder is mounted `noexec`.
///
/// # Errors
/// When no file can be made there, and when it must not be mapped as code.
#[cfg(unix)]
pub fn code_can_be_mapped(folder: &Path) -> io::Result<()> {
    const PAGE: usize = 4096;
    let file = tempfile::Builder::new().prefix("hotswap-map-").tempfile_in(folder);
    // Of another kind than a mapping that is forbidden.
    let mut file = file.map_err(io::Error::other)?;
    file.write_all(&[0; PAGE])?;
    let reader = File::open(file.path())?;
    // SAFETY: nobody looks into the mapping, so it does not matter what becomes of the file.
    unsafe { MmapOptions::new().len(PAGE).map_exec(&reader) }.map(drop)
}

/// Elsewhere nothing forbids it.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn code_can_be_mapped(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Where a host of this user keeps its private copies, unless it is told where: a private folder is
/// made there, and removed.
///
/// # Errors
/// When none can be made; the text has the reason for each place.
pub fn place_of_private_copies() -> io::Result<PathBuf> {
    let made =
        Trust::Any.private_folder(None, None).map_err(|it| io::Error::other(in_full(&it)))?;
    Ok(made.path().parent().unwrap_or(made.path()).to_path_buf())
}

/// Whether calls go without a fence of their own: the kernel has `membarrier`, and this process
/// may use it. Without it a call costs a few nanoseconds more.
#[must_use]
pub fn calls_need_no_fence() -> bool {
    Form::asymmetric().is_some()
}

/// inotify's limits for this user, and how much of them is taken as far as can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inotify {
    /// How many folders can be watched.
    pub max_watches: u64,
    /// How many are.
    pub watches: u64,
    /// How many watchers there can be.
    pub max_instances: u64,
    /// How many there are.
    pub instances: u64,
}

/// Reads inotify's limits, and counts what this user's processes have taken of them; `None` where
/// there is no inotify.
#[must_use]
pub fn inotify() -> Option<Inotify> {
    let limit = |name: &str| {
        let text = fs::read_to_string(Path::new("/proc/sys/fs/inotify").join(name)).ok()?;
        text.trim().parse().ok()
    };
    let mut found = Inotify {
        max_watches: limit("max_user_watches")?,
        watches: 0,
        max_instances: limit("max_user_instances")?,
        instances: 0,
    };
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    for process in entries(Path::new("/proc")) {
        // Those of other users, which do not count, cannot be read.
        for descriptor in entries(&process.path().join("fdinfo")) {
            let info = fs::read_to_string(descriptor.path()).unwrap_or_default();
            let watches = info.lines().filter(|line| line.starts_with("inotify ")).count() as u64;
            let target = fs::read_link(process.path().join("fd").join(descriptor.file_name()));
            let is_watcher = target.is_ok_and(|it| it.as_os_str() == "anon_inode:inotify");
            found.watches += watches;
            found.instances += u64::from(is_watcher);
        }
    }
    Some(found)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use hotswap_watch::{Backend, Watcher};

    use super::*;

    #[test]
    fn an_ordinary_folder_is_good_enough() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(leases(folder.path()), Ok(Leases::Work)));
        code_can_be_mapped(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let folder = Path::new("/proc/self");
        assert!(leases(folder).is_err() && code_can_be_mapped(folder).is_err());
    }

    #[test]
    fn a_watcher_is_counted() {
        let before = inotify().unwrap();
        let watcher = Watcher::start(Backend::Events, drop).unwrap();
        let after = inotify().unwrap();
        drop(watcher);
        assert!(
            after.instances > 0 && after.max_instances >= after.instances,
            "{before:?} {after:?}"
        );
    }
}
