//! A candidate that may take over: loaded and prepared, applied, and where it waits, tried again.

use std::{mem, path::PathBuf, sync::Arc, time::Instant};

use hotswap_gate::Guarded as _;
use hotswap_types::Phase;

use super::{Waiting, Way, Worker, course::Course, timing::Waits, trials::OnTrial};
use crate::{
    event::Until,
    upgrade::{Admitted, Fault, Prepared, Unapplied, Why, above, still_vouched},
};

impl Worker {
    /// Loads an artifact that may, and lets it take over.
    pub(super) fn go_on(&mut self, index: usize, admitted: Admitted, mut course: Course) {
        // It may have been rehearsed, or have waited for a yes, meanwhile.
        let prepared = self
            .still_vouched(&course, Phase::Loaded)
            .and_then(|()| course.upgrade(&mut self.steps, |it| it.prepare(admitted)));
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return self.refuse_and_retry(index, &course, fault),
        };
        course.generation = prepared.code().generation;
        let is_asked_for = matches!(course.way, Way::Offered | Way::Reverted);
        if is_asked_for || self.slots[index].core.gate().is_none() {
            self.apply(index, Waiting { prepared, course, waits: Waits::NextTry });
        } else {
            self.is_ready(index, prepared, course);
        }
    }

    fn still_vouched(&self, course: &Course, phase: Phase) -> Result<(), Fault> {
        let trust = &self.shared.config.trust;
        still_vouched(trust, course.signed.as_ref(), course.artifact, phase)
    }

    /// Lets a prepared artifact take over; returns whether it has. One that was cancelled waits
    /// on: for the next request, or for its next try.
    pub(super) fn apply(&mut self, index: usize, waiting: Waiting) -> bool {
        let Waiting { prepared, course, waits } = waiting;
        let core = Arc::clone(&self.slots[index].core);
        let code = Arc::clone(prepared.code());
        self.shared.goes_on(&core.name, code.artifact);
        // While it waited, another slot may have raised it.
        let manifest = &code.manifest;
        let floor = self.floor_of(&course, &manifest.module, &manifest.version);
        let above = above(manifest, floor.as_ref());
        // It may have waited for long.
        let is_late = waits.is_late() || course.way == Way::Again;
        let vouched = above.and_then(|()| self.still_vouched(&course, Phase::Activated));
        let ready = vouched.and_then(|()| self.activating(index, course.way, &prepared, is_late));
        if let Err(fault) = ready {
            let fault = fault.with_finding(self.discard(prepared));
            self.refuse_and_retry(index, &course, fault);
            return false;
        }
        let size = self.state_size(index);
        let applied = course.upgrade(&mut self.steps, |upgrade| upgrade.apply(prepared, size));
        self.shared.paused(&core.name, code.artifact, &core.take_pause());
        match applied {
            Ok(applied) => {
                self.set_waiting(index, None);
                self.slots[index].retry = None;
                core.set_pending(None);
                self.live(index, applied, course.begun, course.way);
                true
            }
            Err(Unapplied { fault, prepared: None }) => {
                self.set_waiting(index, None);
                self.refuse_and_retry(index, &course, fault);
                false
            }
            Err(Unapplied { fault, prepared: Some(prepared) }) => {
                let waits = if let Waits::Request = waits {
                    self.refuse(index, course.identity(), fault);
                    core.set_pending(Some(Until::Request));
                    Waits::Request
                } else {
                    self.refuse_and_retry(index, &course, fault);
                    Waits::NextTry
                };
                let prepared = *prepared;
                self.set_waiting(index, Some(Waiting { prepared, course, waits }));
                false
            }
        }
    }

    /// Tries a cancelled upgrade again, from where it was cancelled.
    pub(super) fn try_again(&mut self, index: usize, path: PathBuf) {
        let slot = &mut self.slots[index];
        // Something newer has come since.
        if slot.retry.as_ref() != Some(&path) {
            return;
        }
        if self.is_paused(index, Way::Again) {
            self.slots[index].core.held.insert(path);
            return;
        }
        let slot = &mut self.slots[index];
        match slot.waiting.take_if(|waiting| waiting.waits.is_next_try()) {
            Some(mut waiting) => {
                waiting.course.set_late();
                self.apply(index, waiting);
            }
            None => self.try_path(index, path, Way::Again),
        }
    }

    /// Another candidate waits from now on, or none.
    pub(super) fn set_waiting(&mut self, index: usize, waiting: Option<Waiting>) {
        let before = mem::replace(&mut self.slots[index].waiting, waiting);
        if let Some(before) = &before {
            let is_newer = self.slots[index].waiting.is_some();
            let why = if is_newer { "a newer artifact has come" } else { "it was taken back" };
            self.called_off(index, before.course.artifact, why);
        }
        if let Some(hangs) = before.and_then(|waiting| self.discard(waiting.prepared)) {
            tracing::warn!(slot = &*self.slots[index].core.name, "{hangs}");
        }
    }

    fn discard(&mut self, prepared: Prepared) -> Option<String> {
        let deadline = Instant::now() + self.shared.config.work_deadline;
        prepared.discard(&mut self.steps, deadline)
    }

    /// Gives up the callers inside a slot; returns whether a candidate that waited for them has
    /// taken over.
    pub(super) fn abandon(&mut self, name: &str) -> bool {
        let Some(index) = self.slots.iter().position(|slot| &*slot.core.name == name) else {
            return false;
        };
        if self.slots[index].trial.as_ref().is_some_and(OnTrial::has_way_back) {
            let finding = "callers hang in it, and were given up".to_owned();
            return self.roll_back(index, Why { finding, hangs: true }).is_ok();
        }
        let slot = &mut self.slots[index];
        slot.core.set_abandoned(true);
        if let Some(gate) = slot.core.gate() {
            // Who waits for them waits no longer.
            gate.current().1.exclusion().abandon();
        }
        match slot.waiting.take_if(|waiting| waiting.waits.is_next_try()) {
            Some(waiting) => self.apply(index, waiting),
            None => false,
        }
    }

    /// Lets every prepared artifact take over; returns how many have.
    pub(super) fn apply_pending(&mut self) -> usize {
        let mut applied = 0;
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            if let Some(waiting) = slot.waiting.take() {
                slot.core.set_pending(None);
                applied += usize::from(self.apply(index, waiting));
            }
        }
        applied
    }
}
