//! An upgrade: the order of the phases, which only this file knows.
//!
//! `Staged → Inspected → Assessed → BackedUp → Rehearsed → AwaitingApproval → Loaded → Prepared →
//! Quiescing → Snapshotted → Migrating → Activated → Trial → Committed`
//!
//! Each phase has a type that only the phase before can make, and a file that makes it, which names
//! types of earlier phases and never of a later one. A phase that fails answers with a [`Fault`];
//! what served goes on serving, with its state. Nothing that callers can see changes before the
//! switch in [`activate`]. A module with state is switched in a [`pause`].
//!
//! Where the host has a journal, what is BackedUp is written by its worker, into which [`BackupRequest`]
//! leads. What is Rehearsed is tried in a child process, with a copy of the state that is taken
//! early ([`backup`]); the state that goes over in the end is another one, taken in the pause. A
//! candidate waits for a rehearsal, and for an approval, outside of this file, as an [`Admitted`].
//!
//! # The trial
//! Where the slot has one, an upgrade is not over with the switch: the generation before is kept
//! ready, suspended if its state went over, until the trial was judged ([`judge`]). Then either that
//! one is retired and the new one committed, or the new one is, and the old one serves again
//! ([`rollback`]).

mod activate;
mod admitted;
pub(crate) mod assess;
mod backup;
mod canary;
mod contents;
mod context;
mod fault;
mod incumbent;
pub(crate) mod inspect;
mod kept;
pub(crate) mod load;
pub(crate) mod migrate;
pub(crate) mod moves;
mod pause;
pub(crate) mod plan;
pub(crate) mod prepare;
mod progress;
mod quiesce;
mod restart;
mod retire;
mod rollback;
mod room;
pub(crate) mod snapshot;
mod stage;
mod start;
mod step;
mod trial;
mod verify;
mod verify_signature;

pub(crate) use self::{
    admitted::{Admitted, Baseline, RehearsalOutcome},
    assess::{Assessed, Handover, above, drift, fits, handover},
    backup::{BackedUp, BackupRequest, live as copy_of_state},
    canary::Canary,
    contents::{Contents, contents},
    context::{Applied, GRACE, Unapplied, Upgrade, UpgradeEvent, span},
    fault::{Fault, Retry},
    incumbent::Incumbent,
    inspect::{Inspected, reached},
    prepare::Prepared,
    restart::Restarted,
    retire::{HandoverExtent, Retiring},
    rollback::{NotRolledBack, RolledBack},
    room::{Place as RoomIn, Sizes, copies, has_room, holds_all_of, memory_has_room},
    snapshot::take_last,
    stage::{FileRead, ReadLimits, StageError, StageRequest, Staged, read_whole, stage},
    step::{Step, StepVerdict, judge_step},
    trial::{Verdict, Why, judge},
    verify::verify,
    verify_signature::{Unverified, Verified, signer, still_verified, verify_signature},
};

use std::{sync::Arc, time::Instant};

use hotswap_gate::Gate;
use hotswap_types::Phase;
use semver::Version;

use crate::{event::Exit, instance::Generation, machine::free::Memory};

