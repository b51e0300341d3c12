//! Artifacts that are rehearsed. The child is waited for on a thread of its own, and not by the worker:
//! meanwhile that upgrades other slots, judges trials and answers.
//!
//! # What holds
//! - A slot has at most one rehearsal under way, and it is in [`Open::rehearsing`](super::Open). Whoever
//!   takes it out of there without its outcome has called it off: the child is killed and the thread
//!   joined before the worker goes on.
//! - An outcome counts for the rehearsal that it is of (its number), and against the instance that it
//!   was made with. Where another one serves by then it is of no use, good or bad: the artifact is
//!   judged and rehearsed again.
//! - Who has asked for an upgrade and waits for it (a yes, a revert) is answered when it is over,
//!   which is where its [`Course`] ends.

use std::sync::Arc;

use hotswap_loader::loader_lock::{self, Busy};
use hotswap_types::{ArtifactHash, Phase};

use super::{Command, Way, Worker, course::Course, reverting::ON_TRIAL, trials::OnTrial};
use crate::{
    event::{EventKind, RehearsalReport},
    journal::{Build, What, text},
    rehearsal::{Rehearse, Running},
    snapshot::Snapshot,
    upgrade::{Admitted, Assessed, BackedUp, Baseline, Fault, RehearsalOutcome, Wanted},
};

/// An artifact that is rehearsed.
pub(super) struct Rehearsing {
    number: u64,
    assessed: Assessed,
    baseline: Baseline,
    course: Course,
    running: Running,
}

impl Rehearsing {
    pub(super) const fn artifact(&self) -> ArtifactHash {
        self.course.artifact
    }

    /// Somebody wants to go back to it.
    pub(super) fn is_revert(&self) -> bool {
        self.course.way == Way::Reverted
    }

    /// Has the child killed, and does not wait for that.
    pub(super) fn call_off(&mut self) {
        self.running.call_off();
    }
}

impl Worker {
    /// Has an artifact rehearsed that fits, where the slot has rehearsals; it goes on when that is
    /// over.
    pub(super) fn rehearse(
        &mut self,
        index: usize,
        assessed: Result<Assessed, Fault>,
        course: Course,
    ) {
        let next = assessed
            .and_then(|assessed| self.room_for(index, assessed, &course))
            .and_then(|assessed| self.back_up_for(assessed, &course))
            .and_then(|backed_up| self.lay_out(index, backed_up, &course));
        match next {
            Ok(Rehearse::Over(admitted)) => self.is_rehearsed(index, admitted, course),
            Ok(Rehearse::InChild(assessed, baseline, laid_out)) => {
                self.rehearsals += 1;
                let (number, commands) = (self.rehearsals, self.commands.clone());
                let over = move |report| {
                    // Fails only when the worker has ended.
                    let _ = commands.send(Command::Rehearsed { slot: index, number, report });
                };
                match Running::start(laid_out, over) {
                    Ok(running) => {
                        let slot = &mut self.slots[index];
                        slot.core.set_phase(Some(Phase::Rehearsed));
                        // What was to be tried again is older.
                        slot.retry = None;
                        slot.rehearsing =
                            Some(Rehearsing { number, assessed, baseline, course, running });
                    }
                    Err(fault) => self.refuse_and_retry(index, &course, fault),
                }
            }
            Err(fault) => self.refuse_and_retry(index, &course, fault),
        }
    }

    /// Keeps an artifact that fits, where there is a journal, and a copy of the state, where that or
    /// a rehearsal wants one.
    fn back_up_for(&mut self, assessed: Assessed, course: &Course) -> Result<BackedUp, Fault> {
        let has_journal = self.keep_artifact(&assessed, course)?;
        let keep = |state: &Snapshot| course.keep_state(state);
        course.upgrade(&mut self.steps, |upgrade| {
            // What is recovered has served before.
            let rehearsal = upgrade.rehearses() && course.way != Way::Recovered;
            let journal = has_journal.then_some(&keep as _);
            upgrade.back_up(assessed, &Wanted { rehearsal, journal })
        })
    }

