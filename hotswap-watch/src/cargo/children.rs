//! Programs that the host starts, where it ignores SIGCHLD. That is handed down to them, and cargo
//! cannot wait for a compiler then.

use std::process::Command;

/// Has a program start with SIGCHLD as it is by default.
///
/// Only where this process ignores it: with something to do before `exec` a child is made by `fork`,
/// which takes the longer the larger the host is.
#[cfg(unix)]
pub(super) fn let_wait(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;

    if is_ignored() {
        let heed = || {
            // SAFETY: a signal and no handler; it may be called after `fork`.
            unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
            Ok(())
        };
        // SAFETY: the closure does nothing else.
        unsafe { command.pre_exec(heed) };
    }
}

#[cfg(not(unix))]
pub(super) fn let_wait(_: &mut Command) {}

#[cfg(unix)]
fn is_ignored() -> bool {
    // SAFETY: an all-zero `sigaction` is one.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: it is only asked for.
    let known = unsafe { libc::sigaction(libc::SIGCHLD, std::ptr::null(), &raw mut action) } == 0;
    known && action.sa_sigaction == libc::SIG_IGN
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use hotswap_testing::{self as testing, test};

    use super::*;

    #[test]
    fn a_program_can_wait_for_its_own_children() {
        const MARK: &str = "HOTSWAP_SIGCHLD";
        if std::env::var_os(MARK).is_none() {
            return testing::alone(test!(a_program_can_wait_for_its_own_children), MARK, &[]);
        }
        let ignores = |command: &mut Command| {
            let mut grep = command.args(["SigIgn", "/proc/self/status"]).spawn().unwrap();
            let said = std::io::read_to_string(grep.stdout.take().unwrap()).unwrap();
            // Where this process ignores the signal, there is no status to wait for.
            let _ = grep.wait();
            let mask = u64::from_str_radix(said.split_whitespace().last().unwrap(), 16).unwrap();
            mask >> (libc::SIGCHLD - 1) & 1 == 1
        };
        let grep = || {
            let mut grep = Command::new("grep");
            grep.stdout(std::process::Stdio::piped());
            grep
        };
        // SAFETY: no handler, and nothing here waits for a child.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
        assert!(ignores(&mut grep()));
        let mut heeds = grep();
        let_wait(&mut heeds);
        assert!(!ignores(&mut heeds));
    }
}
