//! A strategy as it stands in JSON.

use std::ops::Not;

use serde::{Deserialize, Serialize};

/// How it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) kind: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shares: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Not::not")]
    pub(super) manual_promotion: bool,
    /// Whole milliseconds: what was read is written the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deadline_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    Smooth,
    Gradual,
    Parallel,
}
