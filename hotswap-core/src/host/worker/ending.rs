//! The orderly end: nobody is let in any more, states are kept, instances are stopped.

use std::{sync::Arc, time::Instant};

use hotswap_abi::__private::text::in_full;
use hotswap_gate::Closed;
use hotswap_types::{Holder, Occasion};

use super::Worker;
use crate::{
    checkpoint,
    event::{EventKind, Retirement},
    instance::Generation,
    journal::{Backup, ENDED},
    slot::SlotCore,
    upgrade::{Retiring, take_last},
};

/// Whether every state that was to be kept was; if not, which and why.
pub(in crate::host) type Kept = Result<(), Vec<String>>;

impl Worker {
    /// Ends every slot, in the order in which they were opened.
    pub(super) fn end(mut self) -> Kept {
        self.end_rehearsals();
        #[cfg(feature = "cargo")]
        self.building.end();
        for slot in &self.slots {
            slot.core.end();
        }
        let deadline = Instant::now() + self.shared.config.pause_deadline;
        let mut lost = Vec::new();
        for index in 0..self.slots.len() {
            let core = Arc::clone(&self.slots[index].core);
            if let Err(why) = self.end_slot(index, deadline) {
                lost.push(format!("the state of slot {} ({why})", core.name));
                self.tell(&core.name, EventKind::NotKept { why });
            }
        }
        self.ended();
        self.steps.end();
        if lost.is_empty() { Ok(()) } else { Err(lost) }
    }

    /// Fails with the reason why a state was not kept that should have been.
    fn end_slot(&mut self, index: usize, deadline: Instant) -> Result<(), String> {
        let core = Arc::clone(&self.slots[index].core);
        self.report_the_rest(index);
        self.set_waiting(index, None);
        self.slots[index].awaiting = None;
        core.set_awaiting(None);
        if self.shared.journal.is_some() {
            self.undo_trial(index);
        }
        self.end_trial(index);
        let Some(gate) = core.gate() else { return Ok(()) };
        for retiring in std::mem::take(&mut self.slots[index].retiring) {
            retiring.wait_left(gate, deadline);
            let _ = retiring.retire(gate, &mut self.steps, deadline);
        }
        let asked = self.shared.config.checkpoints.is_some() || self.shared.journal.is_some();
        let keeps = asked && keeps_state(&core);
        let closed = match gate.close(deadline) {
            Ok(closed) => closed,
            Err(stuck) if keeps => {
                let inside = stuck.inside().iter().map(|inside| format!("; inside: {inside}"));
                return Err(format!("{stuck}{}", inside.collect::<String>()));
            }
            Err(_) => return Ok(()),
        };
        let kept = if keeps { self.keep(&core, &closed) } else { Ok(()) };
        let last = Retiring::last(closed.number(), Arc::clone(closed.value()));
        let number = last.number;
        let deadline = Instant::now() + self.shared.config.work_deadline;
        if let Ok(outcome) = last.retire(gate, &mut self.steps, deadline) {
            // Whoever has a handle of the slot owns it, too.
            let by = vec![Holder::Handles];
            let outcome = outcome.unwrap_or(Retirement::Retained { by });
            self.tell(&core.name, EventKind::Retired { generation: number, outcome });
        }
        closed.end();
        kept
    }

    /// What is on its way is not gone on with. What is on trial is undone where there is a journal,
    /// which knows of it otherwise.
    fn report_the_rest(&mut self, index: usize) {
        let name = Arc::clone(&self.slots[index].core.name);
        for (artifact, on_trial) in self.shared.drafts(&name, |drafts| drafts.under_way()) {
            match on_trial {
                true if self.shared.journal.is_some() => {}
                true => self.called_off(index, artifact, "the host has ended within its trial"),
                false => self.called_off(index, artifact, ENDED),
            }
        }
    }

    /// Leaves the state of a slot's last generation for the next run.
    fn keep(&mut self, core: &SlotCore, closed: &Closed<'_, Generation>) -> Result<(), String> {
        let deadline = Instant::now() + self.shared.config.pause_deadline;
        let snapshot = take_last(closed.value(), &mut self.steps, deadline)?;
        if let Some(journal) = &self.shared.journal {
            let artifact = closed.value().code().artifact;
            let kept = journal.lock().back_up(&core.name, artifact, &snapshot, Occasion::End);
            let Backup { path, .. } = kept.map_err(|error| in_full(&error))?;
            self.tell(&core.name, EventKind::Kept { path, size: snapshot.size() });
            return Ok(());
        }
        let config = &self.shared.config;
        let Some(folder) = config.checkpoints.clone() else { return Ok(()) };
        config.make_checkpoints(&folder)?;
        let path =
            checkpoint::leave(&folder, &core.name, &snapshot).map_err(|error| in_full(&error))?;
        self.tell(&core.name, EventKind::Kept { path, size: snapshot.size() });
        Ok(())
    }
}

fn keeps_state(core: &SlotCore) -> bool {
    core.serves().is_some_and(|serves| serves.code.manifest.state().is_some())
}
