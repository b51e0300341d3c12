//! A version beside the stable one, while it gets a share of the calls.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_abi::Failure;
use hotswap_types::{ArtifactHash, Strategy};

use super::trigger::Trigger;
use crate::{
    config::Trial,
    instance::{Figures, Watch},
    report::{StepEnd, StepReport, TrialFigures},
    slot,
    upgrade::{Canary, Step, StepVerdict, Why, judge_step},
};

/// How many of a version's first calls say nothing of how long its calls take: caches are cold.
const COLD: u64 = 100;

/// A version beside the stable one.
pub(super) struct Rollout {
    pub(super) canary: Canary,
    pub(super) trial: Trial,
    strategy: Strategy,
    /// The step that it is in, from 0.
    step: usize,
    step_begun: Instant,
    /// What the calls of the two had come to when the step began: of the new one, and of the stable one.
    before: (Figures, Figures),
    /// When it is rolled back if it does not serve all calls.
    deadline: Instant,
    watch: Arc<Watch>,
    pub(super) stable: Arc<Watch>,
    /// What the last panic of a call has said, and where.
    pub(super) panicked: Option<String>,
    /// Somebody has to say how it goes on, and what is open.
    waits: Option<Vec<String>>,
    pub(super) next_look: Instant,
    /// When its upgrade was begun, and by whom.
    pub(super) begun: Instant,
    pub(super) trigger: Trigger,
}

/// What is to be done about a step.
pub(super) enum Turn {
    /// Nothing yet.
    Wait,
    /// It is over, and the next one begins.
    Next(String),
    /// The last one is over.
    Promote(String),
    /// It cannot be said, or somebody is to say it. Told once.
    Ask(Vec<String>),
    RollBack(Why),
}

/// What counts the calls of the two versions from now on: of the new one, and of the stable one.
pub(super) fn watches() -> (Arc<Watch>, Arc<Watch>) {
    (Arc::new(Watch::cold(COLD)), Arc::default())
}

impl Rollout {
    pub(super) fn begin(
        canary: Canary,
        trial: Trial,
        strategy: Strategy,
        (watch, stable): (Arc<Watch>, Arc<Watch>),
        (begun, trigger): (Instant, Trigger),
    ) -> Self {
        let now = Instant::now();
        Self {
            deadline: now + strategy.deadline(),
            next_look: now + trial.interval(),
            canary,
            trial,
            strategy,
            step: 0,
            step_begun: now,
            before: (Figures::default(), Figures::default()),
            watch,
            stable,
            panicked: None,
            waits: None,
            begun,
            trigger,
        }
    }

    pub(super) fn artifact(&self) -> Option<ArtifactHash> {
        self.canary.generation.code().artifact
    }

    /// The share of the calls that it gets.
    pub(super) fn weight(&self) -> f64 {
        self.strategy.steps()[self.step]
    }

    /// The step that it is in, from 1, and how many there are.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.step + 1, self.strategy.steps().len())
    }

    /// What its calls have come to.
    pub(super) fn so_far(&self) -> TrialFigures {
        TrialFigures::of(&self.watch.figures())
    }

    /// What the status says of it.
    pub(super) fn shown(&self) -> slot::OnRollout {
        let code = self.canary.generation.code();
        slot::OnRollout {
            generation: code.generation,
            release: code.release(),
            weight: self.weight(),
            step: self.place(),
            watch: Arc::clone(&self.watch),
            stable: Arc::clone(&self.stable),
            waits: self.waits.clone(),
            strategy: self.strategy.clone(),
        }
    }

    /// What is to be done about the step that it is in.
    pub(super) fn turn(&self, now: Instant) -> Turn {
        let (canary, stable) = (self.watch.figures(), self.stable.figures());
        let took = now.saturating_duration_since(self.step_begun);
        let (before, stable_before) = &self.before;
        let in_step = (&canary.clone().since(before), &stable.clone().since(stable_before));
        let step = Step { took, canary: &canary, stable: &stable, in_step };
        let verdict = judge_step(&self.trial, step);
        if let StepVerdict::Failed(why) = verdict {
            return Turn::RollBack(why);
        }
        // Calls that it refuses are not counted, so its figures would stay as they are.
        if self.canary.generation.condition().is_poisoned() {
            return Turn::RollBack(Why::new("its instance has panicked and does not go on"));
        }
        if now >= self.deadline {
            let open = self.waits.clone().unwrap_or_default();
            let open =
                if open.is_empty() { String::new() } else { format!(": {}", open.join("; ")) };
            let (step, of) = self.place();
            let why = format!("its deadline is over in step {step} of {of}{open}");
            return Turn::RollBack(Why::new(why));
        }
        match verdict {
            StepVerdict::Successful(why) if self.strategy.has_manual_promotion() => {
                self.ask(vec![why])
            }
            StepVerdict::Successful(why) if self.is_last() => Turn::Promote(why),
            StepVerdict::Successful(why) => Turn::Next(why),
            StepVerdict::Inconclusive(open) => self.ask(open),
            StepVerdict::Wait | StepVerdict::Failed(_) => Turn::Wait,
        }
    }

    fn ask(&self, open: Vec<String>) -> Turn {
        if self.waits.is_some() { Turn::Wait } else { Turn::Ask(open) }
    }

    pub(super) fn is_last(&self) -> bool {
        self.step + 1 == self.strategy.steps().len()
    }

    /// The step as it has ended now.
    pub(super) fn step_report(&self, end: StepEnd, why: &str) -> StepReport {
        let figures = |watch: &Watch, before| TrialFigures::of(&watch.figures().since(before));
        StepReport {
            weight: self.weight(),
            took: self.step_begun.elapsed(),
            canary: figures(&self.watch, &self.before.0),
            stable: figures(&self.stable, &self.before.1),
            end,
            why: why.to_owned(),
        }
    }

    /// The next step begins.
    pub(super) fn next_step(&mut self) {
        self.step += 1;
        self.step_begun = Instant::now();
        self.before = (self.watch.figures(), self.stable.figures());
        self.waits = None;
        self.goes_on();
    }

    /// Somebody has to say how it goes on.
    pub(super) fn waits(&mut self, open: Vec<String>) {
        self.waits = Some(open);
    }

    /// It is looked at again after its interval.
    pub(super) fn goes_on(&mut self) {
        self.next_look = Instant::now() + self.trial.interval();
    }

    pub(super) fn has_panicked(&mut self, failure: &Failure) {
        let Failure { method, message, place, .. } = failure;
        self.panicked = Some(format!("last panic  {method}: {message} at {place}"));
    }

    pub(super) fn longest(&self) -> Duration {
        self.trial.longest
    }
}
