//! Plans: what an upgrade will do and how risky it is, known before anything of the artifact runs.
//!
//! A plan is made for each artifact that fits. It is told as an event, and where somebody has to say
//! yes it waits with the artifact ([`Approval`](crate::Approval)). It prints as Markdown.

mod change;
mod intent;
mod lending;
mod risk;
#[cfg(test)]
pub(crate) mod sample;
mod state_step;
mod statics;
#[cfg(test)]
mod tests;

pub use self::{
    change::Change,
    intent::{Intent, ParseUrgencyError, Purpose, Urgency},
    risk::{Level, Risk},
    state_step::{StateStep, StepBack},
};
pub(crate) use self::{change::changes, lending::lending, risk::risks};

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use hotswap_abi::Manifest;
use hotswap_loader::StaticTls;
use hotswap_types::{ArtifactHash, Phase, json};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{
    event::{RehearsalReport, StateNote},
    upgrade::Handover,
};

/// What an upgrade will do, and how risky it is.
///
/// As JSON its durations are milliseconds (`deadline_ms`, `likely_ms`), and versions are texts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The slot that it touches; the others go on as they are.
    pub slot: String,
    /// The artifact.
    pub artifact: ArtifactHash,
    /// Why it is wanted, how soon, and by whom.
    #[serde(default)]
    pub intent: Intent,
    /// Where it was found.
    #[serde(with = "json::path")]
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Who has signed it: the number of the key, and what the signer has written.
    pub signed: Option<(String, String)>,
    /// What serves; `None` for a first version.
    pub from: Option<Release>,
    /// What is to serve.
    pub to: Release,
    /// What changes.
    pub changes: Vec<Change>,
    /// What becomes of the state.
    pub state: StateNote,
    /// How it went in a rehearsal, where there was one.
    #[serde(default, with = "json::shared")]
    pub rehearsal: Option<Arc<RehearsalReport>>,
    /// When it takes over, once it is ready ([`Config::with_timing`](crate::Config::with_timing)).
    pub timing: String,
    /// The phases that are left, each with its deadline and what it took before.
    pub phases: Vec<Step>,
    /// What may go wrong, the worst first.
    pub risks: Vec<Risk>,
}

/// A version of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Release {
    /// The module.
    pub module: String,
    /// Its version.
    #[serde(with = "json::text")]
    pub version: Version,
    /// The artifact; `None` for a module that is built into the program.
    pub artifact: Option<ArtifactHash>,
}

/// A phase that is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// The phase.
    pub phase: Phase,
    /// How long it may take.
    #[serde(rename = "deadline_ms", with = "json::maybe_millis")]
    pub deadline: Option<Duration>,
    /// What it has taken in earlier upgrades of the slot: the median.
    #[serde(rename = "likely_ms", with = "json::maybe_millis")]
    pub likely: Option<Duration>,
}

impl Plan {
    /// The highest level of a risk; [`Level::Low`] where there is none.
    #[must_use]
    pub fn level(&self) -> Level {
        self.risks.iter().map(|risk| risk.level).max().unwrap_or(Level::Low)
    }
}

/// A side of an upgrade, as far as plans look at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) artifact: Option<ArtifactHash>,
    /// In bytes, where it is known.
    pub(crate) size: Option<u64>,
    /// The key that has signed it, where that is known.
    pub(crate) signer: Option<&'a str>,
}

impl Side<'_> {
    pub(crate) fn release(&self) -> Release {
        let Manifest { module, version, .. } = self.manifest;
        Release { module: module.clone(), version: version.clone(), artifact: self.artifact }
    }
}

/// What a host knows of itself when it plans.
#[derive(Debug, Clone, Default)]
pub(crate) struct Situation {
    /// Why the version that serves is not the one that should.
    pub(crate) degraded: Option<String>,
    /// Calls of the version that serves are refused.
    pub(crate) poisoned: bool,
    /// How many of its calls have panicked.
    pub(crate) panics: u64,
    /// How long ago another version of this slot was rolled back.
    pub(crate) rolled_back: Option<Duration>,
    /// How many generations are mapped, and how many may be.
    pub(crate) generations: (usize, usize),
    /// Free bytes where private copies are kept.
    pub(crate) disk: Option<u64>,
    /// What it takes of static thread-local storage, if it does.
    pub(crate) static_tls: Option<StaticTls>,
    /// Bytes of memory that the system has left.
    pub(crate) memory: Option<u64>,
    /// The size of the last state that was taken, and how often memory has to hold it on the way.
    pub(crate) state: (u64, u64),
    /// The version before is kept ready afterwards.
    pub(crate) has_trial: bool,
    /// The longest pause that is allowed, and the median of those that were.
    pub(crate) pause: (Duration, Option<Duration>),
    /// How long the hours are in which it may take over, and how long that is likely to take, with
    /// its trial.
    pub(crate) window: Option<(Duration, Duration)>,
    /// Why there was no rehearsal that there should have been.
    pub(crate) unrehearsed: Option<String>,
    /// A rehearsal has found that the version that serves can come back with the state.
    pub(crate) way_back_works: bool,
    /// Why the version that serves could not come back with the state, as a rehearsal has found.
    pub(crate) no_way_back: Vec<String>,
    /// What may go wrong with the host's values that it is lent.
    pub(crate) lending: Vec<Risk>,
}

/// Whether the state goes over while callers wait.
pub(crate) const fn has_pause(handover: &Handover) -> bool {
    matches!(handover, Handover::State { .. })
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.module, self.version)?;
        match &self.artifact {
            Some(hash) => write!(f, " ({}…)", hash.short()),
            None => f.write_str(" (built in)"),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slot, intent, path, size, signed, from, to, changes, state, .. } = self;
        let Self { rehearsal, timing, phases, risks, .. } = self;
        write!(f, "# {slot}: ")?;
        match from {
            Some(from) => writeln!(f, "{from} → {to}")?,
            None => writeln!(f, "{to}")?,
        }
        write!(f, "\n{} bytes at {}", size, path.display())?;
        match signed {
            Some((key, comment)) => writeln!(f, ", signed with key {key}: {comment}")?,
            None => writeln!(f, ", not signed")?,
        }
        if intent.is_stated() {
            writeln!(f, "\nPurpose: {intent}")?;
        }
        writeln!(f, "\n## Changes\n")?;
        for change in changes {
            writeln!(f, "- {change}")?;
        }
        writeln!(f, "- {state}")?;
        if let Some(report) = rehearsal {
            writeln!(f, "\n## Rehearsal\n\n{report}")?;
        }
        writeln!(f, "\n## Risks: {}", self.level())?;
        for (i, risk) in risks.iter().enumerate() {
            if i == 0 {
                writeln!(f)?;
            }
            writeln!(f, "- {risk}")?;
        }
        writeln!(
            f,
            "\n## Phases\n\nIt takes over {timing}.\n\n| phase | at most | likely |\n|---|---|---|"
        )?;
        let time = |time: &Option<Duration>| time.map_or(String::new(), |it| format!("{it:.1?}"));
        for Step { phase, deadline, likely } in phases {
            writeln!(f, "| {phase} | {} | {} |", time(deadline), time(likely))?;
        }
        Ok(())
    }
}
