//! What becomes of a state.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StateNote {
    /// There is none.
    None,
    /// It starts anew: the first generation, or the module has a state for the first time.
    Fresh,
    /// It was kept as it was.
    Kept,
    /// It was handed over as memory.
    Moved,
    /// It was handed back as memory, as a panic in a call has left it: nothing else was kept.
    MovedAfterPanic,
    /// It is to be handed over as memory, if it turns out that both versions lay it out alike.
    Moves,
    /// It was kept as it was, by its encoding: it should have been handed over as memory.
    Encoded {
        /// Why it could not be.
        why: String,
    },
    /// It was migrated.
    Migrated {
        /// The version it had.
        from: u32,
        /// The version it has.
        to: u32,
    },
    /// The version before has written it in an older version, which this one knows.
    Downgraded {
        /// The version it had.
        from: u32,
        /// The version it has.
        to: u32,
    },
    /// The version before cannot write it in the older version that this one knows: the last state
    /// of that version, which the host has kept, goes on. What was newer is lost.
    TakenBack {
        /// The version that was kept.
        to: u32,
        /// Why the newer one could not become it.
        why: String,
    },
    /// Its shape had changed under an unchanged version; it was carried by the fields' names.
    Carried {
        /// Fields whose values were dropped.
        dropped: Vec<String>,
        /// Fields that have got a default value.
        defaulted: Vec<String>,
    },
    /// The version before goes on with the state that it had when it was replaced.
    AsBefore {
        /// Why it could not have the newer one.
        why: Vec<String>,
    },
    /// It was dropped, as configured, and the module started afresh.
    Dropped {
        /// Why it could not be kept.
        why: Vec<String>,
    },
}

impl StateNote {
    /// Whether something of it is gone.
    #[must_use]
    pub const fn has_lost(&self) -> bool {
        match self {
            Self::None
            | Self::Fresh
            | Self::Kept
            | Self::Moved
            | Self::Moves
            | Self::MovedAfterPanic
            | Self::Encoded { .. }
            | Self::Migrated { .. }
            | Self::Downgraded { .. } => false,
            Self::Carried { dropped, .. } => !dropped.is_empty(),
            Self::Dropped { .. } | Self::AsBefore { .. } | Self::TakenBack { .. } => true,
        }
    }

    /// What of it is gone.
    #[must_use]
    pub fn lost(&self) -> Vec<String> {
        match self {
            Self::Dropped { why } => vec![format!("the whole state: {}", why.join("; "))],
            Self::AsBefore { why } => {
                vec![format!("every change of the state since the upgrade: {}", why.join("; "))]
            }
            Self::TakenBack { why, .. } => vec![format!("the newer state: {why}")],
            Self::Carried { dropped, .. } => {
                dropped.iter().map(|field| format!("`{field}`")).collect()
            }
            Self::None
            | Self::Fresh
            | Self::Kept
            | Self::Moved
            | Self::MovedAfterPanic
            | Self::Moves
            | Self::Encoded { .. }
            | Self::Migrated { .. }
            | Self::Downgraded { .. } => Vec::new(),
        }
    }
}

impl fmt::Display for StateNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no state"),
            Self::Fresh => f.write_str("state fresh"),
            Self::Kept => f.write_str("state kept"),
            Self::Moved => f.write_str("state handed over as memory"),
            Self::MovedAfterPanic => {
                f.write_str("state handed back as memory, as a panic in a call has left it")
            }
            Self::Moves => f.write_str("state to be handed over as memory, else by its encoding"),
            Self::Encoded { why } => {
                write!(f, "state kept by its encoding, not handed over as memory ({why})")
            }
            Self::Migrated { from, to } => write!(f, "state migrated from version {from} to {to}"),
            Self::Downgraded { from, to } => {
                write!(f, "state downgraded from version {from} to {to}")
            }
            Self::TakenBack { to, why } => {
                write!(f, "newer state lost ({why}); the last state of version {to} goes on")
            }
            Self::Carried { dropped, defaulted } => {
                f.write_str("state carried by name")?;
                if !dropped.is_empty() {
                    write!(f, ", dropped {}", dropped.join(", "))?;
                }
                if !defaulted.is_empty() {
                    write!(f, ", defaulted {}", defaulted.join(", "))?;
                }
                Ok(())
            }
            Self::AsBefore { why } => write!(
                f,
                "every change of the state since the upgrade is lost ({})",
                why.join("; ")
            ),
            Self::Dropped { why } => write!(f, "state dropped ({})", why.join("; ")),
        }
    }
}
