//! A candidate that may take over: loaded and prepared, applied, and where it waits, tried again.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use hotswap_gate::Guarded as _;
use hotswap_types::Phase;

use super::{
    candidate::Candidate,
    context::Context,
    ready::{Ready, Schedule},
    slot::SlotSupervisor,
    slot_event::SlotEvent,
    table::{Action, Input},
    trigger::Trigger,
};
use crate::{
    event::Until,
    upgrade::{Admitted, Fault, Prepared, Unapplied, Why, above, still_verified},
};

/// Whether a file is not there any more.
pub(super) fn is_removed(path: &Path) -> bool {
    path.metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

impl SlotSupervisor {
    /// Loads an artifact that may, and lets it take over.
    pub(super) fn go_on(&mut self, cx: &mut Context, admitted: Admitted, mut candidate: Candidate) {
        // It may have been rehearsed, or have waited for a yes, meanwhile.
        let prepared = cx
            .still_verified(&candidate, Phase::Loaded)
            .and_then(|()| cx.upgrade(&candidate, |it| it.prepare(admitted)));
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return self.refuse_and_retry(cx, &candidate, fault),
        };
        candidate.generation = prepared.code().generation;
        let is_asked_for = matches!(candidate.trigger, Trigger::Operator | Trigger::Revert);
        match self.on(Input::Prepared { is_asked_for }) {
            Action::Apply => {
                self.apply(cx, Ready { prepared, candidate, schedule: Schedule::NextTry });
            }
            Action::Schedule => self.is_ready(cx, prepared, candidate),
            _ => {
                // What is on trial keeps its own way back first.
                self.discard(cx, prepared);
                self.decide(cx, |it| it.defer(&candidate));
            }
        }
    }

    /// Lets a prepared artifact take over; returns whether it has. One that was cancelled waits
    /// on: for the next request, or for its next try.
    pub(super) fn apply(&mut self, cx: &mut Context, ready: Ready) -> bool {
        let Ready { prepared, candidate, schedule } = ready;
        let core = Arc::clone(&self.core);
        let code = Arc::clone(prepared.code());
        if let Some(artifact) = code.artifact {
            self.emit(cx, SlotEvent::GoesOn { artifact });
        }
        // While it waited, another slot may have raised it.
        let manifest = &code.manifest;
        let floor = cx.floor_of(&candidate, &manifest.module, &manifest.version);
        let above = above(manifest, floor.as_ref());
        // It may have waited for long.
        let is_late = schedule.is_late() || candidate.trigger == Trigger::Retry;
        let verified = above.and_then(|()| cx.still_verified(&candidate, Phase::Activated));
        let ready = verified.and_then(|()| self.activating(cx, &candidate, &prepared, is_late));
        if let Err(fault) = ready {
            let fault = fault.with_finding(cx.discard(prepared));
            self.refuse_and_retry(cx, &candidate, fault);
            return false;
        }
        if self.begins_as_canary(&candidate, &prepared) {
            let begun = self.begin_rollout(cx, prepared, &candidate);
            return match begun {
                Ok(()) => {
                    self.decide(cx, |it| it.applied(&candidate));
                    true
                }
                Err(unapplied) => self.not_applied(cx, unapplied, candidate, schedule),
            };
        }
        let size = self.state_size(cx);
        let applied = cx.upgrade(&candidate, |upgrade| upgrade.apply(prepared, size));
        let spans = core.take_pause();
        if let Some(artifact) = code.artifact {
            self.emit(cx, SlotEvent::Paused { artifact, spans });
        }
        match applied {
            Ok(applied) => {
                self.decide(cx, |it| it.applied(&candidate));
                self.live(cx, applied, candidate.begun, candidate.trigger, None);
                true
            }
            Err(unapplied) => self.not_applied(cx, unapplied, candidate, schedule),
        }
    }

    /// A candidate did not take over; returns that. One that was cancelled waits on.
    fn not_applied(
        &mut self,
        cx: &mut Context,
        unapplied: Unapplied,
        candidate: Candidate,
        schedule: Schedule,
    ) -> bool {
        let Unapplied { fault, prepared } = unapplied;
        let Some(prepared) = prepared else {
            self.set_ready(cx, None);
            self.refuse_and_retry(cx, &candidate, fault);
            return false;
        };
        let schedule = if let Schedule::Request = schedule {
            self.refuse(cx, candidate.identity(), fault);
            self.emit(cx, SlotEvent::StillPending(Until::Request));
            Schedule::Request
        } else {
            self.refuse_and_retry(cx, &candidate, fault);
            Schedule::NextTry
        };
        self.set_ready(cx, Some(Ready { prepared: *prepared, candidate, schedule }));
        false
    }

    /// Tries a cancelled upgrade again, from where it was cancelled.
    pub(super) fn try_again(&mut self, cx: &mut Context, path: PathBuf) {
        let (is_paused, is_removed) = (self.is_paused(cx, Trigger::Retry), is_removed(&path));
        self.decide(cx, |it| it.try_again(path, is_paused, is_removed));
    }

    /// A file is not there any more.
    pub(super) fn withdraw(&mut self, cx: &mut Context, path: &Path) {
        self.decide(cx, |it| it.withdraw(path));
    }

    /// What waits for its next try, if its file is still there.
    fn take_next_try(&mut self, cx: &mut Context) -> Option<Ready> {
        let path = self.candidates.next_try()?.candidate.path.clone();
        if is_removed(&path) {
            self.withdraw(cx, &path);
            return None;
        }
        self.candidates.ready.take()
    }

    fn set_ready(&mut self, cx: &mut Context, ready: Option<Ready>) {
        self.decide(cx, |it| it.set_ready(ready));
    }

    /// Drops a candidate that has not taken over; says so where its code hangs in that.
    pub(super) fn discard(&self, cx: &mut Context, prepared: Prepared) {
        if let Some(hangs) = cx.discard(prepared) {
            tracing::warn!(slot = &*self.core.name, "{hangs}");
        }
    }

    /// Gives up the callers inside a slot; returns whether a candidate that waited for them has
    /// taken over.
    pub(super) fn abandon(&mut self, cx: &mut Context) -> bool {
        if self.on(Input::Abandon) == Action::RollBack {
            let finding = "callers hang in it, and were given up".to_owned();
            return self.roll_back(cx, Why { finding, hangs: true }).is_ok();
        }
        self.core.set_abandoned(true);
        if let Some(gate) = self.core.gate() {
            // Who waits for them waits no longer.
            gate.current().1.exclusion().abandon();
        }
        let ready = self.take_next_try(cx);
        ready.is_some_and(|ready| self.apply(cx, ready))
    }

    /// Lets a candidate take over that is ready, if there is one; returns whether it has.
    pub(super) fn apply_ready(&mut self, cx: &mut Context) -> bool {
        let is_next_try = self.candidates.next_try().is_some();
        let ready = if is_next_try { self.take_next_try(cx) } else { self.candidates.ready.take() };
        let Some(ready) = ready else { return false };
        self.emit(cx, SlotEvent::NotPending);
        self.apply(cx, ready)
    }
}

impl Context {
    fn still_verified(&self, candidate: &Candidate, phase: Phase) -> Result<(), Fault> {
        let trust = &self.shared.config.trust;
        still_verified(trust, candidate.signed.as_ref(), candidate.artifact, phase)
    }

    fn discard(&mut self, prepared: Prepared) -> Option<String> {
        let deadline = Instant::now() + self.shared.config.work_deadline;
        prepared.discard(&mut self.steps, deadline)
    }
}
