//! What would become of the state.

use std::fmt;

use crate::upgrade::Handover;

/// What would become of the state in an upgrade, as far as the manifests tell: the values are not
/// known, so what a migration makes of them is not either.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateFate {
    /// The module has none.
    None,
    /// The module starts with a new one: the version before has none to hand over.
    Fresh,
    /// Handed over as it is.
    Kept {
        /// A part is known by the name of its type only: it is decoded and encoded again before
        /// it counts.
        checked: bool,
    },
    /// Migrated by the new version.
    Migrated {
        /// The version that is stored.
        from: u32,
        /// The version that is made of it.
        to: u32,
    },
    /// Written in an older version by the one that serves, where its migrations can go back.
    Downgraded {
        /// The version it has.
        from: u32,
        /// The version that is made of it.
        to: u32,
    },
    /// Its shape differs under the same version: carried by the fields' names.
    CarriedByName {
        /// The version that is stored.
        from: u32,
        /// The version that is made of it.
        to: u32,
        /// What differs, a line each.
        differences: Vec<String>,
    },
    /// Dropped, and the module starts afresh.
    Dropped {
        /// Why it could not be kept.
        why: Vec<String>,
    },
}

impl StateFate {
    pub(super) fn of(handover: Handover, differences: impl FnOnce() -> Vec<String>) -> Self {
        match handover {
            Handover::None => Self::None,
            Handover::Fresh => Self::Fresh,
            Handover::Drop { why } => Self::Dropped { why },
            Handover::State { from, to, by_name: true, .. } => {
                Self::CarriedByName { from, to, differences: differences() }
            }
            Handover::State { downgraded: Some(from), to, .. } => Self::Downgraded { from, to },
            Handover::State { from, to, check: checked, .. } => {
                if from == to {
                    Self::Kept { checked }
                } else {
                    Self::Migrated { from, to }
                }
            }
        }
    }
}

impl fmt::Display for StateFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no state"),
            Self::Fresh => f.write_str("state fresh"),
            Self::Kept { checked: false } => f.write_str("state kept"),
            Self::Kept { checked: true } => f.write_str("state kept, after a check of its values"),
            Self::Migrated { from, to } => write!(f, "state migrated from version {from} to {to}"),
            Self::Downgraded { from, to } => write!(
                f,
                "state downgraded from version {from} to {to}, where the migrations of the one that \
                 serves can go back"
            ),
            Self::CarriedByName { differences, .. } => {
                write!(f, "state carried by name ({})", differences.join("; "))
            }
            Self::Dropped { why } => write!(f, "state dropped ({})", why.join("; ")),
        }
    }
}
