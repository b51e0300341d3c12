//! Migrating: the state takes the form of the candidate, in the candidate's memory.

use std::borrow::Cow;

use hotswap_abi::state::carry;

use super::Handover;
use crate::{
    event::StateNote,
    instance::{Context, State, StepError},
    snapshot::Snapshot,
};

/// Decodes and migrates a snapshot; where its shape differs under the same version, it is carried
/// by the fields' names first.
pub(super) fn migrate(
    context: &Context,
    snapshot: &Snapshot,
    handover: &Handover,
) -> Result<(State, StateNote), StepError> {
    let &Handover::State { from, by_name, check, .. } = handover else {
        return Err(StepError::Failed("no state was to be handed over".to_owned()));
    };
    let mut note = handover.note();
    let ours = &snapshot.manifest;
    let mut bytes = Cow::Borrowed(&snapshot.state);
    if by_name {
        let theirs = &context.code().manifest;
        let stored = ours.states.iter().find(|state| state.version == from);
        let known = theirs.states.iter().find(|state| state.version == from);
        let (Some(stored), Some(known)) = (stored, known) else {
            return Err(StepError::Failed("the state's version is not known".to_owned()));
        };
        let carried = carry(&bytes, (&ours.types, &stored.shape), (&theirs.types, &known.shape))
            .map_err(|error| StepError::Failed(error.to_string()))?;
        bytes = Cow::Owned(carried.bytes);
        note = StateNote::Carried { dropped: carried.dropped, defaulted: carried.defaulted };
    }
    let state = context.migrate(from, &bytes, check)?;
    Ok((state, note))
}
