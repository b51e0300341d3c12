//! Why a state was put on disk.

use serde::{Deserialize, Serialize};

/// Why a backup was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BackupReason {
    /// Another artifact, or another state, was about to take over.
    Upgrade,
    /// `Operator::checkpoint`.
    Checkpoint,
    /// `Config::with_checkpoint_interval`.
    Interval,
    /// The host ended in order: nothing was served after it.
    End,
}
