//! Versions on trial: looked at now and then until they are committed or rolled back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_abi::__private::contained;
use hotswap_types::{ModuleVersion, Phase};

use super::{
    context::Context,
    on_trial::{BETWEEN, OnTrial},
    rollout::Rollout,
    slot::SlotSupervisor,
    slot_event::{SlotEvent, build_of},
    state::Serving,
    table::{Action, Input},
};
use crate::{
    config::Health,
    event::{self, EventKind, Exit, Refusal},
    instance::{Generation, Stage, StepError},
    report::{StepEnd, WayBackTaken},
    slot,
    upgrade::{Fault, HandoverExtent, NotRolledBack, Retiring, RolledBack, Verdict, Why, verify},
};

impl SlotSupervisor {
    /// Begins the trial of what serves, where there is a version to go back to and the slot has
    /// trials; returns what the status says of it.
    pub(super) fn begin_trial(&mut self, previous: &mut Option<Retiring>) -> Option<slot::OnTrial> {
        (self.serving, self.measured_until) = (Serving::Stable, None);
        let instance = self.instance()?;
        let trial = self.core.settings.trial.clone()?;
        let watch = instance.condition().watched()?;
        let Some(previous) = previous.take() else {
            // Its calls are measured for the trial of the next one.
            match trial.slower {
                Some(_) => self.measured_until = Instant::now().checked_add(trial.time),
                None => instance.condition().unwatch(),
            }
            return None;
        };
        previous.is_kept_ready();
        let version = previous.generation().code().manifest.version.clone();
        let serving = event::Serving { version, generation: previous.number };
        let on_trial = slot::OnTrial { watch: Arc::clone(&watch), previous: serving };
        self.serving = Serving::OnTrial(Box::new(OnTrial::begin(trial, watch, previous)));
        Some(on_trial)
    }

    /// The calls of a first version were measured for long enough.
    fn is_measured(&mut self) {
        self.measured_until = None;
        if let Some(instance) = self.instance() {
            instance.condition().unwatch();
        }
        self.candidates.look_at_deferred();
    }

