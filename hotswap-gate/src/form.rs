//! The two forms of the fence between "I am inside" and "may I be?".
//!
//! A caller writes its announcement and then reads the gate's word; a closer writes the word and
//! then reads the announcements. Neither may miss the other, so each needs a full fence between
//! its write and its read.
//!
//! * The **fence form** says exactly that: `fence(SeqCst)` on both sides.
//! * The **asymmetric form** moves the whole price to the closer: a caller only keeps the compiler
//!   from reordering, and the closer runs `membarrier(PRIVATE_EXPEDITED)`, which makes every
//!   running thread of this process pass a full fence.
//!
//! Which way a caller takes is not looked up at each call: in the asymmetric form its record knows
//! the open word for the quick way, in the fence form for the way with a fence (see `record`), and
//! what the quick way finds in the fence form is a word that no gate ever shows. So it is in either
//! form while a canary is active (see `canary`).
//!
//! The form is chosen once per process: asymmetric where the kernel took the registration and one
//! trial barrier worked, else fences.
//!
//! # Why asymmetric
//! A call is then a plain store and a load, and calls of different threads share no cache line:
//! there is no counter of callers. loom checks the protocol with full fences; that the asymmetric
//! form does as well rests on the argument above and on `stress.rs`.

use std::io;
use std::sync::OnceLock;

use crate::sync::atomic::{Ordering, compiler_fence, fence};

/// How callers and closers of a gate are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    asymmetric: bool,
}

impl Form {
    /// The form every gate of this process uses unless told otherwise.
    pub fn of_process() -> Self {
        Self::asymmetric().unwrap_or(Self::fences())
    }

    /// Full fences on both sides; works everywhere.
    pub const fn fences() -> Self {
        Self { asymmetric: false }
    }

    /// Nothing but a compiler fence for callers; `None` where the system cannot do it.
    pub fn asymmetric() -> Option<Self> {
        if cfg!(all(test, loom)) {
            return Some(Self { asymmetric: true });
        }
        static WORKS: OnceLock<bool> = OnceLock::new();
        let works = *WORKS.get_or_init(|| membarrier::register().is_ok());
        works.then_some(Self { asymmetric: true })
    }

    /// Whether callers need no more than [`quick_fence`]. loom models no barrier of the kernel's:
    /// there the quick way has a full fence, and is checked with it.
    pub(crate) const fn is_quick(self) -> bool {
        self.asymmetric
    }

    /// The closer's fence, between its change of the word and its look at the announcements.
    ///
    /// # Errors
    /// The kernel refused a barrier that it had accepted before, e.g. because a seccomp filter was
    /// installed since. The closer then knows nothing about who is inside.
    pub(crate) fn closer_fence(self) -> io::Result<()> {
        fence(Ordering::SeqCst);
        if self.asymmetric && cfg!(not(all(test, loom))) {
            membarrier::run()?;
            fence(Ordering::SeqCst);
        }
        Ok(())
    }
}

/// The caller's fence of the asymmetric form, between its announcement and its look at the word.
#[inline(always)]
pub(crate) fn quick_fence() {
    if cfg!(all(test, loom)) {
        fence(Ordering::SeqCst);
    } else {
        compiler_fence(Ordering::SeqCst);
    }
}

#[cfg(all(target_os = "linux", not(all(test, loom)), not(miri)))]
mod membarrier {
    use rustix::thread::{MembarrierCommand, membarrier};
    use std::io;

    pub(crate) fn register() -> io::Result<()> {
        membarrier(MembarrierCommand::RegisterPrivateExpedited)?;
        run()
    }

    pub(crate) fn run() -> io::Result<()> {
        Ok(membarrier(MembarrierCommand::PrivateExpedited)?)
    }
}

#[cfg(not(all(target_os = "linux", not(all(test, loom)), not(miri))))]
mod membarrier {
    use std::io;

    pub(crate) fn register() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn run() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering, fence};
    use std::thread;

    use super::{Form, quick_fence};

    /// Each side writes a number, passes its fence and reads the other's. A closer that reads the
    /// caller's number `n` has missed `n + 1`, so that call must not have missed the closer.
    fn nobody_misses_the_other(form: Form) {
        const CALLS: usize = 2_000_000;
        // Lines of their own: on one line, a store and a load would wait for it together.
        #[repr(align(128))]
        struct Line(AtomicU64);
        let lines = [const { Line(AtomicU64::new(0)) }; 2];
        let [Line(asked), Line(shut)] = &lines;
        let mut found = vec![0; CALLS + 1];
        let mut looks = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                for (call, found) in found.iter_mut().enumerate() {
                    asked.store(call as u64, Ordering::Relaxed);
                    if form.is_quick() {
                        quick_fence()
                    } else {
                        fence(Ordering::SeqCst)
                    }
                    *found = shut.load(Ordering::Relaxed);
                }
            });
            while looks.last() != Some(&CALLS) {
                shut.store(looks.len() as u64 + 1, Ordering::Relaxed);
                form.closer_fence().unwrap();
                looks.push(asked.load(Ordering::Relaxed) as usize);
            }
        });
        for (look, &call) in looks.iter().enumerate() {
            let after = found.get(call + 1);
            assert!(after.is_none_or(|&found| found > look as u64), "look {look}, call {call}");
        }
    }

    #[test]
    fn fences_order_both_sides() {
        nobody_misses_the_other(Form::fences());
    }

    #[test]
    fn the_asymmetric_form_orders_both_sides() {
        if let Some(form) = Form::asymmetric() {
            nobody_misses_the_other(form);
        }
    }
}
