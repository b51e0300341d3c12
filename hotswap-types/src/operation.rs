//! What an operator can ask of a host: what the command line is read as, and what goes over the socket.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Intent;

/// What an operator asks of a host.
///
/// Where a slot is `None`, it is the only one that the host has opened; `status`, `why`, `history`,
/// `pause`, `resume`, and `apply` without a file mean all slots then. An artifact is named by its hash, or the beginning of
/// it, as far as no other one is meant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "a host answers every one of them")]
pub enum Operation {
    /// What serves.
    Status {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
    },
    /// What was refused, why, what serves now, and what to do.
    Why {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
    },
    /// The plan that waits, or was made last.
    Plan {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
    },
    /// Whether the host would take a file, and the plan for it. Nothing of it runs.
    Check {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// The artifact; a path as the host sees it.
        file: PathBuf,
    },
    /// Takes an artifact through an upgrade; without a file, lets take over what is ready.
    Apply {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// The artifact; a path as the host sees it.
        #[serde(default)]
        file: Option<PathBuf>,
        /// Answer when the upgrade is over, not when it waits for something.
        #[serde(default)]
        wait: bool,
        /// Why it is wanted.
        #[serde(default)]
        intent: Intent,
    },
    /// Says yes to a plan that waits.
    Approve {
        /// The artifact.
        artifact: String,
        /// Who says so.
        by: String,
    },
    /// Says no to it.
    Reject {
        /// The artifact.
        artifact: String,
        /// Who says so.
        by: String,
        /// Why.
        why: String,
    },
    /// Lets no upgrade begin by itself.
    Pause {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// Who says so.
        by: String,
        /// Why.
        #[serde(default)]
        why: String,
    },
    /// Lets upgrades begin again.
    Resume {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
    },
    /// Ends a trial: the new version stays.
    Commit {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// Why.
        why: String,
    },
    /// Ends a step of a canary: it gets more calls, or all of them.
    Promote {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// Why.
        why: String,
    },
    /// Ends a trial: the version before serves again.
    Rollback {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// Why.
        why: String,
    },
    /// Goes back to an artifact that was committed before.
    Revert {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// Its version, or its hash or the beginning of that.
        to: String,
        /// Why.
        why: String,
    },
    /// Writes the state to the disk.
    Checkpoint {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
    },
    /// Forgets that an artifact was rejected.
    Clear {
        /// The artifact.
        artifact: String,
    },
    /// The upgrades that are over, the newest first.
    History {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// So many of them.
        most: usize,
    },
    /// How an upgrade went: the last one, or that of an artifact.
    Report {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// The artifact.
        #[serde(default)]
        artifact: Option<String>,
    },
    /// Adds a note to a report.
    Note {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// The artifact; that of the last report unless given.
        #[serde(default)]
        artifact: Option<String>,
        /// Who writes it.
        by: String,
        /// What the problem was.
        problem: String,
        /// What has solved it, if something has.
        #[serde(default)]
        solution: Option<String>,
    },
}

impl Operation {
    /// Whether the host's own thread is to do something, which may take a while.
    #[must_use]
    pub const fn is_order(&self) -> bool {
        !matches!(
            self,
            Self::Status { .. }
                | Self::Why { .. }
                | Self::Plan { .. }
                | Self::Pause { .. }
                | Self::Resume { .. }
                | Self::History { .. }
                | Self::Report { .. }
                | Self::Note { .. }
        )
    }
}
