//! What happened, in a few words and as a user reads it.

use hotswap_core::event::{Exit, Live, Refusal};

use crate::Outcome;

/// What happened.
#[derive(Debug)]
pub(super) struct Happened {
    /// In two or three words: `refused at Staged`.
    pub(super) outcome: String,
    /// What a user reads.
    pub(super) text: String,
}

impl Happened {
    pub(super) fn new(outcome: impl Into<String>, text: impl ToString) -> Self {
        Self { outcome: outcome.into(), text: text.to_string() }
    }

    pub(super) fn refused(refusal: &Refusal) -> Self {
        let word = match refusal.exit {
            Exit::Rejected => "refused",
            Exit::Cancelled => "cancelled",
            Exit::RolledBack => "rolled back",
            Exit::Degraded => "degraded",
            _ => "ended otherwise",
        };
        Self::new(format!("{word} at {}", refusal.phase), refusal)
    }

    pub(super) fn live(live: &Live) -> Self {
        Self::new("live", live)
    }

    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Live(live) => Self::live(live),
            Outcome::Refused(refusal) => Self::refused(refusal),
            Outcome::Pending => Self::new("pending", ""),
        }
    }

    /// Another thing, that happened after this one.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            outcome: format!("{}, then {}", self.outcome, next.outcome),
            text: format!("{}\n{}", self.text, next.text),
        }
    }

    /// For another process, which reads it.
    pub(super) fn written(&self) -> String {
        format!("{}\n{}", self.outcome, self.text)
    }

    /// What another process has written.
    pub(super) fn read(written: &str) -> Self {
        let (outcome, text) = written.split_once('\n').expect("its first line is the outcome");
        Self::new(outcome, text)
    }

    /// The line that says most: a refusal's first finding.
    pub(super) fn short(&self) -> &str {
        let first = self.text.lines().find(|line| !line.is_empty()).unwrap_or_default();
        self.text.lines().find_map(|line| line.strip_prefix("  ")).unwrap_or(first)
    }
}
