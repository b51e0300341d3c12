//! Activated: the candidate's instance is made, and calls go to it. The point of no return.

use std::sync::Arc;

use hotswap_gate::{Gate, Weight};
use hotswap_types::Phase;

use super::Fault;
use crate::instance::{Begin, Context, Generation, StepError};

/// Makes the instance and lets it test itself; nobody can call it yet.
pub(super) fn start(context: &Context, from: Begin) -> Result<Generation, StepError> {
    context.start(from)
}

/// Lets new callers enter the candidate; returns the generation that it replaced.
pub(super) fn swap(
    gate: &Gate<Generation>,
    generation: Arc<Generation>,
) -> Result<Arc<Generation>, Fault> {
    let number = generation.code().generation;
    gate.swap(number, Arc::clone(&generation)).map_err(|busy| {
        // SAFETY: nobody has seen the candidate's instance.
        let _ = unsafe { generation.stop() };
        Fault::cancelled(Phase::Activated, busy, "one upgrade of a slot at a time")
    })
}

/// Lets a share of new callers enter the candidate, beside the generation that serves.
pub(super) fn begin_canary(
    gate: &Gate<Generation>,
    generation: Arc<Generation>,
    weight: Weight,
) -> Result<(), Fault> {
    let code = Arc::clone(generation.code());
    let salt = code.artifact.map_or([0; 32], |artifact| *artifact.as_bytes());
    gate.begin_canary(code.generation, Arc::clone(&generation), weight, salt).map_err(|error| {
        // SAFETY: nobody has seen the candidate's instance.
        let _ = unsafe { generation.stop() };
        Fault::cancelled(Phase::Activated, error, "one upgrade of a slot at a time")
    })
}
