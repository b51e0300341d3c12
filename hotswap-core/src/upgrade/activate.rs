//! Activated: the candidate's instance is made, and calls go to it. The point of no return.

use std::sync::Arc;

use hotswap_gate::Gate;
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
