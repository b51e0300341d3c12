//! A step of a rollout, as a report has it.

use std::{fmt, time::Duration};

use hotswap_types::json;
use serde::{Deserialize, Serialize};

use super::TrialFigures;

/// A step of a rollout ([`Config::with_strategy`](crate::Config::with_strategy)) that is over: what the
/// calls of both versions have come to in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepReport {
    /// The share of the calls that the new version got: from 0 up to, but not including, 1.
    pub weight: f64,
    /// How long it took, with the time in which somebody was waited for.
    #[serde(rename = "took_ms", with = "json::millis")]
    pub took: Duration,
    /// What the calls of the new version have come to.
    pub canary: TrialFigures,
    /// What those of the stable version have come to.
    pub stable: TrialFigures,
    /// How it ended.
    pub end: StepEnd,
    /// Why it ended so.
    pub why: String,
}

/// How a step of a rollout ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepEnd {
    /// The calls were well: the next step began, or the version got all calls.
    Successful,
    /// Somebody has ended it, with the same effect.
    Promoted,
    /// The version was rolled back.
    RolledBack,
    /// The host has ended.
    CalledOff,
}

impl fmt::Display for StepEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Successful => "successful",
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled back",
            Self::CalledOff => "called off",
        })
    }
}
