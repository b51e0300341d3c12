//! Retired: what becomes of a generation that is no longer needed.
//!
//! Its instance is stopped and dropped once nobody is inside. Then nobody owns its code any more, and
//! where it is to be unloaded the reaper has it ([`hotswap_loader::LibraryPins`]). For a slot whose interface
//! lends values as `#[same_build]` (`Schema::lends_rust_types`) it is retained for ever: a module
//! leaves vtables and pointers to constants in the host's own values.

use std::{sync::Arc, time::Instant};

use hotswap_gate::{Gate, Guarded as _};
use hotswap_loader::steps::Steps;
use hotswap_types::Holder;

use crate::{
    event::Retirement,
    instance::{Generation, LayoutMatch, Resident, Stage, StepError},
    slot::origin_of,
};

/// A generation that is no longer current.
#[derive(Debug)]
pub(crate) struct Retiring {
    pub(crate) number: u64,
    generation: Arc<Generation>,
    left: HandoverExtent,
    /// How its state can come back, where it was handed over as memory.
    moved: Option<LayoutMatch>,
}

/// Whether callers have left a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandoverExtent {
    /// The gate was closed, with nobody inside.
    All,
    /// It was swapped out: some may be inside.
    Unknown,
}

impl Retiring {
    pub(crate) fn new(number: u64, generation: Arc<Generation>, left: HandoverExtent) -> Self {
        if let Some(resident) = generation.code().resident() {
            resident.set_stage(Stage::Replaced { at: Instant::now() });
        }
        Self { number, generation, left, moved: None }
    }

    /// Its state was handed over as memory.
    pub(crate) fn moved(mut self, layout_match: LayoutMatch) -> Self {
        self.moved = Some(layout_match);
        self
    }

    /// How its state can come back, where it was handed over as memory.
    pub(crate) const fn layout_match(&self) -> Option<&LayoutMatch> {
        self.moved.as_ref()
    }

    /// The last generation of a slot, behind a gate that is closed for ever.
    pub(crate) fn last(number: u64, generation: Arc<Generation>) -> Self {
        Self::new(number, generation, HandoverExtent::All)
    }

    /// Gives those who are inside the time to leave, but for a call that was given up.
    pub(crate) fn wait_left(&self, gate: &Gate<Generation>, deadline: Instant) {
        if self.left == HandoverExtent::Unknown && !self.is_abandoned() {
            // Who does not leave in time is found again when it is to be retired.
            let _ = gate.wait_left(self.number, deadline);
        }
    }

    /// The instance.
    pub(crate) const fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// Whether callers have left it. If they have, its state went over, and it is suspended.
    pub(crate) const fn left(&self) -> HandoverExtent {
        self.left
    }

    /// Nobody needs it any more.
    pub(crate) fn is_let_go(&self) {
        if let Some(resident) = self.resident() {
            resident.set_stage(Stage::Replaced { at: Instant::now() });
        }
    }

    /// It is kept ready to serve again.
    pub(crate) fn is_kept_ready(&self) {
        if let Some(resident) = self.resident() {
            resident.set_stage(Stage::Ready);
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.generation.exclusion().is_abandoned()
    }

    /// Its place among the generations in memory.
    pub(crate) fn resident(&self) -> Option<&Arc<Resident>> {
        self.generation.code().resident()
    }

    /// Whether it is unloaded when nobody owns it any more.
    pub(crate) fn is_unloaded(&self) -> bool {
        self.generation.code().retained().is_none()
    }

    /// Retires it; comes back unchanged while somebody is inside. `None` when it is now the reaper's:
    /// what becomes of it is told later.
    pub(crate) fn retire(
        self,
        gate: &Gate<Generation>,
        steps: &mut Steps,
        deadline: Instant,
    ) -> Result<Option<Retirement>, Self> {
        if self.left == HandoverExtent::Unknown
            && gate.wait_left(self.number, Instant::now()).is_err()
        {
            if self.is_abandoned() {
                // The gate keeps the instance for as long as the call is inside.
                return Ok(Some(self.abandoned("a call that hangs was given up with it")));
            }
            return Err(self);
        }
        if !self.generation.condition().is_free() {
            return Ok(Some(self.abandoned("its own code hangs in the instance")));
        }
        let retained = self.generation.code().retained();
        let resident = self.resident().cloned();
        let state_with = resident.as_ref().and_then(|resident| origin_of(resident, gate));
        let set_stage = |held: &Holder| {
            if let Some(resident) = &resident {
                resident.set_stage(Stage::Stays { held: held.clone() });
            }
        };
        // Before the last owner goes: then the reaper says what it is.
        if let Some(held) = &retained {
            set_stage(held);
        }
        let generation = self.generation;
        // SAFETY: it is not current, and everybody has left it.
        let stopped = steps.run(deadline, move || unsafe { generation.stop() });
        Ok(match (stopped.map_err(StepError::from).flatten(), retained) {
            (Ok(()), None) => state_with
                .map(|generation| Retirement::Retained { by: vec![Holder::State { generation }] }),
            (Ok(()), Some(held)) => Some(Retirement::Retained { by: vec![held] }),
            (Err(error), _) => {
                let why = format!("its `stop`: {error}");
                if matches!(error, StepError::Hung { .. }) {
                    set_stage(&Holder::Abandoned { why: why.clone() });
                }
                Some(Retirement::Abandoned { why })
            }
        })
    }

    /// Stops an instance that was replaced by another one of the same code. One in which callers were
    /// given up is left to them: the gate keeps it until they have come out.
    pub(crate) fn stop_instance(self, steps: &mut Steps, deadline: Instant) {
        let Self { number, generation, left, moved: _ } = self;
        let code = Arc::clone(generation.code());
        if left == HandoverExtent::Unknown {
            tracing::warn!(generation = number, "a replaced instance stays with callers inside");
        } else if generation.condition().is_free() {
            // SAFETY: it is not current, and everybody has left it.
            let stopped = steps.run(deadline, move || unsafe { generation.stop() });
            if let Err(error) = stopped.map_err(StepError::from).flatten() {
                tracing::warn!(generation = number, "the `stop` of a replaced instance: {error}");
            }
        }
        if let Some(resident) = code.resident() {
            resident.set_stage(Stage::Serves);
        }
    }

    fn abandoned(&self, why: &str) -> Retirement {
        let why = why.to_owned();
        if let Some(resident) = self.resident() {
            resident.set_stage(Stage::Stays { held: Holder::Abandoned { why: why.clone() } });
        }
        Retirement::Abandoned { why }
    }
}
