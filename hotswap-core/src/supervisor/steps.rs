//! Versions that serve beside the stable one: looked at now and then, given more calls step by step,
//! and promoted or rolled back.
//!
//! All that this changes for callers is one store in the gate: they wait for nothing.

use std::{sync::Arc, time::Instant};

use hotswap_gate::{CanaryError, Gate, Guarded as _, Weight};
use hotswap_types::{ArtifactHash, ModuleVersion, Phase, StateNote};

use super::{
    candidate::Candidate,
    context::Context,
    rollout::{Rollout, Turn, watches},
    slot::SlotSupervisor,
    slot_event::{Promoted, SlotEvent, build_of},
    state::Serving,
};
use crate::{
    artifact::StateFate,
    event::{Exit, Refusal},
    instance::{Generation, Stage},
    report::StepEnd,
    slot::OnRollout,
    upgrade::{Applied, Canary, Fault, Prepared, Retiring, Unapplied, Why},
};

impl SlotSupervisor {
    /// Whether a candidate is to serve beside the stable version first.
    ///
    /// A slot with `&mut self` methods, or without a trial, never has a canary: it is not opened with a
    /// strategy of its own that begins one (`host::interface`), and no upgrade of it is given one
    /// (`SlotCore::unfit`). Nothing else of a slot is decided by its own strategy: each gate can carry a
    /// canary at any time, and callers choose between two versions as soon as there are two.
    pub(super) fn begins_as_canary(&self, candidate: &Candidate, prepared: &Prepared) -> bool {
        let strategy = candidate.strategy();
        debug_assert_eq!(self.core.unfit(strategy), None, "it is asked where a strategy is given");
        let gate = self.core.gate().filter(|_| strategy.is_side_by_side());
        gate.is_some_and(|gate| prepared.fits_as_canary(gate))
    }

    /// A candidate begins to get calls, beside the stable version.
    pub(super) fn begin_rollout(
        &mut self,
        cx: &mut Context,
        prepared: Prepared,
        candidate: &Candidate,
    ) -> Result<(), Unapplied> {
        let core = Arc::clone(&self.core);
        let (strategy, trial) = (candidate.strategy().clone(), core.settings.trial.clone());
        let (trial, gate) = (
            trial.expect("no strategy without a trial has steps"),
            core.gate().expect("it serves"),
        );
        let weight = weight_of(strategy.steps()[0]);
        let (watch, stable) = watches();
        let (watched, instance) = (Arc::clone(&watch), gate.current().1);
        instance.condition().watch(Arc::clone(&stable));
        self.measured_until = None;
        let begun = cx.upgrade(candidate, |it| it.begin_canary(gate, prepared, weight, watched));
        let canary = begun.inspect_err(|_| instance.condition().unwatch())?;
        if let Some(resident) = canary.generation.code().resident() {
            resident.set_stage(Stage::Serves);
        }
        let begun = (candidate.begun, candidate.trigger);
        let rollout = Rollout::begin(canary, trial, strategy, (watch, stable), begun);
        let code = Arc::clone(rollout.canary.generation.code());
        self.emit(cx, SlotEvent::CanaryBegan { code, rollout: rollout.shown() });
        self.serving = Serving::RollingOut(Box::new(rollout));
        Ok(())
    }

    /// Judges what serves beside the stable version, if something does.
    pub(super) fn look_at_rollout(&mut self, cx: &mut Context) {
        let Some(rollout) = self.serving.rollout() else { return };
        let health = rollout.trial.health.clone();
        let turn = match rollout.turn(Instant::now()) {
            turn @ Turn::RollBack(_) => turn,
            turn => match health.map_or(Ok(()), |health| self.ask(cx, &health)) {
                Ok(()) => turn,
                Err(why) => Turn::RollBack(why),
            },
        };
        match turn {
            Turn::Wait => self.rollout_goes_on(),
            Turn::Next(why) => self.next_step(cx, StepEnd::Successful, why),
            Turn::Promote(why) => {
                // Why it is not was told.
                let _ = self.promote_all(cx, StepEnd::Successful, why);
            }
            Turn::Ask(open) => {
                let Some(rollout) = self.serving.rollout_mut() else { return };
                rollout.waits(open.clone());
                self.rollout_goes_on();
                self.emit_step(cx, |rollout, artifact| SlotEvent::StepWaits {
                    artifact,
                    rollout,
                    open,
                });
            }
            Turn::RollBack(why) => {
                // As above.
                let _ = self.abort(cx, why);
            }
        }
    }

    fn rollout_goes_on(&mut self) {
        if let Some(rollout) = self.serving.rollout_mut() {
            rollout.goes_on();
        }
    }

    fn emit_step(&self, cx: &Context, event: impl FnOnce(OnRollout, ArtifactHash) -> SlotEvent) {
        if let Some(rollout) = self.serving.rollout()
            && let Some(artifact) = rollout.artifact()
        {
            self.emit(cx, event(rollout.shown(), artifact));
        }
    }

    fn emit_step_over(&self, cx: &Context, rollout: &Rollout, end: StepEnd, why: &str) {
        self.emit(cx, SlotEvent::StepOver(Box::new(rollout.step_report(end, why))));
    }

