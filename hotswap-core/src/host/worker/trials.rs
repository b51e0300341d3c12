//! Versions on trial: looked at now and then until they are committed or rolled back.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_abi::{__private::contained, Failure};
use hotswap_types::{ModuleVersion, Phase};
use hotswap_watch::Hint;

use super::{
    Way, Worker,
    journaling::build_of,
    outcome::{Identity, refusal},
};
use crate::{
    config::{Health, Trial},
    event::{EventKind, Exit, Refusal, Serving},
    instance::{Figures, Generation, Latency, Stage, StepError, Watch},
    journal::{What, text},
    report::{TrialFigures, WayBackTaken},
    slot,
    upgrade::{
        Fault, Left, NotRolledBack, Retiring, RolledBack, Upgrade, Verdict, Why, judge, verify,
    },
};

/// How often callers are waited for that do not leave a version that is to be rolled back.
const PATIENT_TRIES: u32 = 3;
/// Between these tries.
const BETWEEN: Duration = Duration::from_secs(1);

/// A version on trial.
pub(super) struct OnTrial {
    trial: Trial,
    begun: Instant,
    watch: Arc<Watch>,
    /// What the last panic of a call has said, and where.
    panicked: Option<String>,
    /// What calls took in the version before.
    before: Option<Latency>,
    /// `None` for a first version, which is only watched.
    previous: Option<Retiring>,
    /// It is to be rolled back, and callers do not leave it.
    wrong: Option<(Why, u32)>,
    next_look: Instant,
}

impl OnTrial {
    pub(super) const fn next_look(&self) -> Instant {
        self.next_look
    }

    /// Whether a version is kept ready.
    pub(super) const fn has_way_back(&self) -> bool {
        self.previous.is_some()
    }

    pub(super) fn has_panicked(&mut self, failure: &Failure) {
        let Failure { method, message, place, .. } = failure;
        self.panicked = Some(format!("last panic  {method}: {message} at {place}"));
    }

    /// What its calls have come to.
    fn so_far(&self) -> TrialFigures {
        let Figures { latency, panics, failures, longest_inside: _ } = self.watch.figures();
        TrialFigures {
            calls: latency.calls(),
            panics,
            failures,
            median: latency.quantile(0.5),
            percentile_99: latency.quantile(0.99),
        }
    }

    fn verdict(&self, now: Instant) -> Verdict {
        let figures = self.watch.figures();
        if let Some((why, _)) = &self.wrong {
            return Verdict::RollBack(why.clone());
        }
        if self.previous.is_none() {
            let is_over = now.duration_since(self.begun) >= self.trial.time;
            return if is_over { Verdict::Commit(String::new()) } else { Verdict::Wait };
        }
        judge(&self.trial, self.begun, now, &figures, self.before.as_ref())
    }
}

impl Worker {
    /// A version begins to serve: on trial, if its slot has one.
    pub(super) fn begin_trial(&mut self, index: usize, previous: Option<Retiring>) {
        let core = Arc::clone(&self.slots[index].core);
        let Some(instance) = self.instance(index) else { return };
        let trial = self.shared.config.trial_of(&core.name).cloned();
        let watched = instance.condition().watched().cloned();
        let (Some(trial), Some(watch)) = (trial, watched) else { return };
        if previous.is_none() && trial.slower.is_none() {
            return instance.condition().unwatch();
        }
        let before = previous.as_ref().and_then(|previous| {
            let watch = previous.generation().condition().was_watched()?;
            Some(watch.figures().latency)
        });
        if let Some(previous) = &previous {
            previous.is_kept_ready();
            let manifest = &previous.generation().code().manifest;
            let serving =
                Serving { version: manifest.version.clone(), generation: previous.number };
            let watch = Arc::clone(&watch);
            core.set_on_trial(Some(slot::OnTrial { watch, previous: serving }));
        }
        let begun = Instant::now();
        let next_look = begun + trial.interval();
        let (wrong, panicked) = (None, None);
        self.slots[index].trial =
            Some(OnTrial { trial, begun, watch, panicked, before, previous, wrong, next_look });
    }

    /// Judges what is on trial, if something is.
    pub(super) fn look_at_trial(&mut self, index: usize) {
        let Some(on_trial) = &self.slots[index].trial else { return };
        let verdict = on_trial.verdict(Instant::now());
        let asks = on_trial.previous.is_some();
        let health = on_trial.trial.health.clone().filter(|_| asks);
        let verdict = match verdict {
            Verdict::Wait | Verdict::Commit(_) if health.is_some() => {
                let found = health.map_or(Ok(()), |health| self.ask(index, &health));
                found.err().map_or(verdict, Verdict::RollBack)
            }
            verdict => verdict,
        };
        let verdict = match verdict {
            Verdict::Commit(_) if asks => {
                self.verify(index).err().map_or(verdict, Verdict::RollBack)
            }
            verdict => verdict,
        };
        match verdict {
            Verdict::Wait => {
                if let Some(on_trial) = &mut self.slots[index].trial {
                    on_trial.next_look = Instant::now() + on_trial.trial.interval();
                }
            }
            Verdict::Commit(why) => self.commit(index, why),
            Verdict::RollBack(why) => {
                // Why it is not was told.
                let _ = self.roll_back(index, why);
            }
        }
    }