    fn lay_out(
        &mut self,
        index: usize,
        backed_up: BackedUp,
        course: &Course,
    ) -> Result<Rehearse, Fault> {
        if course.way == Way::Recovered {
            let core = &self.slots[index].core;
            return Ok(Rehearse::Over(Admitted::unrehearsed(backed_up.assessed, core)));
        }
        let next = course.upgrade(&mut self.steps, |upgrade| upgrade.rehearse(backed_up))?;
        if let Rehearse::InChild(..) = next {
            // No thread begins while somebody hangs in the loader.
            let deadline = std::time::Instant::now() + self.shared.config.work_deadline;
            loader_lock::wait_unlocked(deadline)
                .map_err(|busy| Fault::cancelled(Phase::Rehearsed, busy, Busy::ADVICE))?;
        }
        Ok(next)
    }

    /// A child has ended.
    pub(super) fn child_ended(
        &mut self,
        index: usize,
        number: u64,
        report: Result<RehearsalReport, Fault>,
    ) {
        let rehearsing = &mut self.slots[index].rehearsing;
        // Another one was called off when its thread had said this already.
        let Some(rehearsing) = rehearsing.take_if(|it| it.number == number) else { return };
        let Rehearsing { assessed, baseline, course, running, .. } = rehearsing;
        // It has said its last word.
        drop(running);
        let _span = course.span().entered();
        let core = Arc::clone(&self.slots[index].core);
        if self.slots[index].trial.as_ref().is_some_and(OnTrial::has_way_back) {
            // What waited to be applied was.
            self.tried_after_trial(index, course);
        } else if !baseline.serves(&core) {
            let assessed = self.assess(assessed.inspected, &course);
            self.rehearse(index, assessed, course);
        } else {
            match report {
                Ok(report) => {
                    let report = Arc::new(report);
                    let again = Arc::clone(&report);
                    let admitted = course
                        .upgrade(&mut self.steps, |it| it.rehearsed(assessed, baseline, again));
                    self.is_rehearsed(index, admitted, course);
                }
                Err(fault) => self.refuse_and_retry(index, &course, fault),
            }
        }
        self.answer_revert(index, None);
    }

    /// An artifact went well in its rehearsal, or has none.
    fn is_rehearsed(&mut self, index: usize, admitted: Admitted, mut course: Course) {
        let artifact = course.artifact;
        match &admitted.outcome {
            RehearsalOutcome::Well(report) => {
                let report = Arc::clone(report);
                course.tell(EventKind::Rehearsed { artifact, report });
            }
            RehearsalOutcome::Not(why) => {
                course.tell(EventKind::NotRehearsed { artifact, why: (*why).to_owned() });
            }
            RehearsalOutcome::NotAsked => {}
        }
        match course.approved.take() {
            // Whoever has said yes hears of the end.
            Some(_answer) => self.go_on(index, admitted, course),
            None => self.planned(index, admitted, course),
        }
    }

    /// What is on trial comes first.
    fn tried_after_trial(&mut self, index: usize, course: Course) {
        let slot = &mut self.slots[index];
        slot.core.set_phase(None);
        if course.way == Way::Reverted {
            return self.answer_revert(index, Some(ON_TRIAL.to_owned()));
        }
        slot.seen.remove(&course.path);
        slot.core.held.insert(course.path);
    }

    /// What is rehearsed is not wanted any more.
    pub(super) fn call_off(&mut self, index: usize, why: &str) {
        let Some(rehearsing) = self.slots[index].rehearsing.take() else { return };
        let Rehearsing { course, running, .. } = rehearsing;
        drop(running);
        self.slots[index].core.set_phase(None);
        let (artifact, why) = (course.artifact, why.to_owned());
        let build = course.module.clone();
        let build = build.map(|it| Build { artifact, module: it.name, version: it.version });
        let phase = Phase::Rehearsed.to_string();
        course.note(What::Cancelled { artifact, build, phase, why: text(&why) });
        course.tell(EventKind::Superseded { artifact, why: why.clone() });
        self.called_off(index, artifact, &why);
        self.answer_revert(index, Some(why));
    }

    /// The host ends: no child outlives that, and none is waited for.
    pub(super) fn end_rehearsals(&mut self) {
        for slot in &mut self.slots {
            if let Some(rehearsing) = &mut slot.rehearsing {
                rehearsing.call_off();
            }
        }
        for index in 0..self.slots.len() {
            self.call_off(index, "the host has ended");
        }
    }
}