    /// It gets the share of the next step.
    fn next_step(&mut self, cx: &mut Context, end: StepEnd, why: String) {
        let Some(rollout) = self.serving.rollout() else { return };
        self.emit_step_over(cx, rollout, end, &why);
        let Some(rollout) = self.serving.rollout_mut() else { return };
        rollout.next_step();
        let (weight, gate) = (weight_of(rollout.weight()), self.core.gate());
        // Fails only where nothing serves beside the stable version.
        let _ = gate.map(|gate| gate.set_weight(weight));
        self.emit_step(cx, |rollout, artifact| SlotEvent::Step { artifact, rollout, why });
    }

    /// Somebody ends a step: the next one begins, or it serves all calls. `None` without a canary.
    pub(super) fn promote(
        &mut self,
        cx: &mut Context,
        why: String,
    ) -> Option<Result<(), Vec<String>>> {
        let rollout = self.serving.rollout()?;
        Some(if rollout.is_last() {
            self.promote_all(cx, StepEnd::Promoted, why)
        } else {
            self.next_step(cx, StepEnd::Promoted, why);
            Ok(())
        })
    }

    /// It serves all calls from now on, for good; or why it does not.
    pub(super) fn promote_all(
        &mut self,
        cx: &mut Context,
        end: StepEnd,
        why: String,
    ) -> Result<(), Vec<String>> {
        if let Err(why) = self.verify(cx) {
            let finding = why.finding.clone();
            self.abort(cx, why)?;
            return Err(vec![finding, "it was rolled back".to_owned()]);
        }
        let (rollout, stable) = self.settle(Canary::promote)?;
        self.emit_step_over(cx, &rollout, end, &why);
        let Rollout { begun, trigger, .. } = rollout;
        let generation = Arc::clone(&rollout.canary.generation);
        let figures = rollout.so_far();
        let applied = Applied {
            code: Arc::clone(generation.code()),
            state: StateNote::None,
            pause: None,
            restored: None,
            old: Some(stable),
        };
        self.live(cx, applied, begun, trigger, Some(Promoted { figures, why }));
        self.candidates.look_at_deferred();
        Ok(())
    }

    /// It gets no more calls; or why it still does.
    pub(super) fn abort(&mut self, cx: &mut Context, why: Why) -> Result<(), Vec<String>> {
        // First of all for callers.
        let (rollout, canary) = self.settle(Canary::abort)?;
        let code = Arc::clone(rollout.canary.generation.code());
        self.rolled_back = Some(Instant::now());
        if why.hangs {
            canary.generation().exclusion().abandon();
        }
        self.emit_step_over(cx, &rollout, StepEnd::RolledBack, &why.finding);
        let (build, figures, finding) = (build_of(&code), rollout.so_far(), why.finding.clone());
        self.emit(cx, SlotEvent::RollsBack { build, figures, why: finding });
        self.emit(cx, SlotEvent::CanaryOver);
        let mut findings = vec![why.finding];
        findings.extend(rollout.panicked.clone());
        if let Some(health) = &rollout.trial.health
            && let Err(again) = self.ask(cx, health)
        {
            findings.push(format!("after the rollback: {}", again.finding));
        }
        let advice = "mend it, and build it again; tried again when the file changes or is cleared";
        let fault = Fault::as_advised(Phase::Trial, Exit::RolledBack, findings, advice);
        let module = Some(ModuleVersion::from(&*code.manifest));
        let state = StateFate::None.to_string();
        let refusal = Refusal { state, ..self.refusal(code.artifact, module, fault) };
        drop((code, rollout));
        self.quarantine(cx, refusal);
        self.retire_now(cx, canary);
        self.candidates.look_at_deferred();
        Ok(())
    }

    /// The host ends: what serves beside the stable version was never committed.
    pub(super) fn undo_rollout(&mut self, cx: &mut Context) {
        if self.serving.rollout().is_none() {
            return;
        }
        let Ok((rollout, canary)) = self.settle(Canary::abort) else { return };
        let why = "the host has ended within its trial".to_owned();
        self.emit_step_over(cx, &rollout, StepEnd::CalledOff, &why);
        if let Some(build) = build_of(rollout.canary.generation.code()) {
            let artifact = build.artifact;
            self.emit(cx, SlotEvent::Undone { build, why: why.clone() });
            self.emit(cx, SlotEvent::CalledOff { artifact, why });
        }
        self.emit(cx, SlotEvent::CanaryOver);
        self.retiring.push(canary);
    }

    /// Has one of the two serve all calls; returns the other. Where the gate is closed it is done at the
    /// next look.
    fn settle(
        &mut self,
        on: impl FnOnce(&Canary, &Gate<Generation>) -> Result<Retiring, CanaryError>,
    ) -> Result<(Rollout, Retiring), Vec<String>> {
        let rollout = self.serving.take_rollout();
        let rollout = rollout.ok_or_else(|| vec![CanaryError::Inactive.to_string()])?;
        let gate = self.core.gate().expect("a version serves");
        let other = match on(&rollout.canary, gate) {
            Ok(other) => other,
            Err(error) => {
                self.serving = Serving::RollingOut(rollout);
                self.rollout_goes_on();
                return Err(vec![error.to_string(), "tried again by itself".to_owned()]);
            }
        };
        rollout.canary.generation.condition().unwatch();
        other.generation().condition().unwatch();
        if let Some(stable) = self.instance() {
            stable.condition().unwatch();
        }
        Ok((*rollout, other))
    }
}

/// A share of the calls, as the gate has it; those of a strategy were looked at where it was given.
fn weight_of(share: f64) -> Weight {
    Weight::from_share(share).unwrap_or_default()
}
