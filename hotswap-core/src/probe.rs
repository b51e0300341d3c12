//! The probe role: this program, started again by a host as a child process, in which an artifact is
//! rehearsed before the host loads it ([`Rehearsal`](crate::Rehearsal)).
//!
//! ```no_run
//! use hotswap_core::probe;
//! # #[hotswap_core::abi::interface] pub trait Game { fn title(&self) -> String; }
//!
//! fn main() {
//!     // Nothing stands before it.
//!     probe::Probe::new()
//!         .check::<dyn Game>("arcade", |game| match game.pin().title()?.as_str() {
//!             "" => Err("a game without a title".into()),
//!             _ => Ok(()),
//!         })
//!         .serve();
//!     // … the program.
//! }
//! ```
//!
//! # Why it has to come first
//! The child is the whole program. What stands before [`serve`] runs in it, too: a second server
//! would be started for each rehearsal. A program that never calls it is never started again: a host
//! looks whether it was called in its own process. A child that does not come to `serve` is killed
//! after some seconds, and then no other one is started.

#[cfg(target_os = "linux")]
mod child;
pub(crate) mod message;

use std::{
    env,
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use hotswap_abi::Interface;

use crate::{
    gate::Gate,
    instance::Generation,
    slot::{InterfaceType, Slot, SlotCore},
};

/// Set in a child, whose stdin is the folder with what is to be rehearsed. It names no place: who
/// can set a variable of a program should not choose what runs in it.
pub(crate) const CHILD: &str = "HOTSWAP_REHEARSAL";
/// How long a call of a check waits. Nobody upgrades there.
const BUDGET: Duration = Duration::from_secs(1);

const NOT_SERVED: u8 = 0;
const SERVED: u8 = 1;
const MISPLACED: u8 = 2;

static ROLE: AtomicU8 = AtomicU8::new(NOT_SERVED);

/// What a check finds wrong.
pub type CheckError = Box<dyn Error + Send + Sync>;

type Run = Box<dyn Fn(&Arc<SlotCore>, &Arc<Gate<Generation>>) -> Result<(), CheckError>>;

/// A check of the host's own.
struct Check {
    slot: String,
    interface: InterfaceType,
    run: Run,
}

/// The probe role with checks of the host's own.
#[derive(Default)]
pub struct Probe {
    checks: Vec<Check>,
}

/// Rehearses, where this process was started for that, and does not come back; does nothing else.
/// Stands first in `main`.
pub fn serve() {
    Probe::new().serve();
}

impl Probe {
    /// Without checks.
    #[must_use]
    pub const fn new() -> Self {
        Self { checks: Vec::new() }
    }

    /// Adds a check of a slot's new versions: what the host expects of a module that has just
    /// started with the state, by calling it. It may change the instance, which is thrown away.
    ///
    /// An error or a panic refuses the artifact.
    #[must_use]
    pub fn check<I: Interface + ?Sized>(
        mut self,
        slot: impl Into<String>,
        check: impl Fn(&Slot<I>) -> Result<(), CheckError> + 'static,
    ) -> Self {
        let run = move |core: &Arc<SlotCore>, gate: &Arc<Gate<Generation>>| {
            check(&Slot::new(Arc::clone(core), Arc::clone(gate), BUDGET))
        };
        let (slot, interface) = (slot.into(), InterfaceType::of::<I>());
        self.checks.push(Check { slot, interface, run: Box::new(run) });
        self
    }

    /// Rehearses, where this process was started for that, and does not come back; does nothing
    /// else. Stands first in `main`.
    pub fn serve(self) {
        ROLE.store(SERVED, Ordering::Relaxed);
        #[cfg(target_os = "linux")]
        if is_child() {
            child::run(&self.checks);
        }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots: Vec<_> = self.checks.iter().map(|check| &check.slot).collect();
        f.debug_struct("Probe").field("checks", &slots).finish()
    }
}

/// Why this program cannot be started again for a rehearsal, where it cannot.
pub(crate) fn unserved() -> Option<&'static str> {
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

/// Whether a child has not come to [`serve`]: no other one is started.
pub(crate) fn is_misplaced() -> bool {
    ROLE.load(Ordering::Relaxed) == MISPLACED
}

/// A child has not come to [`serve`].
pub(crate) fn set_misplaced() {
    ROLE.store(MISPLACED, Ordering::Relaxed);
}

/// Whether this process is a child that was started for a rehearsal, and has not come to [`serve`]:
/// it must not become a second copy of the program.
pub(crate) fn is_astray() -> bool {
    is_child() && ROLE.load(Ordering::Relaxed) == NOT_SERVED
}

fn is_child() -> bool {
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
