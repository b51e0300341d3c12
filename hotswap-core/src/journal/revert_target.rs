//! What there is to go back to, as users name it.

use std::fmt;

use hotswap_types::ArtifactHash;
use semver::Version;
use serde::{Deserialize, Serialize};

/// An artifact that has been committed before ([`Operator::revert_to`](crate::Operator::revert_to)). As JSON
/// it is a text: a hash, or a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum RevertTarget {
    /// By its hash.
    Artifact(ArtifactHash),
    /// The one of this version that was committed last.
    Version(Version),
}

impl From<ArtifactHash> for RevertTarget {
    fn from(hash: ArtifactHash) -> Self {
        Self::Artifact(hash)
    }
}

impl From<Version> for RevertTarget {
    fn from(version: Version) -> Self {
        Self::Version(version)
    }
}

impl fmt::Display for RevertTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Artifact(hash) => hash.fmt(f),
            Self::Version(version) => version.fmt(f),
        }
    }
}
