//! Retired: what becomes of a generation that is no longer needed.
//!
//! Its instance is stopped and dropped once nobody is inside; its code stays mapped, because
//! pointers into it may be left that nobody can account for. For a slot whose interface lends values
//! as `#[same_build]` (`Schema::lends_rust_types`) that is for ever, whatever may be unloaded one day:
//! a module leaves vtables and pointers to constants in the host's own values.

use std::{sync::Arc, time::Instant};

use crate::{
    event::Retirement,
    gate::{Gate, Guarded as _},
    instance::{Generation, StepError},
    steps::Steps,
};

/// A generation that is no longer current.
#[derive(Debug)]
pub(crate) struct Retiring {
    pub(crate) number: u64,
    generation: Arc<Generation>,
    left: Left,
}

/// Whether callers have left a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// The gate was closed, with nobody inside.
    All,
    /// It was swapped out: some may be inside.
    Unknown,
}

impl Retiring {
    pub(crate) const fn new(number: u64, generation: Arc<Generation>, left: Left) -> Self {
        Self { number, generation, left }
    }

    /// The last generation of a slot, behind a gate that is closed for ever.
    pub(crate) const fn last(number: u64, generation: Arc<Generation>) -> Self {
        Self::new(number, generation, Left::All)
    }

    /// Gives those who are inside the time to leave, but for a call that was given up.
    pub(crate) fn wait_left(&self, gate: &Gate<Generation>, deadline: Instant) {
        if self.left == Left::Unknown && !self.is_abandoned() {
            // Who does not leave in time is found again when it is to be retired.
            let _ = gate.wait_left(self.number, deadline);
        }
    }

    fn is_abandoned(&self) -> bool {
        self.generation.exclusion().is_abandoned()
    }

    /// Retires it; comes back unchanged while somebody is inside.
    pub(crate) fn retire(
        self,
        gate: &Gate<Generation>,
        steps: &mut Steps,
        deadline: Instant,
    ) -> Result<Retirement, Self> {
        if self.left == Left::Unknown && gate.wait_left(self.number, Instant::now()).is_err() {
            if self.is_abandoned() {
                // The gate keeps the instance for as long as the call is inside.
                let why = "a call that hangs was given up with it".to_owned();
                return Ok(Retirement::Abandoned { why });
            }
            return Err(self);
        }
        if !self.generation.is_free() {
            let why = "its own code hangs in the instance".to_owned();
            return Ok(Retirement::Abandoned { why });
        }
        let generation = self.generation;
        // SAFETY: it is not current, and everybody has left it.
        let stopped = steps.run(deadline, move || unsafe { generation.stop() });
        Ok(match stopped.map_err(StepError::from).flatten() {
            Ok(()) => Retirement::Retained,
            Err(error) => Retirement::Abandoned { why: format!("its `stop`: {error}") },
        })
    }
}
