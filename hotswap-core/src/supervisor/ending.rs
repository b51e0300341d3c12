//! The orderly end: nobody is let in any more, states are kept, instances are stopped.

use std::{sync::Arc, time::Instant};

use hotswap_abi::__private::text::in_full;
use hotswap_gate::Closed;
use hotswap_types::{BackupReason, Holder};

use super::{
    context::Context,
    slot::SlotSupervisor,
    slot_event::SlotEvent,
    state::Progress,
    table::{Action, Input},
};
use crate::{
    checkpoint,
    event::{EventKind, Retirement},
    instance::Generation,
    journal::{Backup, ENDED},
    slot::SlotCore,
    upgrade::{Retiring, take_last},
};

impl SlotSupervisor {
    /// Fails with the reason why a state was not kept that should have been.
    pub(super) fn end(&mut self, cx: &mut Context, deadline: Instant) -> Result<(), String> {
        let core = Arc::clone(&self.core);
        self.report_the_rest(cx);
        self.decide(cx, |it| it.set_ready(None));
        self.candidates.progress = Progress::Idle;
        self.emit(cx, SlotEvent::ApprovalOver);
        if self.on(Input::End) == Action::Undo {
            if cx.shared.journal.is_some() {
                self.undo_trial(cx);
            }
            self.end_trial(cx);
        }
        let Some(gate) = core.gate() else { return Ok(()) };
        for retiring in std::mem::take(&mut self.retiring) {
            retiring.wait_left(gate, deadline);
            let _ = retiring.retire(gate, &mut cx.steps, deadline);
        }
        let asked = cx.shared.config.checkpoints().is_some();
        let keeps = asked && keeps_state(&core);
        let closed = match gate.close(deadline) {
            Ok(closed) => closed,
            Err(stuck) if keeps => {
                let inside = stuck.inside().iter().map(|inside| format!("; inside: {inside}"));
                return Err(format!("{stuck}{}", inside.collect::<String>()));
            }
            Err(_) => return Ok(()),
        };
        let kept = if keeps { keep(cx, &core, &closed) } else { Ok(()) };
        let last = Retiring::last(closed.number(), Arc::clone(closed.value()));
        let number = last.number;
        let deadline = Instant::now() + cx.shared.config.work_deadline;
        if let Ok(outcome) = last.retire(gate, &mut cx.steps, deadline) {
            // Whoever has a handle of the slot owns it, too.
            let by = vec![Holder::Handles];
            let outcome = outcome.unwrap_or(Retirement::Retained { by });
            cx.tell(&core.name, EventKind::Retired { generation: number, outcome });
        }
        closed.end();
        kept
    }

    /// What is on its way is not gone on with. What is on trial is undone where there is a journal,
    /// which knows of it otherwise; a rollout is undone in any case. Both are reported then.
    fn report_the_rest(&mut self, cx: &mut Context) {
        let name = Arc::clone(&self.core.name);
        for (artifact, on_trial) in cx.shared.under_way(&name) {
            let why = match on_trial {
                true if cx.shared.journal.is_some() || self.serving.rollout().is_some() => continue,
                true => "the host has ended within its trial",
                false => ENDED,
            };
            self.emit(cx, SlotEvent::CalledOff { artifact, why: why.to_owned() });
        }
    }
}

/// Leaves the state of a slot's last generation for the next run.
fn keep(cx: &mut Context, core: &SlotCore, closed: &Closed<'_, Generation>) -> Result<(), String> {
    let deadline = Instant::now() + cx.shared.config.pause_deadline;
    let snapshot = take_last(closed.value(), &mut cx.steps, deadline)?;
    if let Some(journal) = &cx.shared.journal {
        let artifact = closed.value().code().artifact;
        let kept = journal.lock().back_up(&core.name, artifact, &snapshot, BackupReason::End);
        let Backup { path, .. } = kept.map_err(|error| in_full(&error))?;
        cx.tell(&core.name, EventKind::Kept { path, size: snapshot.size() });
        return Ok(());
    }
    let config = &cx.shared.config;
    let Some(folder) = config.checkpoints() else { return Ok(()) };
    config.make_checkpoints(&folder)?;
    let path =
        checkpoint::leave(&folder, &core.name, &snapshot).map_err(|error| in_full(&error))?;
    cx.tell(&core.name, EventKind::Kept { path, size: snapshot.size() });
    Ok(())
}

fn keeps_state(core: &SlotCore) -> bool {
    core.serves().is_some_and(|serves| serves.code.manifest.state().is_some())
}
