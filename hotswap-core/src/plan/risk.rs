//! What may go wrong in an upgrade.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad a risk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// Worth knowing.
    Low,
    /// Look at it.
    Medium,
    /// Somebody should say yes.
    High,
}

/// Something that may go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Risk {
    /// How bad it is.
    pub level: Level,
    /// What may go wrong, and why.
    pub reason: String,
    /// What is done about it, or can be.
    pub remedy: String,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, reason, remedy } = self;
        write!(f, "{level}: {reason}; {remedy}")
    }
}
