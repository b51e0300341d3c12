//! How an upgrade ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How an upgrade ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It is, or was, the stable version.
    Committed,
    /// Its trial went wrong, and the version before served again.
    RolledBack,
    /// Its trial went wrong, and so did the way back: it served on.
    Degraded,
    /// It was not taken, by its own fault.
    Rejected,
    /// It was not taken then, and not by its own fault.
    Cancelled,
    /// The run ended out of order while it was on its way, or on trial.
    Interrupted,
}

impl Outcome {
    /// The word for it that scripts read, in metrics and in answers to operators.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::RolledBack => "rolled_back",
            Self::Degraded => "degraded",
            Self::Rejected => "refused",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Committed => "committed",
            Self::RolledBack => "rolled back",
            Self::Degraded => "not rolled back",
            Self::Rejected => "refused",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        })
    }
}
