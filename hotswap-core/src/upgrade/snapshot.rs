//! Snapshotted: the old instance is suspended and has written its state.
//!
//! # Safety
//! All of this happens while the gate is closed with nobody inside (`upgrade.rs` holds it).

use crate::instance::{Generation, StepError};

/// An encoded state.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) bytes: Vec<u8>,
}

/// Lets the old instance let go of what cannot be held twice.
pub(super) fn suspend(old: &Generation) -> Result<(), StepError> {
    // SAFETY: the gate is closed with nobody inside.
    unsafe { old.suspend() }
}

/// Takes the state.
pub(super) fn take(old: &Generation) -> Result<Snapshot, StepError> {
    // SAFETY: the gate is closed with nobody inside.
    unsafe { old.snapshot() }.map(|bytes| Snapshot { bytes })
}

/// Lets the old instance go on.
pub(super) fn resume(old: &Generation) -> Result<(), StepError> {
    // SAFETY: the gate is closed with nobody inside.
    unsafe { old.resume() }
}
