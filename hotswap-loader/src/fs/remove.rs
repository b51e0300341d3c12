//! Removes a folder that somebody else has filled, and spends no more than a bounded time and a few
//! descriptors on it, however many files there are and however deep they lie.
//!
//! Nothing recurses: what lies in a folder below the first is removed or, where it is a folder itself
//! that is not empty, moved up beside it. So each folder is looked at once, at a depth of one. No link
//! is followed.

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

/// Removes a folder and what is in it, at the longest for so long; what is called `last` goes last.
///
/// # Errors
/// When something of it is left: the system refuses, or the time is over.
#[cfg(not(unix))]
pub fn remove_within(folder: &Path, _last: Option<&str>, _bound: Duration) -> io::Result<()> {
    std::fs::remove_dir_all(folder)
}

/// Removes a folder and what is in it, at the longest for so long; what is called `last` goes last.
///
/// # Errors
/// When something of it is left: the system refuses, or the time is over.
#[cfg(unix)]
pub fn remove_within(folder: &Path, last: Option<&str>, bound: Duration) -> io::Result<()> {
    let begun = Instant::now();
    let root = match unix::open(rustix::fs::CWD, folder) {
        Ok(root) => root,
        Err(rustix::io::Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut removal = unix::Removal::new(root, last, begun, bound);
    while removal.pass()? {}
    if let Some(last) = last
        && let Err(error) = std::fs::remove_file(folder.join(last))
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    std::fs::remove_dir(folder)
}

#[cfg(unix)]
mod unix {
    #[cfg(target_os = "linux")]
    use std::os::fd::AsRawFd as _;
    use std::{
        ffi::CStr,
        io,
        os::fd::{AsFd, BorrowedFd, OwnedFd},
        time::{Duration, Instant},
    };

    use rustix::{
        fs::{AtFlags, CWD, Dir, Mode, OFlags, chmodat, openat, renameat, unlinkat},
        io::Errno,
        path::Arg,
    };

    /// Opens a folder, and follows no link to it.
    pub(super) fn open(within: BorrowedFd<'_>, name: impl Arg) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(within, name, flags, Mode::empty())
    }

    /// A folder on its way out.
    pub(super) struct Removal<'a> {
        root: OwnedFd,
        last: Option<&'a str>,
        begun: Instant,
        bound: Duration,
        /// How many folders were moved up.
        moved: u64,
    }

    impl<'a> Removal<'a> {
        pub(super) const fn new(
            root: OwnedFd,
            last: Option<&'a str>,
            begun: Instant,
            bound: Duration,
        ) -> Self {
            Self { root, last, begun, bound, moved: 0 }
        }

        /// Removes what is there; false where there was nothing.
        pub(super) fn pass(&mut self) -> io::Result<bool> {
            let mut found = false;
            for entry in Dir::read_from(&self.root)? {
                let entry = entry?;
                let name = entry.file_name();
                if is_place(name) || Some(name.to_bytes()) == self.last.map(str::as_bytes) {
                    continue;
                }
                found = true;
                self.is_in_time()?;
                if !removed(self.root.as_fd(), name)? {
                    self.empty(name)?;
                    unlinkat(&self.root, name, AtFlags::REMOVEDIR)?;
                }
            }
            Ok(found)
        }

        /// Removes what is in a folder, or moves it up.
        fn empty(&mut self, name: &CStr) -> io::Result<()> {
            permit(self.root.as_fd(), name)?;
            let folder = open(self.root.as_fd(), name)?;
            let mut is_empty = false;
            while !is_empty {
                is_empty = true;
                for entry in Dir::read_from(&folder)? {
                    let entry = entry?;
                    let name = entry.file_name();
                    if is_place(name) {
                        continue;
                    }
                    is_empty = false;
                    self.is_in_time()?;
                    if !removed(folder.as_fd(), name)? {
                        permit(folder.as_fd(), name)?;
                        self.move_up(folder.as_fd(), name)?;
                    }
                }
            }
            Ok(())
        }

        fn move_up(&mut self, from: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
            loop {
                self.is_in_time()?;
                self.moved += 1;
                match renameat(from, name, &self.root, format!(".moved-{}", self.moved)) {
                    // Somebody has given something this name.
                    Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
                    result => return Ok(result?),
                }
            }
        }

        fn is_in_time(&self) -> io::Result<()> {
            if self.begun.elapsed() < self.bound {
                return Ok(());
            }
            let text = format!("it was not gone after {:?}", self.bound);
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        }
    }

    fn is_place(name: &CStr) -> bool {
        matches!(name.to_bytes(), b"." | b"..")
    }

    /// Removes a file, or a folder that is empty; false where it is a folder that is not.
    fn removed(within: BorrowedFd<'_>, name: &CStr) -> io::Result<bool> {
        match unlinkat(within, name, AtFlags::empty()) {
            // POSIX has the one, Linux the other.
            Err(Errno::ISDIR | Errno::PERM) => {}
            Ok(()) | Err(Errno::NOENT) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        match unlinkat(within, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets its owner read, change and move a folder, where its mode does not.
    #[cfg(target_os = "linux")]
    fn permit(within: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        // By a descriptor, so that no link is followed that has taken its place.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(within, name, flags, Mode::empty())?;
        let path = format!("/proc/self/fd/{}", folder.as_raw_fd());
        Ok(chmodat(CWD, path, Mode::RWXU, AtFlags::empty())?)
    }

    #[cfg(not(target_os = "linux"))]
    fn permit(within: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        Ok(chmodat(within, name, Mode::RWXU, AtFlags::empty())?)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs,
        os::{fd::AsFd as _, unix::fs::PermissionsExt as _},
        path::PathBuf,
    };

    use rustix::fs::{CWD, Mode, mkdirat};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Folders in folders, each opened from the one before: no path is as long.
    fn deep(folder: &Path, levels: usize) {
        let mut at = unix::open(CWD, folder).unwrap();
        for _ in 0..levels {
            mkdirat(&at, "d", Mode::RWXU).unwrap();
            at = unix::open(at.as_fd(), "d").unwrap();
        }
    }

    fn filled() -> (tempfile::TempDir, PathBuf) {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("folder");
        fs::create_dir(&folder).unwrap();
        (base, folder)
    }

    #[test]
    fn what_is_wide_deep_or_closed_is_removed() {
        let (base, folder) = filled();
        for i in 0..2_000 {
            fs::write(folder.join(i.to_string()), "").unwrap();
        }
        // More than a path can name.
        deep(&folder, 3_000);
        for name in [".moved-1", ".moved-2"] {
            fs::create_dir_all(folder.join(name).join("full")).unwrap();
        }
        let closed = folder.join("closed");
        fs::create_dir_all(closed.join("within/full")).unwrap();
        for closed in [closed.join("within"), closed] {
            fs::set_permissions(closed, fs::Permissions::from_mode(0o000)).unwrap();
        }
        let outside = base.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "mine").unwrap();
        std::os::unix::fs::symlink(&outside, folder.join("link")).unwrap();
        fs::write(folder.join("owner.lock"), "").unwrap();
        remove_within(&folder, Some("owner.lock"), LONG).unwrap();
        assert!(!folder.exists());
        assert_eq!(fs::read(outside.join("file")).unwrap(), b"mine");
        remove_within(&folder, None, LONG).unwrap();
    }

    #[test]
    fn what_takes_too_long_is_left_with_what_goes_last() {
        let (_base, folder) = filled();
        for name in ["a", "owner.lock"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let error = remove_within(&folder, Some("owner.lock"), Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        assert!(folder.join("owner.lock").exists());
    }
}
