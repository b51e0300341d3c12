//! The role of this process in a rehearsal: whether it is a child, and whether it serves as one.

use std::{
    env,
    sync::atomic::{AtomicU8, Ordering},
};

/// Set in a child, whose stdin is the folder with what is to be rehearsed. It names no place: who
/// can set a variable of a program should not choose what runs in it.
pub(super) const CHILD: &str = "HOTSWAP_REHEARSAL";

const NOT_SERVED: u8 = 0;
const SERVED: u8 = 1;
const MISPLACED: u8 = 2;

static ROLE: AtomicU8 = AtomicU8::new(NOT_SERVED);

/// The program has called [`serve`](super::probe::serve).
pub(super) fn set_served() {
    ROLE.store(SERVED, Ordering::Relaxed);
}

/// Why this program cannot be started again for a rehearsal, where it cannot.
pub(super) fn unserved() -> Option<&'static str> {
    if cfg!(not(target_os = "linux")) {
        return Some("rehearsals run on Linux only");
    }
    if is_privileged() {
        return Some(
            "the program has rights that its caller lacks (AT_SECURE), and rehearses nothing",
        );
    }
    match ROLE.load(Ordering::Relaxed) {
        NOT_SERVED => Some("the program does not call hotswap_core::probe::serve() first in main"),
        _ => None,
    }
}

/// Whether a child has not come to [`serve`](super::probe::serve): no other one is started.
pub(super) fn is_misplaced() -> bool {
    ROLE.load(Ordering::Relaxed) == MISPLACED
}

/// A child has not come to [`serve`](super::probe::serve).
pub(super) fn set_misplaced() {
    ROLE.store(MISPLACED, Ordering::Relaxed);
}

/// Whether this process is a child that was started for a rehearsal, and has not come to [`serve`](super::probe::serve):
/// it must not become a second copy of the program.
pub(crate) fn is_unserved_child() -> bool {
    is_child() && ROLE.load(Ordering::Relaxed) == NOT_SERVED
}

pub(super) fn is_child() -> bool {
    env::var_os(CHILD).is_some_and(|it| !it.is_empty()) && !is_privileged()
}

/// Whether this program has rights that whoever started it lacks, by its file's mode or
/// capabilities. That one has set its environment, and is not obeyed.
#[cfg(target_os = "linux")]
fn is_privileged() -> bool {
    // SAFETY: it reads what the kernel has told the process at its start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Elsewhere nothing is rehearsed.
#[cfg(not(target_os = "linux"))]
const fn is_privileged() -> bool {
    false
}
