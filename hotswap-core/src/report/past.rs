//! Upgrades that are over, as users see them.

use std::{fmt, sync::Arc, time::SystemTime};

use hotswap_types::{ArtifactHash, ModuleVersion, Outcome, json};
use serde::{Deserialize, Serialize};

use super::Report;

/// An upgrade that is over ([`Operator::history`](crate::Operator::history)).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The slot.
    pub slot: String,
    /// When its artifact was copied.
    #[serde(with = "json::time")]
    pub began: SystemTime,
    /// When it was over.
    #[serde(with = "json::time")]
    pub ended: SystemTime,
    /// The artifact.
    pub artifact: ArtifactHash,
    /// Its module and version, if the manifest could be read.
    pub module: Option<ModuleVersion>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so.
    pub why: String,
    /// Its report, where that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Arc<Report>>,
}

impl fmt::Display for HistoryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.slot)?;
        if let Some(module) = &self.module {
            write!(f, "{module} ")?;
        }
        write!(f, "({}…) {}", self.artifact.short(), self.outcome)?;
        if self.why.is_empty() { Ok(()) } else { write!(f, ": {}", self.why) }
    }
}
