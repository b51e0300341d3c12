//! Artifacts that are rehearsed. The child is waited for on a thread of its own, and not by the worker:
//! meanwhile that upgrades other slots, judges trials and answers.
//!
//! Who has asked for an upgrade and waits for it (a yes, a revert) is answered when it is over, which
//! is where its [`Candidate`] ends.

use std::{sync::Arc, time::Instant};

use hotswap_loader::loader_lock::{self, Busy};
use hotswap_types::{BackupReason, Phase};

use super::{
    candidate::Candidate,
    command::Command,
    context::Context,
    reverting::ON_TRIAL,
    slot::SlotSupervisor,
    slot_event::SlotEvent,
    state::{Progress, Rehearsal, Rehearsing},
    table::{Action, Input},
    trigger::Trigger,
};
use crate::{
    event::{EventKind, Exit},
    rehearsal::{ChildEvent, Rehearse, Running},
    snapshot::Snapshot,
    upgrade::{Admitted, Assessed, BackedUp, BackupRequest, Fault, RehearsalOutcome},
};

impl SlotSupervisor {
    /// Has an artifact rehearsed that fits, where the slot has rehearsals; it goes on when that is
    /// over.
    pub(super) fn rehearse(
        &mut self,
        cx: &mut Context,
        assessed: Result<Assessed, Fault>,
        candidate: Candidate,
    ) {
        let next = assessed
            .and_then(|assessed| self.room_for(cx, assessed, &candidate))
            .and_then(|assessed| back_up_for(cx, assessed, &candidate))
            .and_then(|backed_up| self.lay_out(cx, backed_up, &candidate));
        match next {
            Ok(Rehearse::Over(admitted)) => self.is_rehearsed(cx, admitted, candidate),
            Ok(Rehearse::InChild(assessed, baseline, laid_out)) => {
                cx.rehearsals += 1;
                let (number, commands) = (cx.rehearsals, cx.commands.clone());
                let slot = self.id;
                let tell = move |event| {
                    // Fails only when the worker has ended.
                    let _ = commands.send(Command::Rehearsed { slot, number, event });
                };
                match Running::start(*laid_out, tell) {
                    Ok(running) => {
                        self.emit(cx, SlotEvent::Rehearsing);
                        self.candidates.retry.take_if(|path| *path == candidate.path);
                        let rehearsal = Rehearsal { assessed, baseline, running };
                        self.candidates.progress =
                            Progress::Rehearsing(Rehearsing { number, rehearsal, candidate });
                    }
                    Err(fault) => self.refuse_and_retry(cx, &candidate, fault),
                }
            }
            Err(fault) => self.refuse_and_retry(cx, &candidate, fault),
        }
    }

    fn lay_out(
        &mut self,
        cx: &mut Context,
        backed_up: BackedUp,
        candidate: &Candidate,
    ) -> Result<Rehearse, Fault> {
        if candidate.trigger == Trigger::Recovery {
            let core = &self.core;
            return Ok(Rehearse::Over(Admitted::unrehearsed(backed_up.assessed, core)));
        }
        let next = cx.upgrade(candidate, |upgrade| upgrade.rehearse(backed_up))?;
        if let Rehearse::InChild(..) = next {
            // No thread begins while somebody hangs in the loader.
            let deadline = Instant::now() + cx.shared.config.work_deadline;
            loader_lock::wait_unlocked(deadline)
                .map_err(|busy| Fault::cancelled(Phase::Rehearsed, busy, Busy::ADVICE))?;
        }
        Ok(next)
    }

    /// A child has ended, or something of it is left.
    pub(super) fn child_ended(&mut self, cx: &mut Context, number: u64, event: ChildEvent) {
        let report = match event {
            ChildEvent::Ended(report) => *report,
            ChildEvent::LeftBehind(why) => {
                return cx.tell(&self.core.name, EventKind::NotCleanedUp { why });
            }
        };
        let Progress::Rehearsing(rehearsing) = &self.candidates.progress else { return };
        let is_current = rehearsing.rehearsal.baseline.serves(&self.core);
        let action = self.on(Input::ChildEnded { is_current });
        // Another one was called off when its thread had said this already.
        let Some(rehearsing) = self.candidates.progress.take_rehearsing(Some(number)) else {
            return;
        };
        let Rehearsing { rehearsal, candidate, .. } = rehearsing;
        let Rehearsal { assessed, baseline, running } = rehearsal;
        // It has said its last word.
        drop(running);
        let _span = candidate.span().entered();
        match (action, report) {
            // What waited to be applied was.
            (Action::Defer, _) => {
                self.decide(cx, |it| it.defer(&candidate));
            }
            (Action::RefuseOnTrial, _) => {
                let advice = "go back to it when the trial is over";
                let (phase, exit) = (Phase::Rehearsed, Exit::Cancelled);
                let fault = Fault::as_advised(phase, exit, vec![ON_TRIAL.to_owned()], advice);
                self.refuse(cx, candidate.identity(), fault);
                self.decide(cx, |it| it.answer_revert(Some(ON_TRIAL.to_owned())));
            }
            (Action::Reassess, _) => {
                let assessed = cx.assess(assessed.inspected, &candidate);
                self.rehearse(cx, assessed, candidate);
            }
            (_, Ok(report)) => {
                let report = Arc::new(report);
                let again = Arc::clone(&report);
                let admitted = cx.upgrade(&candidate, |it| it.rehearsed(assessed, baseline, again));
                self.is_rehearsed(cx, admitted, candidate);
            }
            (_, Err(fault)) => self.refuse_and_retry(cx, &candidate, fault),
        }
        self.decide(cx, |it| it.answer_revert(None));
    }

    /// An artifact went well in its rehearsal, or has none.
    fn is_rehearsed(&mut self, cx: &mut Context, admitted: Admitted, mut candidate: Candidate) {
        let artifact = candidate.artifact;
        match &admitted.outcome {
            RehearsalOutcome::Well(report) => {
                let report = Arc::clone(report);
                cx.tell(&self.core.name, EventKind::Rehearsed { artifact, report });
            }
            RehearsalOutcome::Not(why) => {
                let why = (*why).to_owned();
                cx.tell(&self.core.name, EventKind::NotRehearsed { artifact, why });
            }
            RehearsalOutcome::NotAsked => {}
        }
        match candidate.approved.take() {
            // Whoever has said yes hears of the end.
            Some(_answer) => self.go_on(cx, admitted, candidate),
            None => self.planned(cx, admitted, candidate),
        }
    }
}

/// Keeps an artifact that fits, where there is a journal, and a copy of the state, where that or
/// a rehearsal wants one.
fn back_up_for(
    cx: &mut Context,
    assessed: Assessed,
    candidate: &Candidate,
) -> Result<BackedUp, Fault> {
    let has_journal = cx.keep_artifact(&assessed, candidate)?;
    let shared = Arc::clone(&cx.shared);
    let keep = |state: &Snapshot| {
        shared.back_up(&candidate.slot, state, BackupReason::Upgrade).map(|backup| backup.path)
    };
    cx.upgrade(candidate, |upgrade| {
        // What is recovered has served before.
        let rehearsal = upgrade.rehearses() && candidate.trigger != Trigger::Recovery;
        let journal = has_journal.then_some(&keep as _);
        upgrade.back_up(assessed, &BackupRequest { rehearsal, journal })
    })
}