impl Upgrade<'_> {
    /// Reads a private copy; nothing of the artifact runs.
    ///
    /// `None` for another module than the slot's in a folder that several slots share: that is no
    /// upgrade of this slot.
    pub(crate) fn inspect(
        &mut self,
        verified: Verified,
        is_shared_folder: bool,
    ) -> Result<Option<Inspected>, Fault> {
        let _span = span(Phase::Inspected);
        let inspected = inspect::inspect(verified, &self.config.trust);
        let ours = self.slot.requirement.module.as_ref();
        if is_shared_folder && inspected.as_ref().is_ok_and(|it| Some(&it.manifest.module) != ours)
        {
            return Ok(None);
        }
        self.reached(Phase::Staged);
        let inspected = inspected?;
        self.reached(Phase::Inspected);
        Ok(Some(inspected))
    }

    /// From a manifest to a verdict; nothing of the artifact runs.
    pub(crate) fn assess(
        &mut self,
        inspected: Inspected,
        floor: Option<&Version>,
    ) -> Result<Assessed, Fault> {
        let _span = span(Phase::Assessed);
        let drift = self.config.state_drift;
        let before = Incumbent::of(self.slot);
        above(&inspected.manifest, floor)?;
        let assessed = assess::assess(inspected, &self.slot.requirement, before.as_ref(), drift)?;
        self.reached(Phase::Assessed);
        Ok(assessed)
    }

    /// Takes a copy of the state that is to be replaced, where somebody wants one.
    pub(crate) fn back_up(
        &mut self,
        assessed: Assessed,
        wanted: &BackupRequest<'_>,
    ) -> Result<BackedUp, Fault> {
        let backed_up = {
            let _span = span(Phase::BackedUp);
            backup::back_up(assessed, wanted, self.slot, self.config, self.steps)?
        };
        if backed_up.copy.is_some() {
            self.reached(Phase::BackedUp);
        }
        Ok(backed_up)
    }

    /// Everything slow that can be done while the old version serves.
    pub(crate) fn prepare(&mut self, admitted: Admitted) -> Result<Prepared, Fault> {
        let deadline = Instant::now() + self.config.work_deadline;
        let loaded = {
            let _span = span(Phase::Loaded);
            load::load(admitted, self.slot, self.config, self.steps, deadline)?
        };
        self.reached(Phase::Loaded);
        let _span = span(Phase::Prepared);
        let prepared = prepare::prepare(loaded, self.slot, self.steps, deadline)?;
        self.reached(Phase::Prepared);
        Ok(prepared)
    }

    /// The built-in module of a slot, up to the same point.
    pub(crate) fn prepare_builtin(&mut self) -> Result<Prepared, Fault> {
        let deadline = Instant::now() + self.config.work_deadline;
        let builtin = self.slot.settings.builtin.expect("the slot has one");
        let before = Incumbent::of(self.slot);
        let loaded = load::load_builtin(builtin, self.slot, self.config, before.as_ref())?;
        prepare::prepare(loaded, self.slot, self.steps, deadline)
    }

    /// The switch. On a fault the old version serves, with its state. What size that has encoded is
    /// given where it is known.
    pub(crate) fn apply(
        &mut self,
        mut prepared: Prepared,
        state_size: Option<u64>,
    ) -> Result<Applied, Unapplied> {
        // What serves may have changed while the candidate waited to be applied.
        if let Err(fault) = prepared.still_fits(self.slot, self.config.state_drift) {
            return Err(fault.with_finding(self.discard(prepared)).into());
        }
        let applied = match self.slot.gate().cloned() {
            None => self.first(&prepared),
            Some(gate) => {
                let ready = self.begin_beside(&gate, &mut prepared);
                let ready = ready.and_then(|()| self.has_room(&gate, &prepared, state_size));
                ready.and_then(|()| match prepared.handover {
                    Handover::State { .. } => self.with_pause(&gate, &mut prepared),
                    _ => self.without_pause(&gate, &prepared),
                })
            }
        };
        let applied = match applied {
            Ok(applied) => applied,
            // Not the candidate's fault: nothing of its instance has run, or it waits beside.
            Err(fault) if fault.exit == Exit::Cancelled => {
                return Err(Unapplied { fault, prepared: Some(Box::new(prepared)) });
            }
            Err(fault) => return Err(fault.with_finding(self.discard(prepared)).into()),
        };
        self.reached(Phase::Activated);
        if let Some(hangs) = self.discard(prepared) {
            tracing::warn!(slot = &*self.slot.name, "{hangs}");
        }
        Ok(applied)
    }

    /// Whether memory has room for a state that goes over by its encoding. It is asked once more
    /// before anybody waits: the candidate may have waited for long, or its state should have gone
    /// over as memory. A state that was never encoded is measured where it might not fit.
    fn has_room(
        &mut self,
        gate: &Arc<Gate<Generation>>,
        prepared: &Prepared,
        state_size: Option<u64>,
    ) -> Result<(), Fault> {
        if !prepared.is_encoded() {
            return Ok(());
        }
        let in_pause = |fault| Fault { phase: Phase::Quiescing, ..fault };
        let size = match state_size {
            None if holds_all_of(&Memory::now(), Memory::own()) => None,
            None => {
                let size = backup::size(self.slot, gate, self.config, self.steps);
                let size = size.map_err(in_pause)?;
                size.inspect(|&bytes| self.slot.set_state_size(bytes))
            }
            known => known,
        };
        size.map_or(Ok(()), |bytes| memory_has_room(&Memory::now(), Sizes::in_pause(bytes)))
            .map_err(in_pause)
    }

    /// Drops what is left of a candidate; what hangs in it, if something does.
    fn discard(&mut self, prepared: Prepared) -> Option<String> {
        prepared.discard(self.steps, self.at_work())
    }

    fn first(&mut self, prepared: &Prepared) -> Result<Applied, Fault> {
        let (generation, state, restored) = match (&prepared.handover, self.slot.checkpoint()) {
            (handover @ Handover::State { .. }, Some(checkpoint)) => {
                let snapshot = Arc::new(checkpoint.snapshot.clone());
                self.slot.set_state_size(snapshot.size() as u64);
                let (generation, note) =
                    self.restore(prepared, &snapshot, handover, self.at_work())?;
                (generation, note, Some(snapshot.taken()))
            }
            (handover, _) => (self.start(prepared, self.at_work())?, handover.note(), None),
        };
        let code = Arc::clone(generation.code());
        self.slot.open(Arc::new(generation));
        Ok(Applied { code, state, pause: None, restored, old: None })
    }

    /// No state is handed over: callers inside finish on the old version, new ones enter the new.
    fn without_pause(
        &mut self,
        gate: &Gate<Generation>,
        prepared: &Prepared,
    ) -> Result<Applied, Fault> {
        let generation = Arc::new(self.start(prepared, self.at_work())?);
        let code = Arc::clone(generation.code());
        let number = gate.current().0;
        let undo = activate::Undo { deadline: self.at_work(), steps: self.steps };
        let old = activate::swap(gate, generation, undo)?;
        let old = Some(Retiring::new(number, old, HandoverExtent::Unknown));
        Ok(Applied { code, state: prepared.handover.note(), pause: None, restored: None, old })
    }
}
