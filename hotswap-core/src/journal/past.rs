//! Upgrades that are over, as users see them, and what there is to go back to.

use std::{fmt, sync::Arc, time::SystemTime};

use hotswap_types::{ArtifactHash, ModuleVersion, Outcome, json};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::report::Report;

/// An upgrade that is over ([`Host::history`](crate::Operator::history)).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PastUpgrade {
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

impl fmt::Display for PastUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.slot)?;
        if let Some(module) = &self.module {
            write!(f, "{module} ")?;
        }
        write!(f, "({}…) {}", self.artifact.short(), self.outcome)?;
        if self.why.is_empty() { Ok(()) } else { write!(f, ": {}", self.why) }
    }
}

/// An artifact that has been committed before ([`Host::revert_to`](crate::Operator::revert_to)). As JSON
/// it is a text: a hash, or a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Earlier {
    /// By its hash.
    Artifact(ArtifactHash),
    /// The one of this version that was committed last.
    Version(Version),
}

impl From<ArtifactHash> for Earlier {
    fn from(hash: ArtifactHash) -> Self {
        Self::Artifact(hash)
    }
}

impl From<Version> for Earlier {
    fn from(version: Version) -> Self {
        Self::Version(version)
    }
}

impl fmt::Display for Earlier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Artifact(hash) => hash.fmt(f),
            Self::Version(version) => version.fmt(f),
        }
    }
}
