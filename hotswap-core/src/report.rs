//! Reports: what an upgrade was, how it went, and what it has cost, once it is over.
//!
//! Each upgrade of an artifact yields one, however it ended; one that is tried again yields one for
//! each try. A report prints as Markdown and is JSON for scripts: its durations are milliseconds, in
//! fields that end in `_ms`, and its times are milliseconds since 1970.

mod lost;
mod note;
mod past;
#[cfg(test)]
pub(crate) mod sample;
mod serving;
mod step;
mod text;

pub(crate) use self::lost::lost;
pub use self::{
    note::Note,
    past::HistoryEntry,
    serving::Serving,
    step::{StepEnd, StepReport},
};

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use hotswap_types::{ArtifactHash, FailureRate, ModuleVersion, Outcome, Phase, StateNote, json};
use serde::{Deserialize, Serialize};

use crate::{instance::Figures, plan::Plan};

/// An upgrade that is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Its number, among those of its slot.
    pub number: u64,
    /// The slot.
    pub slot: String,
    /// The artifact.
    pub artifact: ArtifactHash,
    /// Its module and version, if the manifest could be read.
    pub module: Option<ModuleVersion>,
    /// Which try it was: an upgrade that is cancelled is tried again.
    pub attempt: u32,
    /// When its artifact was looked at; of a later try, when that began.
    #[serde(with = "json::time")]
    pub began: SystemTime,
    /// When it was over.
    #[serde(with = "json::time")]
    pub ended: SystemTime,
    /// What it was to do; `None` if it has not come so far.
    #[serde(default)]
    pub plan: Option<Arc<Plan>>,
    /// What somebody has said to the plan; `None` if nobody was asked.
    #[serde(default)]
    pub word: Option<Decision>,
    /// The phases that it has come to, in order.
    pub phases: Vec<PhaseTime>,
    /// How long callers were kept waiting; `None` if they were not.
    #[serde(rename = "pause_ms", default, with = "json::maybe_millis")]
    pub pause: Option<Duration>,
    /// The generation that it was; `None` if it has not served.
    #[serde(default)]
    pub generation: Option<u64>,
    /// What became of the state when it took over; `None` if it has not.
    #[serde(default)]
    pub state: Option<StateNote>,
    /// When the state was taken that it began with, if that is not the one of the version before.
    #[serde(default, with = "json::maybe_time")]
    pub restored: Option<SystemTime>,
    /// What its trial has come to, where it had one; of a rollout, all its steps together.
    #[serde(default)]
    pub trial: Option<TrialFigures>,
    /// The steps of its rollout that are over, in order.
    #[serde(default)]
    pub steps: Vec<StepReport>,
    /// How the version before came back, where it did.
    #[serde(default)]
    pub back: Option<WayBackTaken>,
    /// How it ended.
    pub outcome: Outcome,
    /// It was cancelled, and is tried again by itself.
    #[serde(default)]
    pub tried_again: bool,
    /// The phase that it ended in: the one that was not reached, or went wrong.
    pub phase: Phase,
    /// Why it ended so: on what figures it was committed, or what was expected and what was found.
    pub findings: Vec<String>,
    /// What to do, where something is to be done.
    #[serde(default)]
    pub advice: Option<String>,
    /// What served when it was over; `None` if nothing did.
    #[serde(default)]
    pub serving: Option<Serving>,
    /// What of the state is gone.
    #[serde(default)]
    pub lost: Vec<String>,
    /// What people have written of it, the oldest first.
    #[serde(default)]
    pub notes: Vec<Note>,
}

/// A phase that an upgrade has come to, and how long it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseTime {
    /// The phase.
    pub phase: Phase,
    /// How long after the upgrade its work began.
    #[serde(rename = "at_ms", with = "json::millis")]
    pub at: Duration,
    /// How long that took.
    #[serde(rename = "took_ms", with = "json::millis")]
    pub took: Duration,
}

/// What somebody has said to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Decision {
    /// Whether it might go on.
    pub approved: bool,
    /// Who has said so; `None` for what is configured.
    #[serde(default)]
    pub by: Option<String>,
    /// Why.
    pub why: String,
    /// When.
    #[serde(with = "json::time")]
    pub at: SystemTime,
}

/// What the calls of a trial have come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrialFigures {
    /// Calls that have ended.
    pub calls: u64,
    /// Calls that have panicked.
    pub panics: u64,
    /// Answers that were failures: an `Err`, or what the host has counted as one.
    pub failures: u64,
    /// The median of what calls have taken.
    #[serde(rename = "median_ms", with = "json::millis")]
    pub median: Duration,
    /// What 99 of 100 calls have not exceeded.
    #[serde(rename = "percentile_99_ms", with = "json::millis")]
    pub percentile_99: Duration,
}

impl TrialFigures {
    pub(crate) fn of(figures: &Figures) -> Self {
        let Figures { latency, panics, failures, .. } = figures;
        Self {
            calls: figures.calls(),
            panics: *panics,
            failures: *failures,
            median: latency.quantile(0.5),
            percentile_99: latency.quantile(0.99),
        }
    }

    /// How many of the calls have failed, in whatever way.
    pub(crate) const fn failure_rate(&self) -> FailureRate {
        FailureRate::new(self.panics + self.failures, self.calls)
    }
}

/// How the version before came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WayBackTaken {
    /// What became of the state.
    pub state: StateNote,
    /// How long callers were kept waiting; `None` if they were not.
    #[serde(rename = "pause_ms", default, with = "json::maybe_millis")]
    pub pause: Option<Duration>,
}

impl Report {
    /// An upgrade of which nothing is known.
    pub(crate) fn blank(slot: &str, artifact: ArtifactHash, began: SystemTime) -> Self {
        Self {
            number: 0,
            slot: slot.to_owned(),
            artifact,
            module: None,
            attempt: 1,
            began,
            ended: began,
            plan: None,
            word: None,
            phases: Vec::new(),
            pause: None,
            generation: None,
            state: None,
            restored: None,
            trial: None,
            steps: Vec::new(),
            back: None,
            outcome: Outcome::Interrupted,
            tried_again: false,
            phase: Phase::Staged,
            findings: Vec::new(),
            advice: None,
            serving: None,
            lost: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// How long it took in all.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.ended.duration_since(self.began).unwrap_or_default()
    }

    /// Why it ended so, on a line.
    #[must_use]
    pub fn why(&self) -> String {
        self.findings.join("; ")
    }
}
