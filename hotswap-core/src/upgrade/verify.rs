//! The module's own judgement of an instance that is on trial, when that ends.

use std::{fmt::Display, time::Duration};

use hotswap_gate::Gate;

use crate::instance::{Generation, StepError};

/// `Module::verify` of what is on trial, beside other `&self` calls: of the canary
/// where there is one, whatever its weight, else of what serves. Waits for the way in at most for
/// `budget`, and for the lock as long as it takes: this is a step, with a deadline of its own.
pub(crate) fn verify(gate: &Gate<Generation>, budget: Duration) -> Result<(), StepError> {
    let failed = |error: &dyn Display| StepError::Failed(error.to_string());
    let canary = gate.preview(budget).transpose();
    let entered =
        canary.unwrap_or_else(|| gate.enter(budget)).map_err(|refused| failed(&refused))?;
    let _lock = entered.shared().map_err(|error| failed(&error))?;
    // SAFETY: this thread is inside, and shares the lock.
    unsafe { entered.verify() }
}
