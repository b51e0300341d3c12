//! Calls that have panicked: they are told, and where the policy says so another instance is made.

use std::{sync::Arc, time::Instant};

use super::{context::Context, slot::SlotSupervisor};
use crate::{
    event::{EventKind, Exit, Panicked, Restarted},
    instance::{Generation, Panics},
};

impl SlotSupervisor {
    /// A call has panicked, the first one or the first one after a while.
    pub(super) fn panicked(&mut self, cx: &mut Context, generation: u64) {
        if let Some(rollout) = self.serving.rollout()
            && rollout.canary.generation.code().generation == generation
        {
            let canary = Arc::clone(&rollout.canary.generation);
            return self.canary_panicked(cx, &canary);
        }
        // One that has been replaced is of no more interest than the error that its caller has got.
        if let Some(instance) = self.instance()
            && instance.code().generation == generation
        {
            self.tell_panics(cx, &instance);
        }
    }

    /// A call of the canary has panicked: whether it goes on is for its trial to say.
    fn canary_panicked(&mut self, cx: &mut Context, canary: &Generation) {
        // First of all: one that comes from now on rings again, those before are asked for here.
        canary.condition().rearm();
        let Panics { count, last } = canary.condition().panics();
        let Some(failure) = last else { return };
        if let Some(rollout) = self.serving.rollout_mut() {
            rollout.has_panicked(&failure);
        }
        let poisoned = canary.condition().is_poisoned();
        let generation = canary.code().generation;
        let panicked = Panicked { generation, count, failure, poisoned };
        cx.tell(&self.core.name, EventKind::Panicked(panicked));
        self.look_at_rollout(cx);
    }

    /// Looks once more at what has panicked before.
    pub(super) fn look_at_panics(&mut self, cx: &mut Context) {
        self.timers.panics.cancel(&());
        if let Some(instance) = self.instance()
            && instance.condition().rearm()
        {
            self.tell_panics(cx, &instance);
        }
    }

    fn tell_panics(&mut self, cx: &mut Context, instance: &Generation) {
        self.timers.panics.again((), Instant::now());
        let Panics { count, last } = instance.condition().panics();
        let Some(failure) = last else { return };
        let core = Arc::clone(&self.core);
        let (generation, poisoned) =
            (instance.code().generation, instance.condition().is_poisoned());
        if let Some(on_trial) = self.serving.on_trial_mut() {
            on_trial.has_panicked(&failure);
        }
        cx.tell(&core.name, EventKind::Panicked(Panicked { generation, count, failure, poisoned }));
        self.look_at_trial(cx);
        // It may have been rolled back.
        if self.instance().is_none_or(|now| !std::ptr::eq(&raw const *now, instance)) {
            return;
        }
        let policy = core.settings.panics;
        if let (true, Some((most, within))) = (poisoned, policy.restarts()) {
            if self.restarts.may(Instant::now(), most, within) {
                self.restart_or_again(cx);
            } else {
                let why = format!("it was restarted {most} times within {within:.0?}");
                self.not_restarted(cx, why, false);
            }
        }
    }

    /// Restarts an instance; one that callers do not leave is tried again.
    pub(super) fn restart_or_again(&mut self, cx: &mut Context) {
        // Something else may have taken its place meanwhile.
        let is_poisoned = self.instance().is_some_and(|it| it.condition().is_poisoned());
        if !is_poisoned {
            return self.timers.unstarted.cancel(&());
        }
        match self.restart(cx) {
            Ok(()) => self.timers.unstarted.cancel(&()),
            Err((why, Exit::Cancelled)) => {
                let again = self.timers.unstarted.again((), Instant::now());
                self.not_restarted(cx, why, matches!(again, hotswap_watch::Retry::At(_)));
            }
            Err((why, _)) => {
                self.timers.unstarted.cancel(&());
                self.not_restarted(cx, why, false);
            }
        }
    }

    /// Restarts the instance of a slot because somebody has asked for it.
    pub(super) fn restart_on_request(&mut self, cx: &mut Context) -> Result<(), String> {
        self.instance().ok_or("nothing serves yet")?;
        self.restart(cx).map_err(|(why, _)| why)
    }

    fn restart(&mut self, cx: &mut Context) -> Result<(), (String, Exit)> {
        let core = Arc::clone(&self.core);
        match cx.in_slot(&core, |it| it.restart()) {
            Ok(crate::upgrade::Restarted { generation, state, pause, restored }) => {
                // Those who were given up have stayed in the instance before.
                core.set_abandoned(false);
                let restarted = Restarted { generation, pause, state, restored };
                if let Some(instance) = self.instance() {
                    self.goes_on_with(&instance);
                }
                cx.tell(&core.name, EventKind::Restarted(restarted));
                Ok(())
            }
            Err(fault) => Err((fault.findings.join("; "), fault.exit)),
        }
    }

    fn not_restarted(&self, cx: &Context, why: String, again: bool) {
        let core = &self.core;
        let generation = core.serves().map_or(0, |serves| serves.code.generation);
        cx.tell(&core.name, EventKind::NotRestarted { generation, why, again });
    }
}
