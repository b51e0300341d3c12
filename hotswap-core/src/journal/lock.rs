//! The lock of a journal's folder: one host has it at a time.
//!
//! The system's lock (`flock`) is on the open file, and a child that another thread has just forked
//! has that open as well, until it executes its program. So the lock is taken back, and not left to
//! the closing of the file: else the next host would now and then find a journal that nobody has.
//! A copy of the host in a forked process takes nothing back.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use hotswap_loader::fs::disk;

use super::error::JournalError;
use crate::machine::owner::Owner;

/// The file that is locked.
pub(super) const LOCK: &str = "lock";

/// A folder that is locked, until this is dropped by the process that has locked it.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    owner: Owner,
}

impl Lock {
    /// Locks a folder.
    ///
    /// # Errors
    /// When another host has it; when the file cannot be opened or locked.
    pub(super) fn take(folder: &Path) -> Result<Self, JournalError> {
        let path = folder.join(LOCK);
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file =
            disk::open(&options, &path).map_err(|source| JournalError::write(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file, owner: Owner::this() }),
            Err(TryLockError::WouldBlock) => Err(JournalError::Locked { folder: folder.into() }),
            Err(TryLockError::Error(found)) => Err(JournalError::Unlockable { path, found }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.owner.elsewhere().is_none() {
            // Where it fails, the end of the process does it.
            let _ = self.file.unlock();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_child_that_has_the_file_open_does_not_keep_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        // What a child has between fork and exec.
        let child = lock.file.try_clone().unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(JournalError::Locked { .. })));
        drop(lock);
        drop(Lock::take(folder.path()).unwrap());
        drop(child);
    }

    #[test]
    fn a_copy_of_the_host_in_a_forked_process_takes_nothing_back() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let file = lock.file.try_clone().unwrap();
        drop(Lock { file, owner: Owner::of(std::os::unix::process::parent_id()) });
        assert!(matches!(Lock::take(folder.path()), Err(JournalError::Locked { .. })));
    }

    /// Has `flock` fail with `ENOLCK` on this thread, as on a mount whose server has no locks.
    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "a filter of system calls")]
    fn forbid_locks() {
        let call = |code, jump, value| libc::sock_filter { code, jt: 0, jf: jump, k: value };
        let mut filter = [
            call(0x20, 0, 0),
            call(0x15, 1, libc::SYS_flock as u32),
            call(0x06, 0, 0x0005_0000 | libc::ENOLCK as u32),
            call(0x06, 0, 0x7fff_0000),
        ];
        let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
        // SAFETY: it takes numbers.
        assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
        // SAFETY: a program for this thread, which lives as long as the call.
        assert_eq!(unsafe { libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const program) }, 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn where_nothing_can_be_locked_the_error_says_so_and_what_helps() {
        use hotswap_abi::__private::text::in_full;

        use crate::trust::Trust;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let without_locks = std::thread::spawn(move || {
            forbid_locks();
            let journal = Lock::take(&path).unwrap_err();
            let private = Trust::Any.private_folder(Some(&path), None).unwrap_err();
            (in_full(&journal), in_full(&private))
        });
        let (journal, private) = without_locks.join().unwrap();
        for part in
            ["lock cannot be locked", "No locks available", "on a file system that has locks"]
        {
            assert!(journal.contains(part), "{part}: {journal}");
        }
        for part in ["owner.lock", "No locks available", "Config::with_private_folder"] {
            assert!(private.contains(part), "{part}: {private}");
        }
        // What was begun is not left behind.
        let left = std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name());
        assert_eq!(left.collect::<Vec<_>>(), [LOCK]);
    }
}
