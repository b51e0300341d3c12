//! A version has begun to serve.

use std::{sync::Arc, time::Instant};

use super::{
    context::Context,
    slot::SlotSupervisor,
    slot_event::{Promoted, SlotEvent},
    trigger::Trigger,
};
use crate::{
    event::{EventKind, Live},
    instance::Stage,
    slot::SlotCore,
    upgrade::Applied,
};

impl SlotSupervisor {
    /// A version has begun to serve: on trial, or for good.
    pub(super) fn live(
        &mut self,
        cx: &mut Context,
        applied: Applied,
        begun: Instant,
        trigger: Trigger,
        promoted: Option<Promoted>,
    ) {
        let has_way_back = promoted.is_none() && applied.has_way_back();
        let Applied { code, state, pause, restored, mut old } = applied;
        let slot = Arc::clone(&self.core);
        // From now on values of its types may be in what is lent.
        let packages = code.manifest.packages.iter().filter(|it| !cx.lent.contains(it));
        let packages: Vec<_> = packages.cloned().collect();
        cx.lent.extend(packages);
        if let Some(resident) = code.resident() {
            resident.set_stage(Stage::Serves);
        }
        slot.set_abandoned(false);
        let live = Box::new(Live {
            generation: code.generation,
            release: code.release(),
            took: begun.elapsed(),
            pause,
            state,
            restored,
        });
        if let Some(checkpoint) = slot.take_checkpoint()
            && let Err(error) = checkpoint.use_up()
        {
            tracing::warn!(slot = &*slot.name, %error, "a checkpoint stays that was restored");
        }
        self.next_backup = cx.next_backup();
        let mut kept = old.take_if(|_| has_way_back);
        let trial = self.begin_trial(&mut kept);
        let old = kept.or(old);
        let is_tried = trial.is_some();
        let is_recovery = trigger == Trigger::Recovery;
        if !is_tried && !is_recovery {
            self.back_up_committed(cx, &code);
        }
        let recovered = self.recovered.take_if(|_| is_recovery).map(Box::new);
        let asked = self.asked_for(&code);
        let event =
            SlotEvent::Serves { code: Arc::clone(&code), live, trial, recovered, asked, promoted };
        cx.shared.emit(&slot, is_recovery, event);
        if !is_tried && !is_recovery {
            cx.tidy_journal();
        }
        cx.tell_carried(&slot);
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
}
