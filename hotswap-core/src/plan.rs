//! Plans: what an upgrade will do and how risky it is, known before anything of the artifact runs.
//!
//! A plan is made for each artifact that fits. It is told as an event, and where somebody has to say
//! yes it waits with the artifact ([`Approval`](crate::Approval)). It prints as Markdown.

mod change;
mod rehearsal;
mod replay;
mod risk;
#[cfg(test)]
pub(crate) mod sample;
mod state_step;

pub use self::{
    change::Change,
    rehearsal::{Downgrade, RehearsalReport, RehearsalStep, RehearsedStep, WayBack},
    replay::{
        AnswerDifference, AnswerValues, FieldDifference, FinalState, MethodCalls, NotRecorded,
        ReplayReport, Replayed,
    },
    risk::{Level, Risk},
    state_step::{StateStep, StepBack},
};
pub use hotswap_types::{Intent, ParseUrgencyError, Purpose, Release, Urgency};

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use hotswap_types::{ArtifactHash, Phase, StateNote, json};
use serde::{Deserialize, Serialize};

/// What an upgrade will do, and how risky it is.
///
/// ```no_run
/// # fn look(host: &hotswap_core::Host) -> Result<(), hotswap_core::Error> {
/// // As if it had appeared now. Nothing of it runs.
/// match host.operator().judge("shop", "target/release/libshop.so")? {
///     Ok(plan) => println!("{plan}"),
///     Err(refusal) => println!("{refusal}"),
/// }
/// # Ok(())
/// # }
/// ```
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
    #[serde(default)]
    pub rehearsal: Option<Arc<RehearsalReport>>,
    /// When it takes over, once it is ready ([`Config::with_timing`](crate::Config::with_timing)).
    pub timing: String,
    /// How callers come to it ([`Config::with_strategy`](crate::Config::with_strategy)).
    #[serde(default)]
    pub strategy: String,
    /// The phases that are left, each with its deadline and what it took before.
    pub phases: Vec<Step>,
    /// What may go wrong, the worst first.
    pub risks: Vec<Risk>,
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

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slot, intent, path, size, signed, from, to, changes, state, .. } = self;
        let Self { rehearsal, timing, strategy, phases, risks, .. } = self;
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
            "\n## Phases\n\nIt begins {timing}; {strategy}.\n\n| phase | at most | likely |\n|---|---|---|"
        )?;
        let time = |time: &Option<Duration>| time.map_or(String::new(), |it| format!("{it:.1?}"));
        for Step { phase, deadline, likely } in phases {
            writeln!(f, "| {phase} | {} | {} |", time(deadline), time(likely))?;
        }
        Ok(())
    }
}
