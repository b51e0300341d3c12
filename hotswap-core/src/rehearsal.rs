//! The rehearsal of an artifact: an upgrade in a child process, on a copy of the state, before the
//! host loads it.
//!
//! The child is this program, started again in the rehearsal's [`role`]. It is given a
//! [`folder`] with links to the private copies, the copy of the state and a request ([`message`]); it
//! goes through the [`steps`], says how each one goes, and is killed with all it has started when its
//! time is over ([`process`]). What it says is judged by a pure function ([`verdict`]).
//!
//! Where calls are to be replayed, those that follow the copy of the state are recorded ([`record`]), and
//! the child asks both versions the same (`steps/replaying.rs`).
//!
//! Who lays out the files is not who waits for the child ([`running`]): that may take its whole
//! deadline.
//!
//! # Why it is done like this
//! The child is the program itself, because a tool of our own would lack the host's checks,
//! allocator, services and builds of the interface. The price is a call that has to stand first in
//! `main` ([`probe`]).
//!
//! The journal and the rehearsal share one copy of the state (`upgrade/backup.rs`): the child reads
//! a link to the file that a restart begins with. That file is replaced by a rename and never
//! written again, so a link is as good as a copy.
//!
//! An artifact that appears supersedes a rehearsal, unless it is the rehearsal of a revert: an
//! operator waits for its end, and the new artifact is tried afterwards.

mod check;
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "gives up stdin and stdout and ends a process, in the child")]
mod child;
#[cfg(target_os = "linux")]
mod compare;
mod folder;
mod message;
pub mod probe;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod record;
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "asks the kernel for AT_SECURE"))]
mod role;
mod running;
#[cfg(target_os = "linux")]
mod steps;
#[cfg(target_os = "linux")]
mod strays;
#[cfg(target_os = "linux")]
mod verdict;

pub(crate) use self::{
    role::is_unserved_child,
    running::{ChildEvent, Running},
};
#[cfg(fuzzing)]
pub(crate) use verdict::of_any;

use std::sync::Arc;

use hotswap_types::Phase;

use self::folder::LaidOut;
use crate::{
    event::RehearsalReport,
    upgrade::{Admitted, Assessed, BackedUp, Baseline, Fault, RehearsalOutcome, Upgrade, span},
};

/// What becomes of an artifact that is backed up.
#[derive(Debug)]
pub(crate) enum Rehearse {
    /// Nobody waits for a child.
    Over(Admitted),
    /// It is to be tried.
    InChild(Assessed, Baseline, Box<LaidOut>),
}

impl Upgrade<'_> {
    /// Whether artifacts are tried in a child process: the slot has rehearsals, and the program
    /// serves them.
    pub(crate) fn rehearses(&self) -> bool {
        self.slot.settings.rehearsal.is_some() && role::unserved().is_none()
    }

    /// Prepares to try an artifact in a child process, where the slot has rehearsals; nothing of it
    /// runs here.
    pub(crate) fn rehearse(&mut self, backed_up: BackedUp) -> Result<Rehearse, Fault> {
        let Some(how) = &self.slot.settings.rehearsal else {
            return Ok(Rehearse::Over(Admitted::unrehearsed(backed_up.assessed, self.slot)));
        };
        if let Some(why) = role::unserved() {
            return Ok(Rehearse::Over(Admitted::not(backed_up.assessed, self.slot, why)));
        }
        let _span = span(Phase::Rehearsed);
        let laid_out = folder::lay_out(&backed_up, how, self.slot, self.config)?;
        Ok(Rehearse::InChild(backed_up.assessed, Baseline::now(self.slot), Box::new(laid_out)))
    }

    /// It went well there.
    pub(crate) fn rehearsed(
        &mut self,
        assessed: Assessed,
        baseline: Baseline,
        report: Arc<RehearsalReport>,
    ) -> Admitted {
        self.reached(Phase::Rehearsed);
        Admitted { assessed, outcome: RehearsalOutcome::Well(report), baseline }
    }
}
