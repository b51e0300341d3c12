//! Surroundings that are not as most are: what a process, or the system below it, has otherwise.
//!
//! Each of these holds for the whole process, and mostly for the rest of its life: it takes a
//! process of its own.
#![expect(unsafe_code, reason = "signals, filters and forks are asked for by hand")]

use std::{
    env,
    io::{self, Read as _, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::Command,
    ptr, thread,
    time::Duration,
};

/// Ignores SIGCHLD: the system waits for children, and nobody learns how they have ended.
pub fn ignore_children() {
    // SAFETY: no handler, and nothing of this process waits for a child.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
}

/// Has a thread that waits for every child, whoever has started it.
pub fn reap_children() {
    thread::spawn(|| {
        loop {
            // SAFETY: waits for any child.
            if unsafe { libc::waitpid(-1, ptr::null_mut(), 0) } < 0 {
                thread::sleep(Duration::from_micros(100));
            }
        }
    });
}

/// Answers `pidfd_open` with EPERM from now on, in this thread and in those that it starts.
///
/// # Panics
/// When the system does not let it.
pub fn forbid_pidfd_open() {
    let call = |code, jump, value| libc::sock_filter { code, jt: 0, jf: jump, k: value };
    let mut filter = [
        // The number of the call; pidfd_open is answered with EPERM, all else is allowed.
        call(0x20, 0, 0),
        call(0x15, 1, 434),
        call(0x06, 0, 0x0005_0000 | libc::EPERM as u32),
        call(0x06, 0, 0x7fff_0000),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // SAFETY: it takes numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: a program for this thread, and those that it starts.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const program) }, 0);
}

/// Sets a variable of this process.
pub fn set_variable(name: &str, value: &str) {
    // SAFETY: the other threads of a test look at variables by std alone, which has a lock for them.
    unsafe { env::set_var(name, value) };
}

/// `/proc` is empty as long as this is there. For a process with mounts of its own.
#[derive(Debug)]
pub struct WithoutProc(());

/// Hides `/proc` from this process.
///
/// # Panics
/// When nothing can be mounted.
#[must_use]
pub fn without_proc() -> WithoutProc {
    let status = Command::new("mount").args(["-t", "tmpfs", "nothing", "/proc"]).status();
    assert!(status.is_ok_and(|it| it.success()), "something can be mounted there");
    assert!(!Path::new("/proc/self").exists(), "it is hidden");
    WithoutProc(())
}

impl Drop for WithoutProc {
    fn drop(&mut self) {
        // The program for it would look there for what is mounted.
        // SAFETY: a path.
        let code = unsafe { libc::umount2(c"/proc".as_ptr(), libc::MNT_DETACH) };
        assert_eq!(code, 0, "{}", io::Error::last_os_error());
    }
}

/// What a copy of this process says, which has only the thread that has made it. It must not come
/// back from `copy`, nor drop what is the parent's.
///
/// # Errors
/// The text of its panic, if it panics.
///
/// # Panics
/// When there can be no copy.
pub fn forked(copy: impl FnOnce() -> String) -> Result<String, String> {
    let (mut read, mut write) = io::pipe().expect("there can be a pipe");
    // SAFETY: the child leaves by `_exit`, whatever it finds.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "there can be a child");
    if child == 0 {
        drop(read);
        let said = catch_unwind(AssertUnwindSafe(copy));
        let code = i32::from(said.is_err());
        let text = said.unwrap_or_else(|payload| match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(_) => "it has panicked".to_owned(),
        });
        let _ = write.write_all(text.as_bytes());
        // SAFETY: it does not come back.
        unsafe { libc::_exit(code) };
    }
    drop(write);
    let mut text = String::new();
    read.read_to_string(&mut text).expect("it says something");
    let mut status = 0;
    // SAFETY: a place for the status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    if status == 0 { Ok(text) } else { Err(text) }
}
