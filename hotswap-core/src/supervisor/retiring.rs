//! Generations that are no longer needed: retired, and unloaded where nothing holds them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_loader::UnloadEvent;

use super::{context::Context, slot::SlotSupervisor};
use crate::{
    event::{EventKind, Retirement},
    instance::Resident,
    slot::holders,
    upgrade::Retiring,
};

/// How long callers may keep a generation before that is told.
const PATIENCE: Duration = Duration::from_secs(1);

impl SlotSupervisor {
    pub(super) fn retire_now(&mut self, cx: &mut Context, retiring: Retiring) {
        let number = retiring.number;
        self.retiring.push(retiring);
        self.retire(cx, number);
    }

    pub(super) fn retire(&mut self, cx: &mut Context, number: u64) {
        let place = self.retiring.iter().position(|retiring| retiring.number == number);
        let (Some(place), Some(gate)) = (place, self.core.gate().cloned()) else { return };
        let retiring = self.retiring.swap_remove(place);
        let deadline = Instant::now() + cx.shared.config.work_deadline;
        match retiring.retire(&gate, &mut cx.steps, deadline) {
            Ok(outcome) => {
                self.timers.leaving.cancel(&number);
                if let Some(outcome) = outcome {
                    cx.tell(&self.core.name, EventKind::Retired { generation: number, outcome });
                }
            }
            Err(retiring) => {
                self.tell_held(cx, &retiring);
                self.retiring.push(retiring);
                self.timers.leaving.again(number, Instant::now());
            }
        }
    }

    /// Says once who keeps a generation from being unloaded, when that takes a while.
    fn tell_held(&mut self, cx: &mut Context, retiring: &Retiring) {
        let core = Arc::clone(&self.core);
        let (Some(gate), Some(resident)) = (core.gate(), retiring.resident()) else { return };
        let waits = resident.replaced().is_some_and(|at| at.elapsed() >= PATIENCE);
        if waits && retiring.is_unloaded() && resident.tell_once() {
            let outcome = Retirement::Retained { by: holders(resident, Some(gate)) };
            cx.tell(&core.name, EventKind::Retired { generation: retiring.number, outcome });
        }
    }

    /// What becomes of a generation that nobody owns any more.
    pub(super) fn heard(&mut self, cx: &mut Context, resident: &Arc<Resident>, news: UnloadEvent) {
        let core = Arc::clone(&self.core);
        let (outcome, is_gone) = match news {
            UnloadEvent::Draining => {
                cx.steps.renew();
                return;
            }
            // Told before, or never in use.
            UnloadEvent::Retained(_) => return,
            UnloadEvent::Held(by) if resident.tell_once() => (Retirement::Retained { by }, false),
            UnloadEvent::Held(_) => return,
            UnloadEvent::Slow(by) => {
                let (slot, generation) = (&*core.name, resident.number);
                let holders: Vec<_> = by.iter().map(ToString::to_string).collect();
                tracing::warn!(
                    slot,
                    generation,
                    module = %resident.release.module,
                    version = %resident.release.version,
                    "destructors of thread-locals take long: {}",
                    holders.join("; ")
                );
                (Retirement::Retained { by }, false)
            }
            UnloadEvent::Stuck(holder) => (Retirement::Retained { by: vec![holder] }, false),
            UnloadEvent::Unloaded => (Retirement::Unloaded, true),
        };
        if resident.has_served() {
            let generation = resident.number;
            cx.tell(&core.name, EventKind::Retired { generation, outcome });
        }
        if is_gone
            && core.residents.count() + 1 == cx.shared.config.generation_cap
            && let Some(path) = self.candidates.retry.clone()
        {
            // There was no room for it.
            self.try_again(cx, path);
        }
    }
}
