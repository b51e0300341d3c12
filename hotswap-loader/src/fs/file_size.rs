//! `RLIMIT_FSIZE`: a file that would become larger is an error, and not the end of the process.
//!
//! The system sends SIGXFSZ to the thread that writes, which ends a process that has no handler for
//! it. Where the thread blocks the signal the write fails with `EFBIG` all the same. So the host's own
//! thread blocks it for good, and another one that writes for the host for as long as it does. The
//! process's handlers stay as they are. Children inherit that, and meet the error as well.

/// The current thread is spared the signal until this is dropped.
#[derive(Debug)]
#[must_use = "the thread is spared only while this lives"]
pub struct Spared {
    #[cfg(target_os = "linux")]
    before: Option<libc::sigset_t>,
    /// The mask is the thread's.
    _own: std::marker::PhantomData<*const ()>,
}

impl Spared {
    /// Blocks the signal, if it is not blocked yet.
    #[cfg(target_os = "linux")]
    pub fn begin() -> Self {
        let signal = of_signal();
        let mut before = empty();
        // SAFETY: two sets of signals.
        let done =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signal, &raw mut before) };
        // SAFETY: a set that was filled in.
        let was_blocked = unsafe { libc::sigismember(&raw const before, libc::SIGXFSZ) } == 1;
        Self {
            before: (done == 0 && !was_blocked).then_some(before),
            _own: std::marker::PhantomData,
        }
    }

    /// Elsewhere there is no such signal.
    #[cfg(not(target_os = "linux"))]
    pub fn begin() -> Self {
        Self { _own: std::marker::PhantomData }
    }
}

#[cfg(target_os = "linux")]
impl Drop for Spared {
    fn drop(&mut self) {
        let Some(before) = &self.before else { return };
        let (signal, now) = (of_signal(), libc::timespec { tv_sec: 0, tv_nsec: 0 });
        // What has come meanwhile was told by the writes.
        // SAFETY: a set and a time; nobody wants to know of the signal.
        while unsafe { libc::sigtimedwait(&raw const signal, std::ptr::null_mut(), &raw const now) }
            > 0
        {}
        // SAFETY: the mask that the thread had.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
    }
}

#[cfg(target_os = "linux")]
fn empty() -> libc::sigset_t {
    // SAFETY: a set is an array of numbers.
    let mut set = unsafe { std::mem::zeroed() };
    // SAFETY: a place for a set.
    unsafe { libc::sigemptyset(&raw mut set) };
    set
}

#[cfg(target_os = "linux")]
fn of_signal() -> libc::sigset_t {
    let mut set = empty();
    // SAFETY: a set, and a signal that there is.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGXFSZ) };
    set
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{io, io::Write as _};

    use rustix::process::{Resource, Rlimit, setrlimit};

    use hotswap_testing::{self as testing, test};

    use super::*;

    #[test]
    fn a_file_beyond_the_limit_is_an_error() {
        const MARK: &str = "HOTSWAP_FILE_SIZE";
        if std::env::var_os(MARK).is_none() {
            return testing::alone(test!(a_file_beyond_the_limit_is_an_error), MARK, &[]);
        }
        let mut file = tempfile::tempfile().unwrap();
        setrlimit(Resource::Fsize, Rlimit { current: Some(4096), maximum: None }).unwrap();
        for _ in 0..2 {
            let spared = Spared::begin();
            let written = file.write_all(&[0; 10_000]).unwrap_err();
            assert_eq!(written.kind(), io::ErrorKind::FileTooLarge);
            // Inside of one that is spared already.
            drop(Spared::begin());
            drop(spared);
        }
    }
}