    /// Does what is due by now.
    pub(super) fn look(&mut self, cx: &mut Context, now: Instant) {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.serving.on_trial().map(|on_trial| on_trial.next_look)) {
            self.look_at_trial(cx);
        }
        if is_due(self.serving.rollout().map(|rollout| rollout.next_look)) {
            self.look_at_rollout(cx);
        }
        if is_due(self.measured_until) {
            self.is_measured();
        }
        if is_due(self.next_backup) {
            self.back_up_at_interval(cx);
        }
        if is_due(self.candidates.progress.expires()) {
            self.expire(cx);
        }
        for number in self.timers.leaving.due(now) {
            self.retire(cx, number);
        }
        if !self.timers.unwatched.due(now).is_empty() {
            self.watch(cx);
        }
        if !self.timers.panics.due(now).is_empty() {
            self.look_at_panics(cx);
        }
        if !self.timers.unstarted.due(now).is_empty() {
            self.restart_or_again(cx);
        }
    }

    /// Judges what is on trial, if something is.
    pub(super) fn look_at_trial(&mut self, cx: &mut Context) {
        let Some(on_trial) = self.serving.on_trial() else { return };
        let health = on_trial.trial.health.clone();
        let verdict = match on_trial.verdict(Instant::now()) {
            verdict @ (Verdict::Wait | Verdict::Commit(_)) => {
                let found = health.map_or(Ok(()), |health| self.ask(cx, &health));
                found.err().map_or(verdict, Verdict::RollBack)
            }
            verdict @ Verdict::RollBack(_) => verdict,
        };
        let verdict = match verdict {
            Verdict::Commit(_) => self.verify(cx).err().map_or(verdict, Verdict::RollBack),
            verdict => verdict,
        };
        match verdict {
            Verdict::Wait => {
                if let Some(on_trial) = self.serving.on_trial_mut() {
                    on_trial.goes_on();
                }
            }
            Verdict::Commit(why) => {
                if let Some(on_trial) = self.serving.take_trial() {
                    self.commit(cx, *on_trial, why);
                }
            }
            Verdict::RollBack(why) => {
                // Why it is not was told.
                let _ = self.roll_back(cx, why);
            }
        }
    }

    /// Asks for the host's own judgement.
    pub(super) fn ask(&mut self, cx: &mut Context, health: &Health) -> Result<(), Why> {
        let deadline = Instant::now() + self.longest();
        let health = Arc::clone(health);
        let answer = cx.steps.run(deadline, move || {
            let asked = slot::in_callback(|| contained(|| health()));
            asked.unwrap_or_else(|| Err("it panicked".to_owned()))
        });
        match answer {
            Ok(Ok(())) => Ok(()),
            Ok(Err(finding)) => Err(Why::new(format!("health  {finding}"))),
            Err(undone) => {
                let finding = format!("health  {}", StepError::from(undone));
                Err(Why { finding, hangs: true })
            }
        }
    }

    /// Asks for the module's own judgement.
    pub(super) fn verify(&mut self, cx: &mut Context) -> Result<(), Why> {
        let Some(gate) = self.core.gate().cloned() else { return Ok(()) };
        let longest = self.longest();
        let asked = cx.steps.run(Instant::now() + longest, move || verify(&gate, longest));
        match asked.map_err(StepError::from).flatten() {
            Ok(()) => Ok(()),
            Err(error @ StepError::Hung { .. }) => {
                Err(Why { finding: format!("verify  {error}"), hangs: true })
            }
            Err(error) => Err(Why::new(format!("verify  {error}"))),
        }
    }

    fn longest(&self) -> Duration {
        let on_trial = self.serving.on_trial().map(|on_trial| on_trial.trial.longest);
        on_trial.or_else(|| self.serving.rollout().map(Rollout::longest)).unwrap_or(BETWEEN)
    }

    /// What is on trial is the stable version from now on, or why not; `None` if nothing is.
    pub(super) fn commit_on_request(
        &mut self,
        cx: &mut Context,
        why: String,
    ) -> Option<Result<(), Vec<String>>> {
        (self.on(Input::Judged) == Action::Judge).then(|| match self.serving.take_trial() {
            Some(on_trial) => {
                self.commit(cx, *on_trial, why);
                Ok(())
            }
            None => self.promote_all(cx, StepEnd::Promoted, why),
        })
    }

    fn commit(&mut self, cx: &mut Context, on_trial: OnTrial, why: String) {
        if let Some(instance) = self.instance() {
            instance.condition().unwatch();
        }
        let code = self.core.serves().expect("what was on trial serves").code;
        self.back_up_committed(cx, &code);
        let (figures, code_of) = (on_trial.so_far(), Arc::clone(&code));
        let asked = self.asked_for(&code);
        self.emit(cx, SlotEvent::Committed { code: code_of, figures, why, asked });
        cx.tidy_journal();
        on_trial.previous.is_let_go();
        self.retire_now(cx, on_trial.previous);
        self.reverted(cx, &code);
        self.candidates.look_at_deferred();
    }

    /// The same on request; `None` if nothing is on trial.
    pub(super) fn roll_back_on_request(
        &mut self,
        cx: &mut Context,
        why: Why,
    ) -> Option<Result<(), Vec<String>>> {
        (self.on(Input::Judged) == Action::Judge).then(|| self.roll_back(cx, why))
    }

    /// The version before serves again; or why it does not.
    pub(super) fn roll_back(&mut self, cx: &mut Context, why: Why) -> Result<(), Vec<String>> {
        let Some(mut on_trial) = self.serving.take_trial() else { return self.abort(cx, why) };
        let core = Arc::clone(&self.core);
        let patient = on_trial.is_patient(&why);
        let candidate = core.serves().expect("what is on trial serves").code;
        let is_first = on_trial.tries() == 0;
        let build = build_of(&candidate).filter(|_| is_first);
        let (figures, finding) = (on_trial.so_far(), why.finding.clone());
        self.emit(cx, SlotEvent::RollsBack { build, figures, why: finding });
        let previous = on_trial.previous;
        let rolled_back = cx.in_slot(&core, |it| it.roll_back(previous, patient));
        let mut findings = vec![why.finding.clone()];
        findings.extend(on_trial.panicked.clone());
        let (exit, state, retiring, result) = match rolled_back {
            Ok(RolledBack { code, state, pause, candidate }) => {
                self.rolled_back = Some(Instant::now());
                if let Some(resident) = code.resident() {
                    resident.set_stage(Stage::Serves);
                }
                if let Some(pause) = pause {
                    tracing::info!(slot = &*core.name, ?pause, "rolled back");
                }
                let text = state.to_string();
                let back = WayBackTaken { state, pause };
                self.emit(cx, SlotEvent::CameBack { code, back });
                cx.tell_carried(&core);
                (Exit::RolledBack, text, candidate, Ok(()))
            }
            Err(NotRolledBack { why: stuck, previous, again: true }) => {
                let generation = candidate.generation;
                let why_not = stuck.clone();
                cx.tell(&core.name, EventKind::RollbackWaits { generation, why: why_not });
                on_trial.previous = previous;
                on_trial.not_left(why);
                self.serving = Serving::OnTrial(on_trial);
                return Err(stuck);
            }
            Err(NotRolledBack { why: stuck, previous, again: false }) => {
                let why = format!("{}; not rolled back: {}", why.finding, stuck.join("; "));
                self.emit(cx, SlotEvent::Degraded { why });
                findings.extend(stuck.iter().cloned());
                previous.is_let_go();
                (Exit::Degraded, "state untouched".to_owned(), previous, Err(stuck))
            }
        };
        if let Some(instance) = self.instance() {
            instance.condition().unwatch();
        }
        let advice = match exit {
            Exit::RolledBack => {
                if let Some(health) = &on_trial.trial.health
                    && let Err(again) = self.ask(cx, health)
                {
                    findings.push(format!("after the rollback: {}", again.finding));
                }
                "mend it, and build it again; tried again when the file changes or is cleared"
            }
            _ => "put a build there that works, or restart the host",
        };
        let fault = Fault::as_advised(Phase::Trial, exit, findings, advice);
        let module = Some(ModuleVersion::from(&*candidate.manifest));
        let refusal = Refusal { state, ..self.refusal(candidate.artifact, module, fault) };
        drop(candidate);
        self.quarantine(cx, refusal);
        self.retire_now(cx, retiring);
        self.candidates.look_at_deferred();
        result
    }

    /// What is not committed when the host ends is undone: the version before gets the state, which is
    /// kept for the next start, as far as it can go back.
    pub(super) fn undo_trial(&mut self, cx: &mut Context) {
        self.undo_rollout(cx);
        // Where no state went over, there is nothing to bring back.
        let moved =
            self.serving.on_trial().is_some_and(|it| it.previous.left() == HandoverExtent::All);
        let Some(mut on_trial) = self.serving.take_trial() else { return };
        let core = Arc::clone(&self.core);
        let Some(serves) = core.serves().filter(|_| moved) else {
            self.serving = Serving::OnTrial(on_trial);
            return;
        };
        // Where it cannot go back, it is on disk.
        self.back_up_last(cx);
        let previous = on_trial.previous;
        match cx.in_slot(&core, |it| it.roll_back(previous, true)) {
            Ok(RolledBack { code, state, pause, candidate }) => {
                let why = format!("the host has ended within its trial; {state}");
                let back = WayBackTaken { state, pause };
                self.emit(cx, SlotEvent::CameBack { code, back });
                if let Some(build) = build_of(&serves.code) {
                    let artifact = build.artifact;
                    self.emit(cx, SlotEvent::Undone { build, why: why.clone() });
                    self.emit(cx, SlotEvent::CalledOff { artifact, why });
                }
                self.retiring.push(candidate);
            }
            Err(NotRolledBack { previous, .. }) => {
                on_trial.previous = previous;
                self.serving = Serving::OnTrial(on_trial);
            }
        }
    }

    /// Has what was kept ready stopped with all the rest.
    pub(super) fn end_trial(&mut self, cx: &mut Context) {
        self.undo_rollout(cx);
        if let Some(on_trial) = self.serving.take_trial() {
            let previous = on_trial.previous;
            self.emit(cx, SlotEvent::TrialOver);
            previous.is_let_go();
            self.retiring.push(previous);
        }
    }

    /// Another instance of the same code serves.
    pub(super) fn goes_on_with(&self, instance: &Generation) {
        // It counts where the one before it did: calls that are late there are of this version, too.
        if let Some(rollout) = self.serving.rollout() {
            instance.condition().watch(Arc::clone(&rollout.stable));
        } else if self.serving.on_trial().is_none() && self.measured_until.is_none() {
            instance.condition().unwatch();
        }
    }
}
