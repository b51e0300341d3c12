//! A state that is handed over as memory: in the pause two fields change places, and nothing else
//! happens that depends on how large the state is.
//!
//! # The order
//! 1. While the old version serves, both sides are asked how they lay the state out
//!    ([`layout_match`]), and the candidate is started beside it, with a state of its own, and tests
//!    itself. Where the two are no kin the state goes over by its encoding, and the note says why.
//! 2. The gate is closed. The old instance is suspended, the states change places, both are mended,
//!    and the candidate's `arrived` makes of it what it needs.
//! 3. Whatever goes wrong until the switch, the states change places once more, and the old instance
//!    resumes: nothing was consumed.
//!
//! # Who has the turn
//! `arrived` is the one piece of the candidate's code that runs while it has the state. When it does
//! not come back in time its thread may still be using that memory, and nobody can take it away: the
//! state is lost with it. Then the slot goes on with the last state that was kept, in another
//! instance of the old version, and the refusal says so. [`MoveGuard`] decides who was first.
//!
//! # Why an exchange
//! The candidate starts before the pause with a state of its own, so `start` is no part of the
//! pause, neither side is ever without a state, and every failure has the same answer: exchange
//! again. The price is that the module has to know of it (`moves = …`, `arrived`), and that the old
//! instance has a state that is not its own while it is kept. Giving the state to `start` by value
//! would lose it when `start` fails.
//!
//! `self_test` then runs before the pause, on an instance without its state. With the state its
//! time would depend on the state's size, in the pause, and a `self_test` that hangs would keep the
//! state. A rehearsal does run it with the state.

mod back;
mod move_guard;

use std::{
    mem,
    sync::Arc,
    time::{Instant, SystemTime},
};

use hotswap_gate::{Closed, Gate};
use hotswap_types::{Phase, StateNote};

use self::move_guard::MoveGuard;
use super::{
    Applied, Fault, Handover, HandoverExtent, Prepared, Retiring, Upgrade,
    load::Loaded,
    prepare::{self, Standby},
    progress::{Progress, Step},
    snapshot,
};
use crate::instance::{Code, Generation, LayoutMatch, StepError, layout_match};

/// How the work around a move has ended.
enum Moved {
    Over,
    /// The states are where they were.
    Not(StepError),
    /// The code of the side that has got the state hangs, with it.
    Lost(StepError),
}

