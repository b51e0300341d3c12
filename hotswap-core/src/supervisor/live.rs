//! A version has begun to serve.

use std::{sync::Arc, time::Instant};

use hotswap_abi::__private::text::in_full;
use hotswap_types::Phase;

use super::{context::Context, slot::SlotSupervisor, trigger::Trigger};
use crate::{
    event::{EventKind, Live},
    floors::FloorsError,
    instance::{Code, Stage},
    slot::SlotCore,
    upgrade::Applied,
};

impl SlotSupervisor {
    /// A version has begun to serve: on trial, or for good.
    ///
    /// A crash must not undo what subscribers were told: the journal has the commit, and the floor of
    /// the module is raised, before [`Phase::Committed`] is emitted. [`commit`](Self::commit) does the
    /// same after a trial.
    pub(super) fn live(
        &mut self,
        cx: &mut Context,
        applied: Applied,
        begun: Instant,
        trigger: Trigger,
    ) {
        let has_way_back = applied.has_way_back();
        let Applied { code, state, pause, restored, old } = applied;
        let slot = Arc::clone(&self.core);
        slot.set_live(&code);
        // From now on values of its types may be in what is lent.
        let packages = code.manifest.packages.iter().filter(|it| !cx.lent.contains(it));
        let packages: Vec<_> = packages.cloned().collect();
        cx.lent.extend(packages);
        if let Some(resident) = code.resident() {
            resident.set_stage(Stage::Serves);
        }
        slot.set_abandoned(false);
        let live = Live {
            generation: code.generation,
            module: code.manifest.module.clone(),
            version: code.manifest.version.clone(),
            artifact: code.artifact,
            took: begun.elapsed(),
            pause,
            state,
            restored,
        };
        if let Some(checkpoint) = slot.take_checkpoint()
            && let Err(error) = checkpoint.use_up()
        {
            tracing::warn!(slot = &*slot.name, %error, "a checkpoint stays that was restored");
        }
        let is_tried = has_way_back && cx.shared.config.trial_of(&slot.name).is_some();
        self.next_backup = cx.next_backup();
        if !is_tried {
            self.committed(cx, &code, trigger, "");
        }
        let raised = if is_tried { Ok(()) } else { cx.floor_raised(&code) };
        if let Some(artifact) = code.artifact {
            let phase = if is_tried { Phase::Trial } else { Phase::Committed };
            cx.shared.note_phase(&slot.name, trigger, artifact, phase);
            cx.tell(&slot.name, EventKind::Phase { artifact, phase });
        }
        let (previous, old) = if is_tried { (old, None) } else { (None, old) };
        self.serves(cx, previous);
        if let Some(recovered) = self.recovered.take_if(|_| trigger == Trigger::Recovery) {
            cx.tell(&slot.name, EventKind::Recovered(recovered));
        }
        cx.tell(&slot.name, EventKind::Live(live));
        cx.tell_carried(&slot);
        cx.tell_floor(&slot, raised);
        slot.set_told();
        let (retained, most) = (slot.residents.count(), cx.shared.config.retained_warning);
        if most > 0 && retained > 0 && retained.is_multiple_of(most) {
            cx.tell(&slot.name, EventKind::ManyGenerations { retained });
        }
        if let Some(old) = old {
            self.retire_now(cx, old);
        }
        if !is_tried {
            self.reverted(cx, &code);
        }
    }
}

impl Context {
    /// What became of the fields of a state that was carried by name.
    pub(super) fn tell_carried(&self, slot: &SlotCore) {
        let news = slot.undo.lock().take_news();
        if let Some(fields) = news {
            self.tell(&slot.name, EventKind::Carried(fields));
        }
    }

    /// Nothing older than what is committed serves any more.
    pub(super) fn floor_raised(&mut self, code: &Code) -> Result<(), FloorsError> {
        match code.artifact {
            Some(_) => self.floors.committed(&code.manifest.module, &code.manifest.version),
            None => Ok(()),
        }
    }

    pub(super) fn tell_floor(&self, slot: &SlotCore, raised: Result<(), FloorsError>) {
        if let Err(error) = raised {
            self.tell(&slot.name, EventKind::FloorNotRaised { why: in_full(&error) });
        }
    }
}
