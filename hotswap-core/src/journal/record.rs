//! What a journal has come to for a slot: plain data, bounded, and what a rotation carries over.

use hotswap_types::{ArtifactHash, BackupReason, Outcome, Phase, Release, Strategy};
use serde::{Deserialize, Serialize};

/// An artifact, and what it says it is.
pub(crate) type Build = Release<ArtifactHash>;

/// A backup, as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupRecord {
    pub(crate) number: u64,
    /// What wrote it.
    pub(crate) release: Release,
    /// Milliseconds since 1970.
    pub(crate) taken: u64,
    /// The encoded state's size in bytes, and its hash.
    pub(crate) size: u64,
    pub(crate) content: ArtifactHash,
    pub(crate) reason: BackupReason,
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

/// The strategy that somebody wants for an artifact, until its upgrade is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedStrategy {
    pub(crate) artifact: ArtifactHash,
    pub(crate) strategy: Strategy,
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlotRecord {
    /// What was committed, the newest first, each artifact once.
    pub(crate) committed: Vec<Build>,
    pub(crate) tries: Vec<Try>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) strategies: Vec<AskedStrategy>,
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
