//! Admitted: an artifact that fits, and that a rehearsal, where the slot has one, has not refused.
//!
//! The verdict holds for the instance that served when it was reached, the [`Baseline`]: a rehearsal
//! or an approval may take long, and what serves may be another version then.

use std::sync::{Arc, Weak};

use super::Assessed;
use crate::{event::RehearsalReport, instance::Generation, slot::SlotCore};

/// What fits, and went well in a rehearsal where there is one.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) assessed: Assessed,
    pub(crate) outcome: RehearsalOutcome,
    pub(crate) baseline: Baseline,
}

/// What is to be told of it.
#[derive(Debug, Clone)]
pub(crate) enum RehearsalOutcome {
    /// Nobody has asked for a rehearsal.
    NotAsked,
    /// It cannot be done here.
    Not(&'static str),
    /// It went well.
    Well(Arc<RehearsalReport>),
}

/// The instance that served when an artifact was judged, if one did. Another one may have another
/// state, also where its code is the same.
#[derive(Debug, Clone)]
pub(crate) struct Baseline(Option<Weak<Generation>>);

impl Baseline {
    /// What serves now.
    pub(crate) fn now(slot: &SlotCore) -> Self {
        Self(slot.gate().map(|gate| Arc::downgrade(&gate.current().1)))
    }

    /// Whether it still does.
    pub(crate) fn serves(&self, slot: &SlotCore) -> bool {
        match (&self.0, Self::now(slot).0) {
            (None, None) => true,
            (Some(then), Some(now)) => then.ptr_eq(&now),
            _ => false,
        }
    }
}

impl Admitted {
    /// What is not to be rehearsed.
    pub(crate) fn unrehearsed(assessed: Assessed, slot: &SlotCore) -> Self {
        Self { assessed, outcome: RehearsalOutcome::NotAsked, baseline: Baseline::now(slot) }
    }

    /// What cannot be rehearsed.
    pub(crate) fn not(assessed: Assessed, slot: &SlotCore, why: &'static str) -> Self {
        Self { outcome: RehearsalOutcome::Not(why), ..Self::unrehearsed(assessed, slot) }
    }
}
