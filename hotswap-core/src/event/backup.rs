//! A backup, as users see it.

use std::{fmt, path::PathBuf, time::SystemTime};

use hotswap_types::{ArtifactHash, Occasion, json};
use semver::Version;
use serde::{Deserialize, Serialize};

/// A state of a slot that lies on disk ([`Operator::backups`](crate::Operator::backups)).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Backup {
    /// Its number, in the order in which they were taken.
    pub number: u64,
    /// The artifact that wrote it; `None` for a module that is built into the program.
    pub artifact: Option<ArtifactHash>,
    /// The module that wrote it.
    pub module: String,
    /// Its version.
    pub version: Version,
    /// When the state was taken.
    #[serde(with = "json::time")]
    pub taken: SystemTime,
    /// The encoded state's size in bytes.
    pub size: u64,
    /// Why it was taken.
    pub occasion: Occasion,
    /// The file; [`Snapshot::read`](crate::snapshot::Snapshot::read) reads it.
    #[serde(with = "json::path")]
    pub path: PathBuf,
}

impl fmt::Display for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = self.taken.elapsed().unwrap_or_default();
        let Self { number, module, version, size, .. } = self;
        write!(f, "backup {number} of {module} {version}, {size} bytes, {age:.0?} old")
    }
}
