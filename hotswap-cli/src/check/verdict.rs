//! Verdicts, and what would become of the state, in the shape that scripts read.

use hotswap_core::{
    StateDrift,
    artifact::{Artifact, Objection, StateFate},
};
use serde::Serialize;

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Fits,
    Refused,
    Unjudged,
}

/// What would become of the state.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StateReport {
    /// `none`, `fresh`, `kept`, `migrated`, `carried`, `dropped`.
    pub(crate) fate: &'static str,
    /// The version that is stored, where it is handed over in another one.
    pub(crate) from: Option<u32>,
    /// The version that is made of it.
    pub(crate) to: Option<u32>,
    /// What differs, or why it is dropped.
    pub(crate) differences: Vec<String>,
    /// The same for people.
    pub(crate) text: String,
}

/// Whether one artifact would follow another.
pub(crate) enum Succession {
    Taken(StateReport),
    Refused(Objection),
}

impl Succession {
    pub(crate) fn of(new: &Artifact, old: &Artifact, drift: StateDrift) -> Self {
        match new.succeeds(old, drift) {
            Ok(fate) => Self::Taken(fate.into()),
            Err(objection) => Self::Refused(objection),
        }
    }
}

impl From<StateFate> for StateReport {
    fn from(fate: StateFate) -> Self {
        let text = match &fate {
            StateFate::CarriedByName { .. } => {
                "carried by its fields' names, as far as the values allow".to_owned()
            }
            StateFate::Dropped { .. } => "dropped; the module starts afresh".to_owned(),
            fate => {
                let text = fate.to_string();
                text.strip_prefix("state ").map_or_else(|| "none".to_owned(), str::to_owned)
            }
        };
        let (word, from, to, differences) = match fate {
            StateFate::None => ("none", None, None, Vec::new()),
            StateFate::Fresh => ("fresh", None, None, Vec::new()),
            StateFate::Kept { .. } => ("kept", None, None, Vec::new()),
            StateFate::Migrated { from, to } => ("migrated", Some(from), Some(to), Vec::new()),
            StateFate::Downgraded { from, to } => ("downgraded", Some(from), Some(to), Vec::new()),
            StateFate::CarriedByName { from, to, differences } => {
                ("carried", Some(from), Some(to), differences)
            }
            StateFate::Dropped { why } => ("dropped", None, None, why),
            _ => ("unknown", None, None, Vec::new()),
        };
        Self { fate: word, from, to, differences, text }
    }
}
