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

use std::{fmt, sync::Arc, time::Duration};

use hotswap_abi::Interface;
use hotswap_gate::Gate;

pub use super::check::CheckError;

use super::{check::Check, role};
use crate::{
    instance::Generation,
    slot::{InterfaceType, Slot, SlotCore},
};

/// How long a call of a check waits. Nobody upgrades there.
const BUDGET: Duration = Duration::from_secs(1);

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
        self.checks.push(Check { slot, interface, run: Some(Box::new(run)) });
        self
    }

    /// Names a slot's interface, for the replay of recorded calls ([`Replay`](crate::Replay)). A slot
    /// with a [`check`](Self::check) has it already.
    #[must_use]
    pub fn replay<I: Interface + ?Sized>(mut self, slot: impl Into<String>) -> Self {
        let (slot, interface) = (slot.into(), InterfaceType::of::<I>());
        self.checks.push(Check { slot, interface, run: None });
        self
    }

    /// Rehearses, where this process was started for that, and does not come back; does nothing
    /// else. Stands first in `main`.
    pub fn serve(self) {
        role::set_served();
        #[cfg(target_os = "linux")]
        if role::is_child() {
            super::child::run(&self.checks);
        }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots: Vec<_> = self.checks.iter().map(|check| &check.slot).collect();
        f.debug_struct("Probe").field("checks", &slots).finish()
    }
}
