//! Activated: the candidate's instance is made, and calls go to it. The point of no return.

use std::{sync::Arc, time::Instant};

use hotswap_gate::{Gate, Weight};
use hotswap_loader::steps::Steps;
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
    undo: Undo<'_>,
) -> Result<Arc<Generation>, Fault> {
    let number = generation.code().generation;
    gate.swap(number, Arc::clone(&generation)).map_err(|busy| undo.stop(generation, busy))
}

/// Lets a share of new callers enter the candidate, beside the generation that serves.
pub(super) fn begin_canary(
    gate: &Gate<Generation>,
    generation: Arc<Generation>,
    weight: Weight,
    undo: Undo<'_>,
) -> Result<(), Fault> {
    let code = Arc::clone(generation.code());
    let salt = code.artifact.map_or([0; 32], |artifact| *artifact.as_bytes());
    let begun = gate.begin_canary(code.generation, Arc::clone(&generation), weight, salt);
    begun.map_err(|error| undo.stop(generation, error))
}

/// What stops an instance that nobody gets to see: its code may hang, so it is a step.
pub(super) struct Undo<'a> {
    pub(super) steps: &'a mut Steps,
    pub(super) deadline: Instant,
}

impl Undo<'_> {
    fn stop(self, generation: Arc<Generation>, why: impl ToString) -> Fault {
        // SAFETY: the gate has not taken it, so nobody has seen it.
        let _ = self.steps.run(self.deadline, move || unsafe { generation.stop() });
        Fault::cancelled(Phase::Activated, why, "one upgrade of a slot at a time")
    }
}
