//! Whether anybody has a file open for writing.
//!
//! Linux grants a read lease (`F_SETLEASE` with `F_RDLCK`) only while no open file description and
//! no shared mapping can write the file, in any process. That is the exact answer, without a
//! delay. Where leases do not exist, or are not allowed (the file belongs to another user and the
//! process has no `CAP_LEASE`), the answer is [`Claim::Unknown`] and never a guess.
//!
//! # Holding the lease
//!
//! A [`ReadLease`] is meant to be held while the file is copied. A writer that comes meanwhile
//! blocks inside its own `open` until the lease is gone, so what is read is all of one version.
//! To keep such a writer from waiting, the copier asks [`ReadLease::undisturbed`] between two
//! chunks and lets go as soon as the answer is no. Only writers that open with `O_NONBLOCK` see
//! more than a short wait (`EWOULDBLOCK`); compilers, linkers and copy tools do not. The kernel
//! takes the lease back by force after `/proc/sys/fs/lease-break-time` (45 s), and then
//! `undisturbed` says no as well.
//!
//! # The signal
//!
//! A lease break sends `SIGIO`, which ends a process that did not ask for it. The kernel sends it
//! to the owner of the open file description, and `F_SETLEASE` names the calling process only
//! where no owner was named before. So an owner is named first: a thread that ends right
//! away. The kernel keeps its identity, not its number, hence a later thread with the same number
//! cannot be hit, and the signal goes to nobody. The host's signal handlers and masks stay as
//! they are.

use std::fs::File;
use std::io;

/// Answer of [`read_lease`].
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "hotswap-core answers each of them")]
pub enum Claim<'file> {
    /// Nobody can write to the file, and who wants to waits until the lease is dropped.
    Held(ReadLease<'file>),
    /// Somebody has it open for writing.
    BeingWritten,
    /// This platform, file system or user cannot know; the reason.
    Unknown(io::Error),
}

/// A read lease on an open file; dropped, it is released at once.
#[derive(Debug)]
pub struct ReadLease<'file> {
    file: &'file File,
}

/// Asks for a read lease on `file`, which must be open for reading only.
pub fn read_lease(file: &File) -> Claim<'_> {
    match sys::take(file) {
        Ok(()) => Claim::Held(ReadLease { file }),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Claim::BeingWritten,
        Err(error) => Claim::Unknown(error),
    }
}

impl ReadLease<'_> {
    /// Whether the lease still holds and no writer waits for it: everything read so far belongs to
    /// one version of the file.
    pub fn undisturbed(&self) -> bool {
        sys::holds(self.file)
    }
}

impl Drop for ReadLease<'_> {
    fn drop(&mut self) {
        sys::release(self.file);
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no safe wrapper has F_SETLEASE, F_GETLEASE and F_SETOWN_EX")]
mod sys {
    use std::fs::File;
    use std::io;
    use std::os::fd::{AsRawFd as _, RawFd};
    use std::thread;

    // From the kernel's include/uapi/asm-generic/fcntl.h; the same on every architecture.
    const F_SETOWN_EX: libc::c_int = 15;
    const F_OWNER_TID: libc::c_int = 0;

    #[repr(C)]
    struct Owner {
        kind: libc::c_int,
        id: libc::pid_t,
    }
    const _: () = assert!(size_of::<Owner>() == 8 && align_of::<Owner>() == 4);

    pub(super) fn take(file: &File) -> io::Result<()> {
        let fd = file.as_raw_fd();
        thread::scope(|scope| {
            let mute = move || name_this_thread_owner(fd);
            let thread = thread::Builder::new().stack_size(64 * 1024).spawn_scoped(scope, mute);
            // Its kind is that of a lease that is refused.
            let thread = thread.map_err(io::Error::other)?;
            thread.join().unwrap_or_else(|_| Err(io::Error::other("the owner thread panicked")))
        })?;
        // SAFETY: F_SETLEASE takes an int and touches no memory of ours; `file` keeps `fd` open.
        check(unsafe { libc::fcntl(fd, libc::F_SETLEASE, libc::c_int::from(libc::F_RDLCK as i16)) })
    }

    pub(super) fn holds(file: &File) -> bool {
        // SAFETY: F_GETLEASE has no argument; `file` keeps its descriptor open.
        let lease = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETLEASE) };
        lease == libc::c_int::from(libc::F_RDLCK as i16)
    }

    pub(super) fn release(file: &File) {
        let none = libc::c_int::from(libc::F_UNLCK as i16);
        // SAFETY: F_SETLEASE takes an int and touches no memory of ours; `file` keeps its
        // descriptor open. It fails only where the kernel took the lease back already.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, none) };
    }

    fn name_this_thread_owner(fd: RawFd) -> io::Result<()> {
        let owner =
            Owner { kind: F_OWNER_TID, id: rustix::thread::gettid().as_raw_nonzero().get() };
        // SAFETY: F_SETOWN_EX reads one `struct f_owner_ex`, of which `Owner` has the layout
        // (asserted above) and which lives until the call returns; `take` keeps `fd` open.
        check(unsafe { libc::fcntl(fd, F_SETOWN_EX, &raw const owner) })
    }

    fn check(result: libc::c_int) -> io::Result<()> {
        if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

#[cfg(not(target_os = "linux"))]
mod sys {
    use std::fs::File;
    use std::io;

    pub(super) fn take(_: &File) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "leases exist on Linux only"))
    }

    pub(super) fn holds(_: &File) -> bool {
        false
    }

    pub(super) fn release(_: &File) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::{self, File};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::testing::closed;

    #[test]
    fn a_writer_is_seen_and_its_end_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lib.so");
        let writer = File::create(&path).unwrap();
        let reader = File::open(&path).unwrap();
        assert!(matches!(read_lease(&reader), Claim::BeingWritten));
        drop(writer);
        closed(&path);
        assert!(matches!(read_lease(&reader), Claim::Held(_)));
        let _other_reader = File::open(&path).unwrap();
        assert!(matches!(read_lease(&reader), Claim::Held(_)));
        let _append = File::options().append(true).open(&path).unwrap();
        assert!(matches!(read_lease(&reader), Claim::BeingWritten));
    }

    /// A break that reached this process as `SIGIO` would end it.
    #[test]
    fn a_writer_that_comes_waits_and_nobody_is_signalled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lib.so");
        for _ in 0..20 {
            fs::write(&path, "one").unwrap();
            closed(&path);
            let reader = File::open(&path).unwrap();
            let Claim::Held(lease) = read_lease(&reader) else { panic!("no lease") };
            assert!(lease.undisturbed());
            let (done, is_done) = mpsc::channel();
            let of_writer = path.clone();
            let writer = thread::spawn(move || {
                fs::write(of_writer, "two").unwrap();
                done.send(()).unwrap();
            });
            while lease.undisturbed() {
                thread::yield_now();
            }
            // It waits inside `open`, before it truncates.
            assert_eq!(fs::read(&path).unwrap(), b"one");
            assert!(is_done.try_recv().is_err());
            drop(lease);
            is_done.recv_timeout(Duration::from_secs(20)).unwrap();
            writer.join().unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"two");
        }
    }

    #[test]
    fn what_cannot_have_a_lease_is_unknown() {
        let reader = File::open("/").unwrap();
        assert!(matches!(read_lease(&reader), Claim::Unknown(_)));
    }
}