    /// Asks for the host's own judgement.
    fn ask(&mut self, index: usize, health: &Health) -> Result<(), Why> {
        let deadline = Instant::now() + self.longest(index);
        let health = Arc::clone(health);
        let answer = self.steps.run(deadline, move || {
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
    fn verify(&mut self, index: usize) -> Result<(), Why> {
        let Some(gate) = self.slots[index].core.gate().cloned() else { return Ok(()) };
        let longest = self.longest(index);
        let asked = self.steps.run(Instant::now() + longest, move || verify(&gate, longest));
        match asked.map_err(StepError::from).flatten() {
            Ok(()) => Ok(()),
            Err(error @ StepError::Hung { .. }) => {
                Err(Why { finding: format!("verify  {error}"), hangs: true })
            }
            Err(error) => Err(Why::new(format!("verify  {error}"))),
        }
    }

    fn longest(&self, index: usize) -> Duration {
        self.slots[index].trial.as_ref().map_or(BETWEEN, |on_trial| on_trial.trial.longest)
    }

    /// What serves is the stable version from now on.
    pub(super) fn commit(&mut self, index: usize, why: String) {
        let Some(on_trial) = self.slots[index].trial.take() else { return };
        let core = Arc::clone(&self.slots[index].core);
        self.shared.drafts(&core.name, |drafts| drafts.judged(on_trial.so_far()));
        if let Some(instance) = self.instance(index) {
            instance.condition().unwatch();
        }
        if let (Some(previous), Some(serves)) = (on_trial.previous, core.serves()) {
            core.set_on_trial(None);
            let (code, phase) = (serves.code, Phase::Committed);
            self.committed(index, &code, Way::Found, &why);
            let raised = self.floor_raised(&code);
            if let Some(artifact) = code.artifact {
                self.tell(&core.name, EventKind::Phase { artifact, phase });
            }
            let manifest = &code.manifest;
            let (module, version) = (manifest.module.clone(), manifest.version.clone());
            let generation = code.generation;
            self.tell(&core.name, EventKind::Committed { generation, module, version, why });
            self.tell_floor(&core, raised);
            previous.is_let_go();
            self.retire_now(index, previous);
            self.reverted(index, &code);
        }
        self.look_at_held(index);
    }

    /// The version before serves again; or why it does not.
    pub(super) fn roll_back(&mut self, index: usize, why: Why) -> Result<(), Vec<String>> {
        let Some(mut on_trial) = self.slots[index].trial.take() else { return Ok(()) };
        let Some(previous) = on_trial.previous.take() else { return Ok(()) };
        let core = Arc::clone(&self.slots[index].core);
        let tries = on_trial.wrong.as_ref().map_or(0, |(_, tries)| *tries);
        let patient = !why.hangs && tries < PATIENT_TRIES;
        let candidate = core.serves().expect("what is on trial serves").code;
        self.shared.drafts(&core.name, |drafts| drafts.judged(on_trial.so_far()));
        if let (Some(build), 0) = (build_of(&candidate), tries) {
            self.has(index, What::RolledBack { build, why: text(&why.finding) });
        }
        let mut upgrade = Upgrade {
            slot: &core,
            config: &self.shared.config,
            steps: &mut self.steps,
            reached: &mut |_| {},
        };
        let rolled_back = upgrade.roll_back(previous, patient);
        let mut findings = vec![why.finding.clone()];
        findings.extend(on_trial.panicked.clone());
        let (exit, state, retiring, result) = match rolled_back {
            Ok(RolledBack { code, state, pause, candidate }) => {
                core.set_live(&code);
                self.slots[index].rolled_back = Some(Instant::now());
                if let Some(resident) = code.resident() {
                    resident.set_stage(Stage::Serves);
                }
                if let Some(pause) = pause {
                    tracing::info!(slot = &*core.name, ?pause, "rolled back");
                }
                let text = state.to_string();
                self.shared.came_back(&core.name, WayBackTaken { state, pause });
                self.tell_carried(&core);
                (Exit::RolledBack, text, candidate, Ok(()))
            }
            Err(NotRolledBack { why: stuck, previous, again: true }) => {
                let generation = candidate.generation;
                let why_not = stuck.clone();
                self.tell(&core.name, EventKind::RollbackWaits { generation, why: why_not });
                on_trial.wrong = Some((why, tries + 1));
                on_trial.next_look = Instant::now() + BETWEEN;
                on_trial.previous = Some(previous);
                self.slots[index].trial = Some(on_trial);
                return Err(stuck);
            }
            Err(NotRolledBack { why: stuck, previous, again: false }) => {
                core.set_degraded(format!(
                    "{}; not rolled back: {}",
                    why.finding,
                    stuck.join("; ")
                ));
                findings.extend(stuck.iter().cloned());
                previous.is_let_go();
                (Exit::Degraded, "state untouched".to_owned(), previous, Err(stuck))
            }
        };
        core.set_on_trial(None);
        if let Some(instance) = self.instance(index) {
            instance.condition().unwatch();
        }
        let advice = match exit {
            Exit::RolledBack => {
                if let Some(health) = &on_trial.trial.health
                    && let Err(again) = self.ask(index, health)
                {
                    findings.push(format!("after the rollback: {}", again.finding));
                }
                "mend it, and build it again; tried again when the file changes or is cleared"
            }
            _ => "put a build there that works, or restart the host",
        };
        let of = Identity {
            path: Path::new(&core.source),
            artifact: candidate.artifact,
            module: Some(ModuleVersion::from(&*candidate.manifest)),
        };
        let advice = advice.to_owned();
        let fault = Fault { phase: Phase::Trial, exit, findings, advice, again: false };
        let refusal = Refusal { state, ..refusal(&core, of, fault) };
        drop(candidate);
        self.quarantine(index, refusal);
        self.retire_now(index, retiring);
        self.look_at_held(index);
        result
    }

    /// What is not committed when the host ends is undone: the version before gets the state, which is
    /// kept for the next start, as far as it can go back.
    pub(super) fn undo_trial(&mut self, index: usize) {
        let core = Arc::clone(&self.slots[index].core);
        let previous = self.slots[index].trial.as_mut().and_then(|it| {
            // Where no state went over, there is nothing to bring back.
            it.previous.take_if(|previous| previous.left() == Left::All)
        });
        let (Some(previous), Some(serves)) = (previous, core.serves()) else { return };
        // Where it cannot go back, it is on disk.
        self.back_up_last(index);
        let mut upgrade = Upgrade {
            slot: &core,
            config: &self.shared.config,
            steps: &mut self.steps,
            reached: &mut |_| {},
        };
        match upgrade.roll_back(previous, true) {
            Ok(RolledBack { code, state, pause, candidate }) => {
                core.set_live(&code);
                let why = format!("the host has ended within its trial; {state}");
                self.undone(index, &serves.code, &why);
                self.shared.came_back(&core.name, WayBackTaken { state, pause });
                if let Some(artifact) = serves.code.artifact {
                    self.called_off(index, artifact, &why);
                }
                let slot = &mut self.slots[index];
                slot.core.set_on_trial(None);
                slot.trial = None;
                slot.retiring.push(candidate);
            }
            Err(NotRolledBack { previous, .. }) => {
                if let Some(on_trial) = &mut self.slots[index].trial {
                    on_trial.previous = Some(previous);
                }
            }
        }
    }

    /// Has what was kept ready stopped with all the rest.
    pub(super) fn end_trial(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if let Some(previous) = slot.trial.take().and_then(|on_trial| on_trial.previous) {
            slot.core.set_on_trial(None);
            previous.is_let_go();
            slot.retiring.push(previous);
        }
    }

    /// Another instance of the same code is on trial.
    pub(super) fn goes_on_with(&mut self, index: usize, instance: &Generation) {
        // It counts where the one before it did: calls that are late there are of this version, too.
        if self.slots[index].trial.is_none() {
            instance.condition().unwatch();
        }
    }

    /// What has appeared meanwhile is looked at now.
    pub(super) fn look_at_held(&mut self, index: usize) {
        for path in self.slots[index].core.held.take() {
            self.paths.appeared((index, path), Hint::Ready, Instant::now());
        }
    }

    pub(super) fn commit_by_name(&mut self, name: &str, why: String) -> bool {
        let Some(index) = self.trial_by_name(name) else { return false };
        self.commit(index, why);
        true
    }

    /// `None` if nothing is on trial.
    pub(super) fn roll_back_by_name(
        &mut self,
        name: &str,
        why: String,
    ) -> Option<Result<(), Vec<String>>> {
        let index = self.trial_by_name(name)?;
        Some(self.roll_back(index, Why::new(why)))
    }

    fn trial_by_name(&self, name: &str) -> Option<usize> {
        let is_tried = |slot: &super::Open| slot.trial.as_ref().is_some_and(OnTrial::has_way_back);
        self.slots.iter().position(|slot| &*slot.core.name == name && is_tried(slot))
    }
}
