//! Snapshotted: the old instance is suspended and has written its state.
//!
//! # Safety
//! All of this happens while the gate is closed with nobody inside (`pause.rs` holds it). To take
//! a state it is enough that nobody changes the instance (`backup.rs` holds its lock, shared).

use std::{sync::Arc, time::Instant};

use hotswap_loader::{loader_lock, steps::Steps};

use super::Handover;
use crate::{
    instance::{Generation, StepError, Use},
    snapshot::Snapshot,
};

/// Whether the instance is there for whoever has the gate closed: code of its own that hangs in it is
/// inside for good, and the gate does not know of that.
fn alone_with(instance: &Generation) -> Result<(), StepError> {
    if instance.condition().is_free() { Ok(()) } else { Err(StepError::Failed(HANGS.to_owned())) }
}

/// What is the matter with an instance that nobody may have for himself any more.
const HANGS: &str = "its own code hangs in it";

/// Lets the old instance let go of what cannot be held twice.
pub(crate) fn suspend(old: &Generation) -> Result<(), StepError> {
    alone_with(old)?;
    // SAFETY: the gate is closed with nobody inside, and none of its own code is there.
    unsafe { old.suspend() }
}

/// Takes the state.
pub(crate) fn take(old: &Generation) -> Result<Snapshot, StepError> {
    // SAFETY: nobody changes the instance; see the module's text.
    let state = unsafe { old.snapshot() }?;
    Ok(Snapshot::new(Arc::clone(&old.code().manifest), state))
}

/// How many bytes the state has, encoded.
pub(super) fn size(old: &Generation) -> Result<u64, StepError> {
    // SAFETY: nobody changes the instance; see the module's text.
    unsafe { old.state_size() }
}

/// Takes the state as it is to be handed over.
pub(super) fn take_as(old: &Generation, handover: &Handover) -> Result<Snapshot, StepError> {
    match handover {
        Handover::State { from, downgraded: Some(_), .. } => take_older(old, *from),
        _ => take(old),
    }
}

/// Takes the state in an older version of its chain.
pub(crate) fn take_older(old: &Generation, version: u32) -> Result<Snapshot, StepError> {
    // SAFETY: nobody changes the instance; see the module's text.
    let state = unsafe { old.downgrade(version) }?;
    Ok(Snapshot::of_older(Arc::clone(&old.code().manifest), version, state))
}

/// Takes the state of a slot's last generation, which is not to go on. One that hangs is wedged.
pub(crate) fn take_last(
    last: &Arc<Generation>,
    steps: &mut Steps,
    deadline: Instant,
) -> Result<Snapshot, String> {
    if !last.condition().is_free() {
        return Err(HANGS.to_owned());
    }
    if last.condition().is_poisoned() {
        return Err("its instance has panicked and does not go on".to_owned());
    }
    // It would never begin, and is not to blame for that.
    loader_lock::wait_unlocked(deadline).map_err(|busy| busy.to_string())?;
    let ends = Arc::clone(last);
    let taken = steps.run(deadline, move || {
        suspend(&ends)?;
        take(&ends)
    });
    taken.map_err(StepError::from).flatten().map_err(|error| {
        if matches!(error, StepError::Hung { .. }) {
            last.condition().wedge(Use::Exclusive);
        }
        format!("its `suspend` or `state`: {error}")
    })
}

/// Lets the old instance go on.
pub(crate) fn resume(old: &Generation) -> Result<(), StepError> {
    alone_with(old)?;
    // SAFETY: the gate is closed with nobody inside, and none of its own code is there.
    unsafe { old.resume() }
}
