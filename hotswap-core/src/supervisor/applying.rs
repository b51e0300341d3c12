//! A candidate that may take over: loaded and prepared, applied, and where it waits, tried again.

use std::{
    io, mem,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use hotswap_gate::Guarded as _;
use hotswap_types::Phase;
use hotswap_watch::Hint;

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
    upgrade::{Admitted, Fault, Prepared, Unapplied, Why, above, still_vouched},
};

/// Why something else is not wanted any more.
pub(super) const NEWER: &str = "a newer artifact has come";

/// Why what a file held is not wanted any more.
const REMOVED: &str = "its file was removed";

/// Whether a file is not there any more.
pub(super) fn is_removed(path: &Path) -> bool {
    path.metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

impl SlotSupervisor {
    /// Loads an artifact that may, and lets it take over.
    pub(super) fn go_on(&mut self, cx: &mut Context, admitted: Admitted, mut candidate: Candidate) {
        // It may have been rehearsed, or have waited for a yes, meanwhile.
        let prepared = cx
            .still_vouched(&candidate, Phase::Loaded)
            .and_then(|()| candidate.upgrade(&mut cx.steps, |it| it.prepare(admitted)));
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
                self.hold(cx, candidate);
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
        let vouched = above.and_then(|()| cx.still_vouched(&candidate, Phase::Activated));
        let ready = vouched.and_then(|()| self.activating(cx, &candidate, &prepared, is_late));
        if let Err(fault) = ready {
            let fault = fault.with_finding(cx.discard(prepared));
            self.refuse_and_retry(cx, &candidate, fault);
            return false;
        }
        let size = self.state_size(cx);
        let applied = candidate.upgrade(&mut cx.steps, |upgrade| upgrade.apply(prepared, size));
        let spans = core.take_pause();
        if let Some(artifact) = code.artifact {
            self.emit(cx, SlotEvent::Paused { artifact, spans });
        }
        match applied {
            Ok(applied) => {
                self.set_ready(cx, None);
                // What lies there by now may be newer, and wait for its own next try.
                let is_newer = |path: &PathBuf| {
                    *path == candidate.path && self.seen.get(path) != Some(&candidate.artifact)
                };
                if !self.retry.as_ref().is_some_and(is_newer) {
                    self.retry = None;
                }
                self.emit(cx, SlotEvent::NotPending);
                self.live(cx, applied, candidate.begun, candidate.trigger);
                true
            }
            Err(Unapplied { fault, prepared: None }) => {
                self.set_ready(cx, None);
                self.refuse_and_retry(cx, &candidate, fault);
                false
            }
            Err(Unapplied { fault, prepared: Some(prepared) }) => {
                let schedule = if let Schedule::Request = schedule {
                    self.refuse(cx, candidate.identity(), fault);
                    self.emit(cx, SlotEvent::StillPending(Until::Request));
                    Schedule::Request
                } else {
                    self.refuse_and_retry(cx, &candidate, fault);
                    Schedule::NextTry
                };
                let prepared = *prepared;
                self.set_ready(cx, Some(Ready { prepared, candidate, schedule }));
                false
            }
        }
    }

    /// Tries a cancelled upgrade again, from where it was cancelled.
    pub(super) fn try_again(&mut self, cx: &mut Context, path: PathBuf) {
        // Something newer has come since.
        if self.retry.as_ref() != Some(&path) {
            return;
        }
        if self.is_paused(cx, Trigger::Retry) {
            // Looked at afterwards, although its content is the same.
            self.seen.remove(&path);
            self.core.held.insert(path);
            return;
        }
        if self.is_older(&path) {
            // It has its next try if that fails.
            return;
        }
        if is_removed(&path) {
            return self.withdraw(cx, &path);
        }
        match self.ready.take_if(|it| it.schedule.is_next_try() && it.candidate.path == path) {
            Some(mut ready) => {
                ready.candidate.set_late();
                self.apply(cx, ready);
            }
            None => self.try_path(cx, path, Trigger::Retry),
        }
    }

    /// Whether something newer, from another path than this, is on its way or ready.
    pub(super) fn is_older(&self, path: &Path) -> bool {
        let ready = self.ready.as_ref().filter(|it| !it.schedule.is_next_try());
        let newer = [self.progress.candidate(), ready.map(|it| &it.candidate)];
        newer.into_iter().flatten().any(|it| it.path != path)
    }

    /// What was newer has failed: what waits for its next try at another path has it now.
    pub(super) fn try_older(&mut self, cx: &mut Context, failed: &Path) {
        let waits = self.ready.as_ref().filter(|it| it.schedule.is_next_try());
        let path = self.retry.as_ref().or(waits.map(|it| &it.candidate.path));
        let Some(path) = path.filter(|path| *path != failed).cloned() else { return };
        self.retry = Some(path.clone());
        let key = (self.id, path);
        if !cx.cancelled.is_scheduled(&key) {
            cx.cancelled.appeared(key, Hint::Ready, Instant::now());
        }
    }

    /// A file is not there any more: what it held is no candidate any more, whatever it waits for.
    pub(super) fn withdraw(&mut self, cx: &mut Context, path: &Path) {
        self.seen.remove(path);
        self.core.held.remove(path);
        self.told.unstaged.remove(path);
        self.offered.take_if(|it| it.0 == path);
        cx.cancelled.cancel(&(self.id, path.to_owned()));
        if self.progress.candidate().is_some_and(|it| it.path == path) {
            self.superseded(cx, REMOVED);
        }
        let was_retried = self.retry.take_if(|it| it == path).is_some();
        let ready = self.ready.take_if(|it| it.candidate.path == path);
        if was_retried || ready.is_some() {
            let artifact = ready.as_ref().map(|it| it.candidate.artifact);
            if let Some(Ready { candidate, prepared, .. }) = ready {
                self.emit(cx, SlotEvent::NotPending);
                self.called_off(cx, candidate.artifact, REMOVED);
                self.discard(cx, prepared);
            }
            let (path, why) = (path.to_owned(), REMOVED.to_owned());
            self.emit(cx, SlotEvent::Withdrawn { path, artifact, why });
        }
        self.try_older(cx, path);
    }

    /// What waits for its next try, if its file is still there.
    fn take_next_try(&mut self, cx: &mut Context) -> Option<Ready> {
        let waits = self.ready.as_ref().filter(|it| it.schedule.is_next_try())?;
        let path = waits.candidate.path.clone();
        if is_removed(&path) {
            self.withdraw(cx, &path);
            return None;
        }
        self.ready.take()
    }

    /// Another candidate waits from now on, or none.
    pub(super) fn set_ready(&mut self, cx: &mut Context, ready: Option<Ready>) {
        let Some(before) = mem::replace(&mut self.ready, ready) else { return };
        let why = if self.ready.is_some() { NEWER } else { "it was taken back" };
        self.called_off(cx, before.candidate.artifact, why);
        self.discard(cx, before.prepared);
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
        let is_next_try = self.ready.as_ref().is_some_and(|it| it.schedule.is_next_try());
        let ready = if is_next_try { self.take_next_try(cx) } else { self.ready.take() };
        let Some(ready) = ready else { return false };
        self.emit(cx, SlotEvent::NotPending);
        self.apply(cx, ready)
    }
}

impl Context {
    fn still_vouched(&self, candidate: &Candidate, phase: Phase) -> Result<(), Fault> {
        let trust = &self.shared.config.trust;
        still_vouched(trust, candidate.signed.as_ref(), candidate.artifact, phase)
    }

    fn discard(&mut self, prepared: Prepared) -> Option<String> {
        let deadline = Instant::now() + self.shared.config.work_deadline;
        prepared.discard(&mut self.steps, deadline)
    }
}
