//! A candidate that may take over: loaded and prepared, applied, and where it waits, tried again.

use std::{mem, path::PathBuf, sync::Arc, time::Instant};

use super::{Waiting, Way, Worker, course::Course, trials::OnTrial};
use crate::{
    config::Apply,
    event::EventKind,
    gate::Guarded as _,
    upgrade::{Prepared, Rehearsed, Unapplied, Why, above},
};

impl Worker {
    /// Loads an artifact that may, and lets it take over.
    pub(super) fn go_on(&mut self, index: usize, rehearsed: Rehearsed, mut course: Course) {
        let prepared = course.upgrade(&mut self.steps, |upgrade| upgrade.prepare(rehearsed));
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return self.refuse_and_retry(index, &course, fault),
        };
        course.generation = prepared.code().generation;
        let waits = self.shared.config.apply == Apply::OnRequest && course.way != Way::Reverted;
        let slot = Arc::clone(&self.slots[index].core);
        if waits && slot.gate().is_some() {
            let manifest = &prepared.code().manifest;
            let (module, version) = (manifest.module.clone(), manifest.version.clone());
            let artifact = course.artifact;
            self.set_waiting(index, Some(Waiting { prepared, course, on_request: true }));
            slot.set_phase(None);
            slot.set_pending(true);
            return self.tell(&slot.name, EventKind::Pending { module, version, artifact });
        }
        self.apply(index, Waiting { prepared, course, on_request: false });
    }

    /// Lets a prepared artifact take over; returns whether it has. One that was cancelled waits
    /// on: for the next request, or for its next try.
    fn apply(&mut self, index: usize, waiting: Waiting) -> bool {
        let Waiting { prepared, course, on_request } = waiting;
        let core = Arc::clone(&self.slots[index].core);
        let code = Arc::clone(prepared.code());
        // While it waited, another slot may have raised it.
        let floor = self.floors.of(&code.manifest.module, &code.manifest.version);
        let floor = floor.filter(|_| course.way != Way::Recovered);
        let above = above(&code.manifest, floor);
        // It may have waited for long.
        let is_late = on_request || course.way == Way::Again;
        let ready = above.and_then(|()| self.activating(index, course.way, &prepared, is_late));
        if let Err(fault) = ready {
            let fault = fault.with_finding(self.discard(prepared));
            self.refuse_and_retry(index, &course, fault);
            return false;
        }
        match course.upgrade(&mut self.steps, |upgrade| upgrade.apply(prepared)) {
            Ok(applied) => {
                self.set_waiting(index, None);
                self.slots[index].retry = None;
                core.set_pending(false);
                self.live(index, applied, course.begun, course.way);
                true
            }
            Err(Unapplied { fault, prepared: None }) => {
                self.set_waiting(index, None);
                self.refuse_and_retry(index, &course, fault);
                false
            }
            Err(Unapplied { fault, prepared: Some(prepared) }) => {
                if on_request {
                    self.refuse(index, course.identity(), fault);
                    core.set_pending(true);
                } else {
                    self.refuse_and_retry(index, &course, fault);
                }
                self.set_waiting(index, Some(Waiting { prepared, course, on_request }));
                false
            }
        }
    }

    /// Tries a cancelled upgrade again, from where it was cancelled.
    pub(super) fn try_again(&mut self, index: usize, path: PathBuf) {
        let slot = &mut self.slots[index];
        // Something newer has come since.
        if slot.retry.as_ref() != Some(&path) || self.holds(index, &path, Way::Again) {
            return;
        }
        let slot = &mut self.slots[index];
        match slot.waiting.take_if(|waiting| !waiting.on_request) {
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
        match slot.waiting.take_if(|waiting| !waiting.on_request) {
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
                slot.core.set_pending(false);
                applied += usize::from(self.apply(index, waiting));
            }
        }
        applied
    }
}
