//! What a journal has come to for a slot: plain data, bounded, and what a rotation carries over.

use std::fmt;

use hotswap_types::{ArtifactHash, Occasion, Outcome, Phase};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::plan::Release;

/// An artifact, and what it says it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Build {
    pub(crate) artifact: ArtifactHash,
    pub(crate) module: String,
    pub(crate) version: Version,
}

impl From<&Build> for Release {
    fn from(build: &Build) -> Self {
        let Build { artifact, module, version } = build;
        Self { module: module.clone(), version: version.clone(), artifact: Some(*artifact) }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({}…)", self.module, self.version, self.artifact.short())
    }
}

/// A backup, as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupRecord {
    pub(crate) number: u64,
    /// Of the module that wrote it; `None` if that is linked into the program.
    pub(crate) artifact: Option<ArtifactHash>,
    pub(crate) module: String,
    pub(crate) version: Version,
    /// Milliseconds since 1970.
    pub(crate) taken: u64,
    /// The encoded state's size in bytes, and its hash.
    pub(crate) size: u64,
    pub(crate) content: ArtifactHash,
    pub(crate) occasion: Occasion,
    /// Older ones that are removed now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) dropped: Vec<u64>,
}

/// A candidate that was about to take over, and of which no end is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Try {
    pub(crate) build: Build,
    pub(crate) count: u32,
}

/// An artifact that is not taken any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rejection {
    pub(crate) artifact: ArtifactHash,
    pub(crate) build: Option<Build>,
    pub(crate) phase: Phase,
    pub(crate) why: String,
}

/// An upgrade that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Past {
    pub(crate) began: u64,
    pub(crate) at: u64,
    pub(crate) artifact: ArtifactHash,
    pub(crate) build: Option<Build>,
    pub(crate) outcome: Outcome,
    pub(crate) why: String,
}

/// An upgrade that is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnderWay {
    pub(crate) artifact: ArtifactHash,
    pub(crate) build: Option<Build>,
    pub(crate) began: u64,
    pub(crate) activated: bool,
}

/// What a journal has come to for a slot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlotRecord {
    /// What was committed, the newest first, each artifact once.
    pub(crate) committed: Vec<Build>,
    pub(crate) tries: Vec<Try>,
    pub(crate) rejected: Vec<Rejection>,
    /// The oldest first.
    pub(crate) backups: Vec<BackupRecord>,
    /// The number of the last backup.
    pub(crate) last_backup: u64,
    /// Something served after the last backup, or may have.
    pub(crate) served: bool,
    pub(crate) under_way: Option<UnderWay>,
    /// The oldest first.
    pub(crate) history: Vec<Past>,
}
