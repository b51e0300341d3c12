//! The phases of an upgrade.

use std::{fmt, time::Instant};

use serde::{Deserialize, Serialize};

/// The phases of an upgrade, in order. Before [`Activated`](Self::Activated) nothing that callers
/// can see has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Copied and hashed.
    Staged,
    /// The file and its manifest are sound.
    Inspected,
    /// It fits the host, and what becomes of the state is decided.
    Assessed,
    /// A copy of the state was kept.
    BackedUp,
    /// It was tried on a copy of the state.
    Rehearsed,
    /// Somebody has to say yes.
    AwaitingApproval,
    /// Its code is in the process.
    Loaded,
    /// Its slow work is done.
    Prepared,
    /// No new call is let in.
    Quiescing,
    /// The old instance has written its state.
    Snapshotted,
    /// The state takes its new form.
    Migrating,
    /// Calls go to the new version.
    Activated,
    /// The old version is kept ready.
    Trial,
    /// The new version is the stable one.
    Committed,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A phase of a pause, from when to when.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "users do not see it")]
pub struct PhaseSpan {
    /// The phase.
    pub phase: Phase,
    /// When it began.
    pub from: Instant,
    /// When it was over.
    pub to: Instant,
}
