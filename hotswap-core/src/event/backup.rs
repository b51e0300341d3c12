//! A backup, as users see it.

use std::{fmt, path::PathBuf, time::SystemTime};

use hotswap_types::{BackupReason, Release, json};
use serde::{Deserialize, Serialize};

/// A state of a slot that lies on disk ([`Operator::backups`](crate::Operator::backups)).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Backup {
    /// Its number, in the order in which they were taken.
    pub number: u64,
    /// What wrote it.
    #[serde(flatten)]
    pub release: Release,
    /// When the state was taken.
    #[serde(with = "json::time")]
    pub taken: SystemTime,
    /// The encoded state's size in bytes.
    pub size: u64,
    /// Why it was taken.
    pub reason: BackupReason,
    /// The file; [`Snapshot::read`](crate::snapshot::Snapshot::read) reads it.
    #[serde(with = "json::path")]
    pub path: PathBuf,
}

impl fmt::Display for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = self.taken.elapsed().unwrap_or_default();
        let Self { number, release, size, .. } = self;
        let of = release.module_version();
        write!(f, "backup {number} of {of}, {size} bytes, {age:.0?} old")
    }
}
