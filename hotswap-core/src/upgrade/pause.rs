//! The pause of an upgrade: callers wait while the state goes from the old instance to the new one.
//!
//! A module with state is quiesced first. What happens then is done by one closure on the thread
//! for module code, under one deadline: suspend, snapshot, migrate, start, self-test. A
//! [`Progress`] says how far it came and whether it is in the old instance's code. When the
//! deadline passes in the candidate's code, the old instance resumes and the gate opens again.
//! When it passes in the old instance's own code, that instance is wedged: calls that would
//! conflict with the hanging one are refused, the others go on.
//!
//! A state that may go over as memory (`moves.rs`) is neither snapshotted nor migrated: the candidate
//! has started and tested itself before the pause, and in it the state changes places.

use std::{sync::Arc, time::Instant};

use hotswap_gate::Gate;
use hotswap_types::{Phase, PhaseSpan, StateNote};

use super::{
    Applied, Fault, GRACE, Handover, HandoverExtent, Prepared, Retiring, Upgrade, activate,
    migrate::{self, Migrated},
    progress::{Progress, Step},
    snapshot, span,
};
use crate::instance::{Begin, Generation, StepError, Use};

impl Upgrade<'_> {
    pub(super) fn with_pause(
        &mut self,
        gate: &Gate<Generation>,
        prepared: &mut Prepared,
    ) -> Result<Applied, Fault> {
        let begun = Instant::now();
        let abandoned = self.slot.is_abandoned();
        let patience = if abandoned { GRACE } else { self.config.pause_deadline };
        let closed = match self.quiesce(gate, patience) {
            Ok(closed) => closed,
            Err(stuck) if abandoned && stuck.are_inside() => {
                return self.past_those_inside(gate, prepared);
            }
            Err(stuck) => {
                let span = PhaseSpan { phase: Phase::Quiescing, from: begun, to: Instant::now() };
                self.slot.set_pause(vec![span]);
                return Err(Fault::not_quiet(&stuck));
            }
        };
        // Callers wait from here on.
        let begun = closed.since();
        let deadline = begun + self.config.pause_deadline;
        if closed.value().condition().is_poisoned() {
            self.renew(prepared)?;
            return self.in_place_of_poisoned(closed, prepared);
        }
        if let Some(beside) = prepared.beside.clone() {
            return self.move_over(closed, prepared, beside);
        }
        let (number, old) = (closed.number(), Arc::clone(closed.value()));

        let progress = Arc::new(Progress::default());
        let (handover, context) = (prepared.handover.clone(), Arc::clone(&prepared.context));
        let (kept, dropped) = (self.kept_version(prepared), self.slot.undo.lock().values());
        let work = {
            let (old, progress) = (Arc::clone(&old), Arc::clone(&progress));
            let upgrade = tracing::Span::current();
            // What is done to the old instance is done while the gate is closed with nobody
            // inside: `closed` is kept until this is over, or the old instance is wedged.
            move || -> Result<_, StepError> {
                let _upgrade = upgrade.entered();
                let (snapshot, handover, lost) = {
                    let _span = span(Phase::Snapshotted);
                    progress.enter(Step::Suspend);
                    snapshot::suspend(&old)?;
                    progress.enter(Step::Snapshot);
                    match (snapshot::take_as(&old, &handover), kept) {
                        (Ok(snapshot), _) => (Arc::new(snapshot), handover, None),
                        // It cannot go back: what was kept of the older version does.
                        (Err(StepError::Failed(why)), Some((kept, how))) => (kept, how, Some(why)),
                        (Err(error), _) => return Err(error),
                    }
                };
                let Migrated { state, mut note, carried } = {
                    let _span = span(Phase::Migrating);
                    progress.enter(Step::Migrate);
                    migrate::migrate(&context, &snapshot, &handover, &dropped)?
                };
                let is_kept = lost.is_some();
                if let (Some(why), Handover::State { from, .. }) = (lost, &handover) {
                    note = StateNote::TakenBack { to: *from, why };
                }
                let _span = span(Phase::Activated);
                progress.enter(Step::Start);
                let generation = activate::start(&context, Begin::Upgraded(state))?;
                progress.enter(Step::Done);
                Ok((Arc::new(generation), note, carried, snapshot, is_kept))
            }
        };
        let result = self.steps.run(deadline, work);
        match result.map_err(StepError::from).flatten() {
            Ok((generation, mut state, carried, snapshot, is_kept)) => {
                self.leave_behind(&snapshot, &state);
                let restored = is_kept.then(|| snapshot.taken());
                self.remember(snapshot);
                self.carried(carried);
                if state == StateNote::Kept {
                    state = prepared.note();
                }
                let code = Arc::clone(generation.code());
                closed.activate(code.generation, generation);
                let pause = Some(begun.elapsed());
                self.slot.set_pause(progress.spans(begun));
                self.reached(Phase::Quiescing);
                self.reached(Phase::Snapshotted);
                self.reached(Phase::Migrating);
                let old = Some(Retiring::new(number, old, HandoverExtent::All));
                Ok(Applied { code, state, pause, restored, old })
            }
            Err(error) => {
                let step = progress.step();
                let spans = progress.spans(begun);
                let resumed = self.resume(&old, step, &error);
                drop(closed);
                self.slot.set_pause(spans);
                self.reached(Phase::Quiescing);
                Err(step.fault(&error, &prepared.handover).with_finding(resumed.err()))
            }
        }
    }

    /// Callers who hang inside are given up with their instance and its state: they stay on it.
    fn past_those_inside(
        &mut self,
        gate: &Gate<Generation>,
        prepared: &Prepared,
    ) -> Result<Applied, Fault> {
        let left = "its instance was given up";
        let (generation, state, restored) = self.start_anew(prepared, left, self.at_work())?;
        let code = Arc::clone(generation.code());
        let number = gate.current().0;
        let undo = activate::Undo { deadline: self.at_work(), steps: self.steps };
        let old = activate::swap(gate, Arc::new(generation), undo)?;
        let old = Some(Retiring::new(number, old, HandoverExtent::Unknown));
        Ok(Applied { code, state, pause: None, restored, old })
    }

    /// Brings the old instance back after a failure in the pause.
    pub(super) fn resume(
        &mut self,
        old: &Arc<Generation>,
        at: Step,
        error: &StepError,
    ) -> Result<(), String> {
        let hung = matches!(error, StepError::Hung { .. });
        match at {
            Step::Suspend | Step::Leave if hung => {
                old.condition().wedge(Use::Exclusive);
                return Err("calls of this slot are refused: its `suspend` hangs".to_owned());
            }
            Step::Snapshot if hung => {
                old.condition().wedge(Use::Shared);
                return Err("`&mut self` calls of this slot are refused: its `state` hangs".into());
            }
            _ => {}
        }
        let deadline = Instant::now() + self.config.pause_deadline;
        let again = Arc::clone(old);
        let resumed = self.steps.run(deadline, move || snapshot::resume(&again));
        resumed.map_err(StepError::from).flatten().map_err(|error| {
            if matches!(error, StepError::Hung { .. }) {
                old.condition().wedge(Use::Exclusive);
            }
            format!("the old version's `resume`: {error}")
        })
    }
}
