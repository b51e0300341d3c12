//! Migrating: the state takes the form of the candidate, in the candidate's memory.

use std::{borrow::Cow, mem};

use hotswap_abi::__private::state::{Carried, DroppedValues, carry_back};
use hotswap_types::StateNote;

use super::Handover;
use crate::{
    instance::{Context, State, StepError},
    snapshot::Snapshot,
};

/// A state in the form of the candidate.
pub(crate) struct Migrated {
    pub(crate) state: State,
    pub(crate) note: StateNote,
    /// What became of its fields, where it was carried by name.
    pub(crate) carried: Option<Carried>,
}

/// Decodes and migrates a snapshot; where its shape differs under the same version, it is carried
/// by the fields' names first. Fields that come back get what was dropped from them before.
pub(crate) fn migrate(
    context: &Context,
    snapshot: &Snapshot,
    handover: &Handover,
    dropped: &DroppedValues,
) -> Result<Migrated, StepError> {
    let &Handover::State { from, by_name, check, .. } = handover else {
        return Err(StepError::Failed("no state was to be handed over".to_owned()));
    };
    let mut note = handover.note();
    let ours = &snapshot.manifest;
    let mut bytes = Cow::Borrowed(&snapshot.state);
    let mut carried = None;
    if by_name {
        let theirs = &context.code().manifest;
        let stored = ours.states.iter().find(|state| state.version == from);
        let known = theirs.states.iter().find(|state| state.version == from);
        let (Some(stored), Some(known)) = (stored, known) else {
            return Err(StepError::Failed("the state's version is not known".to_owned()));
        };
        let (old, new) = ((&ours.types, &stored.shape), (&theirs.types, &known.shape));
        let mut all = carry_back(&bytes, old, new, dropped).map_err(StepError::NotCarried)?;
        bytes = Cow::Owned(mem::take(&mut all.bytes));
        let defaulted = mem::take(&mut all.defaulted);
        note = StateNote::Carried { dropped: all.dropped.clone(), defaulted };
        carried = Some(all);
    }
    let state = context.migrate(from, &bytes, check)?;
    Ok(Migrated { state, note, carried })
}
