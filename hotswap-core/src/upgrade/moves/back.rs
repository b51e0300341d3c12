//! The way back from a trial, for a state that was handed over as memory: it goes back as it came,
//! with every update made since.
//!
//! The version before has no state of its own any more. So where the candidate cannot give it back
//! (it hangs with it, or callers do), another instance of the version before begins with the last
//! state that was kept, and the note says what is lost.
//!
//! # After a panic
//! Where the slot's policy says that an instance goes on as a panic left it
//! ([`AfterPanic::GoOn`](crate::AfterPanic::GoOn)) so does its state. Where the policy poisons the
//! instance, the last state that was kept takes its place; only where none was is the state as the
//! panic left it taken all the same, because the alternative is nothing.

use std::{sync::Arc, time::Instant};

use hotswap_gate::{Closed, Gate, Guarded as _};
use hotswap_types::StateNote;

use super::{
    super::{
        HandoverExtent, Retiring, Upgrade,
        progress::{Progress, Step},
        rollback::{NotRolledBack, RolledBack},
        snapshot,
    },
    Moved, arrived, what_is_left,
};
use crate::{
    instance::{Generation, LayoutMatch, StepError, Use},
    upgrade::GRACE,
};

impl Upgrade<'_> {
    /// Lets the version before take its state back, and serve again.
    pub(in crate::upgrade) fn move_back(
        &mut self,
        gate: &Gate<Generation>,
        previous: Retiring,
        layout_match: &LayoutMatch,
        patient: bool,
    ) -> Result<RolledBack, NotRolledBack> {
        let patience = if patient { self.config.pause_deadline } else { GRACE };
        let closed = match self.quiesce(gate, patience) {
            Ok(closed) => closed,
            Err(stuck) if patient => {
                let inside = stuck.inside().iter().map(|inside| format!("inside: {inside}"));
                let why = std::iter::once(stuck.to_string()).chain(inside).collect();
                return Err(NotRolledBack { why, previous, again: true });
            }
            Err(stuck) => return self.anew_past_those_inside(gate, previous, &stuck.to_string()),
        };
        let (candidate, begun) = (Arc::clone(closed.value()), closed.since());
        if !candidate.condition().is_free() {
            return self.back_anew(closed, previous, "its own code hangs in the candidate", begun);
        }
        let is_poisoned = candidate.condition().is_poisoned();
        if is_poisoned && self.slot.last_state().is_some() {
            let why = "a panic has left the candidate's instance half changed";
            return self.back_anew(closed, previous, why, begun);
        }
        let progress = Arc::new(Progress::default());
        let suspends = {
            let (candidate, progress) = (Arc::clone(&candidate), Arc::clone(&progress));
            let slot = Arc::clone(&self.slot.name);
            move || {
                progress.enter(Step::Leave);
                // It does not go on, and need not end well.
                if let Err(error) = snapshot::suspend(&candidate) {
                    tracing::warn!(slot = &*slot, "the candidate's `suspend`: {error}");
                }
                progress.enter(Step::Arrive);
                Ok(())
            }
        };
        let resumes = |previous: &Generation| {
            arrived(previous)?;
            snapshot::resume(previous)
        };
        let deadline = begun + self.config.pause_deadline;
        let states = (&candidate, previous.generation());
        match self.exchange(deadline, states, layout_match, suspends, resumes) {
            Moved::Over => {
                let number = closed.number();
                let serves = Arc::clone(previous.generation());
                let code = Arc::clone(serves.code());
                closed.activate(code.generation, serves);
                let candidate = Retiring::new(number, candidate, HandoverExtent::All);
                let state = if is_poisoned { StateNote::MovedAfterPanic } else { StateNote::Moved };
                Ok(RolledBack { code, state, pause: Some(begun.elapsed()), candidate })
            }
            Moved::Not(StepError::Hung { .. }) if progress.step() == Step::Leave => {
                candidate.condition().wedge(Use::Exclusive);
                self.back_anew(closed, previous, "the candidate's `suspend` hangs", begun)
            }
            Moved::Not(error) => {
                let mut why = vec![format!("the old version's `arrived` or `resume`: {error}")];
                if let Err(error) = self.resume_suspended(&candidate) {
                    why.push(format!("of the candidate: {error}"));
                }
                drop(closed);
                Err(NotRolledBack { why, previous, again: false })
            }
            Moved::Lost(_) => {
                previous.generation().condition().wedge(Use::Exclusive);
                let why = "the old version's `arrived` or `resume` hangs with its state";
                self.back_anew(closed, previous, why, begun)
            }
        }
    }

    /// Another instance of the version before serves, with what is left.
    fn back_anew(
        &mut self,
        closed: Closed<'_, Generation>,
        previous: Retiring,
        why: &str,
        begun: Instant,
    ) -> Result<RolledBack, NotRolledBack> {
        let (number, candidate) = (closed.number(), Arc::clone(closed.value()));
        let code = Arc::clone(previous.generation().code());
        match self.anew(&code, why) {
            Ok((generation, state, restored)) => {
                closed.activate(code.generation, Arc::new(generation));
                previous.stop_instance(self.steps, self.at_work());
                let candidate = Retiring::new(number, candidate, HandoverExtent::All);
                let why = vec![why.to_owned(), what_is_left(&state, restored)];
                let (state, pause) = (StateNote::AsBefore { why }, Some(begun.elapsed()));
                Ok(RolledBack { code, state, pause, candidate })
            }
            Err(fault) => {
                // What serves has not got its state, or cannot be had.
                candidate.condition().poison();
                drop(closed);
                let why = std::iter::once(why.to_owned()).chain(fault.findings).collect();
                Err(NotRolledBack { why, previous, again: false })
            }
        }
    }

    /// Callers hang in the candidate: they stay in it, with the state.
    fn anew_past_those_inside(
        &mut self,
        gate: &Gate<Generation>,
        previous: Retiring,
        stuck: &str,
    ) -> Result<RolledBack, NotRolledBack> {
        let (number, candidate) = gate.current();
        candidate.exclusion().abandon();
        let code = Arc::clone(previous.generation().code());
        let given_up = format!("callers are given up in it, and its state with them: {stuck}");
        let (generation, state, restored) = match self.anew(&code, &given_up) {
            Ok(started) => started,
            Err(fault) => {
                let why = std::iter::once(given_up).chain(fault.findings).collect();
                return Err(NotRolledBack { why, previous, again: false });
            }
        };
        match gate.swap(code.generation, Arc::new(generation)) {
            Ok(candidate) => {
                previous.stop_instance(self.steps, self.at_work());
                let candidate = Retiring::new(number, candidate, HandoverExtent::Unknown);
                let why = vec![given_up, what_is_left(&state, restored)];
                Ok(RolledBack { code, state: StateNote::AsBefore { why }, pause: None, candidate })
            }
            Err(busy) => {
                let why = vec![busy.to_string()];
                Err(NotRolledBack { why, previous, again: false })
            }
        }
    }
}