impl Upgrade<'_> {
    /// Starts a candidate beside the version that serves, if that one's state can go over as memory.
    pub(super) fn begin_beside(
        &mut self,
        gate: &Gate<Generation>,
        prepared: &mut Prepared,
    ) -> Result<(), Fault> {
        let serves = gate.current().1;
        let (old, new) = (Arc::clone(serves.code()), Arc::clone(prepared.code()));
        let is_well = serves.condition().is_free() && !serves.condition().is_poisoned();
        let moves = prepared.handover.moves() && is_well && !self.slot.is_abandoned();
        match &prepared.beside {
            Some(beside) if moves && beside.layout_match.is_of(&old, &new) => return Ok(()),
            Some(_) => self.renew(prepared)?,
            None => {}
        }
        prepared.encoded = None;
        if !moves {
            return Ok(());
        }
        let context = Arc::clone(&prepared.context);
        let work = move || -> Result<_, StepError> {
            let layout_match = match layout_match(&old, &new) {
                Ok(layout_match) => layout_match,
                Err(why) => return Ok(Err(why.to_string())),
            };
            let generation = Arc::new(context.start_beside()?);
            Ok(Ok(Standby { generation, layout_match }))
        };
        match self.steps.run(self.at_work(), work).map_err(StepError::from).flatten() {
            Ok(Ok(beside)) => {
                tracing::debug!(slot = &*self.slot.name, layout_match = %beside.layout_match, "its state moves");
                prepared.beside = Some(beside);
                Ok(())
            }
            Ok(Err(why)) => {
                tracing::debug!(slot = &*self.slot.name, why, "its state does not move");
                prepared.encoded = Some(why);
                Ok(())
            }
            Err(error) => Err(Fault::of_candidate(Phase::Activated, "start", &error)),
        }
    }

    /// Lets go of a candidate that was started beside another version: it is prepared anew, because
    /// what `prepare` had kept was used up.
    pub(super) fn renew(&mut self, prepared: &mut Prepared) -> Result<(), Fault> {
        let Some(beside) = prepared.beside.take() else { return Ok(()) };
        let deadline = self.at_work();
        if let Err(undone) = self.steps.run(deadline, move || drop(beside)) {
            let error = StepError::from(undone);
            return Err(Fault::of_candidate(Phase::Prepared, "stop", &error));
        }
        let code = Arc::clone(prepared.code());
        let context = prepare::context(code, self.slot, self.steps, deadline)?;
        let before = mem::replace(&mut prepared.context, context);
        // What is left in it is dropped with it, which is module code.
        let dropped = self.steps.run(deadline, move || drop(before)).map_err(StepError::from);
        dropped.map_err(|error| Fault::of_candidate(Phase::Prepared, "drop", &error))
    }

    /// Hands the state over, and lets the candidate serve. On a fault the old version goes on with
    /// it.
    pub(super) fn move_over(
        &mut self,
        closed: Closed<'_, Generation>,
        prepared: &mut Prepared,
        beside: Standby,
    ) -> Result<Applied, Fault> {
        let begun = closed.since();
        let deadline = begun + self.config.pause_deadline;
        let (number, old) = (closed.number(), Arc::clone(closed.value()));
        let Standby { generation: new, layout_match } = beside;
        let progress = Arc::new(Progress::default());
        let suspends = {
            let (old, progress) = (Arc::clone(&old), Arc::clone(&progress));
            move || {
                progress.enter(Step::Leave);
                snapshot::suspend(&old)?;
                progress.enter(Step::Arrive);
                Ok(())
            }
        };
        // The gate is closed with nobody inside: `closed` is kept until this is over, or what hangs
        // is given up. Nobody knows the candidate yet.
        match self.exchange(deadline, (&old, &new), &layout_match, suspends, arrived) {
            Moved::Over => {
                prepared.beside = None;
                let code = Arc::clone(new.code());
                closed.activate(code.generation, new);
                let pause = Some(begun.elapsed());
                self.slot.set_pause(progress.spans(begun));
                self.reached(Phase::Quiescing);
                let old = Some(Retiring::new(number, old, HandoverExtent::All).moved(layout_match));
                Ok(Applied { code, state: StateNote::Moved, pause, restored: None, old })
            }
            Moved::Not(error) => {
                let step = progress.step();
                let spans = progress.spans(begun);
                let resumed = self.resume(&old, step, &error);
                drop(closed);
                self.slot.set_pause(spans);
                self.reached(Phase::Quiescing);
                Err(step.fault(&error, &prepared.handover).with_finding(resumed.err()))
            }
            Moved::Lost(error) => {
                prepared.beside = None;
                let fault = Fault::of_candidate(Phase::Activated, "arrived", &error);
                let why = self.goes_on_without(closed, old);
                self.reached(Phase::Quiescing);
                Err(fault.with_finding(Some(why)))
            }
        }
    }

    /// Lets the states of two instances change places, after `before`, and `then` the one that has got
    /// the state do what it has to. Where that fails they change places again.
    fn exchange(
        &mut self,
        deadline: Instant,
        (from, to): (&Arc<Generation>, &Arc<Generation>),
        layout_match: &LayoutMatch,
        before: impl FnOnce() -> Result<(), StepError> + Send + 'static,
        then: impl FnOnce(&Generation) -> Result<(), StepError> + Send + 'static,
    ) -> Moved {
        let turn = Arc::new(MoveGuard::default());
        let work = {
            let (from, to, turn) = (Arc::clone(from), Arc::clone(to), Arc::clone(&turn));
            let (layout_match, upgrade) = (layout_match.clone(), tracing::Span::current());
            move || -> Result<(), StepError> {
                let _upgrade = upgrade.entered();
                before()?;
                let given_up = || StepError::Failed("it was given up before".to_owned());
                let going = turn.begin().ok_or_else(given_up)?;
                exchange_states(&from, &to, &layout_match);
                let has_state = going.gone();
                match then(&to) {
                    Ok(()) => has_state.stays().then_some(()).ok_or_else(given_up),
                    Err(error) => {
                        // Given up, nobody may touch either of them any more.
                        if let Some(returning) = has_state.returns() {
                            exchange_states(&from, &to, &layout_match);
                            returning.returned();
                        }
                        Err(error)
                    }
                }
            }
        };
        match self.steps.run(deadline, work).map_err(StepError::from).flatten() {
            Ok(()) => Moved::Over,
            // Also where all was done, and something else panicked behind it.
            Err(error) => match turn.give_up() {
                move_guard::Place::There => Moved::Over,
                move_guard::Place::Here => Moved::Not(error),
                move_guard::Place::Lost => Moved::Lost(error),
            },
        }
    }

    /// The old version's state is lost with the candidate that hangs: another instance of it takes
    /// its place, with what is left. Says what that is.
    fn goes_on_without(&mut self, closed: Closed<'_, Generation>, old: Arc<Generation>) -> String {
        let (number, code) = (closed.number(), Arc::clone(old.code()));
        let left = "its state is in the candidate, which hangs";
        // It has the state that the candidate was started with.
        old.condition().poison();
        match self.anew(&code, left) {
            Ok((generation, state, restored)) => {
                closed.activate(code.generation, Arc::new(generation));
                Retiring::new(number, old, HandoverExtent::All)
                    .stop_instance(self.steps, self.at_work());
                format!(
                    "{left}: the version before goes on with {}",
                    what_is_left(&state, restored)
                )
            }
            Err(fault) => {
                drop(closed);
                let why = fault.findings.join("; ");
                format!("{left}: calls of the version before are refused ({why})")
            }
        }
    }

    /// Another instance of code whose own one is left with its state.
    fn anew(
        &mut self,
        code: &Arc<Code>,
        left: &str,
    ) -> Result<(Generation, StateNote, Option<SystemTime>), Fault> {
        let loaded = Loaded { code: Arc::clone(code), handover: Handover::Fresh };
        let deadline = Instant::now() + self.config.pause_deadline;
        let prepared = prepare::prepare(loaded, self.slot, self.steps, deadline)?;
        let started = self.start_anew(&prepared, left, deadline);
        if let Some(hangs) = self.discard(prepared) {
            tracing::warn!(slot = &*self.slot.name, "{hangs}");
        }
        started
    }
}

/// What an instance goes on with whose state is lost.
fn what_is_left(state: &StateNote, restored: Option<SystemTime>) -> String {
    match restored.map(|taken| taken.elapsed().unwrap_or_default()) {
        Some(ago) => {
            format!("the last state that was kept, {ago:.0?} old; what came later is lost")
        }
        None => format!("{state}: all of it is lost"),
    }
}

pub(crate) fn exchange_states(from: &Generation, to: &Generation, layout_match: &LayoutMatch) {
    // SAFETY: the gate is closed with nobody inside, and nobody knows the other one or has left it
    // (`move_over`, `back.rs`); code that hangs in one of the two has been given up, and then nobody
    // comes here (`MoveGuard`).
    unsafe { from.exchange_state(to, layout_match) };
}

pub(crate) fn arrived(generation: &Generation) -> Result<(), StepError> {
    // SAFETY: as above.
    unsafe { generation.arrived() }
}
