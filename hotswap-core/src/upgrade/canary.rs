//! A canary: the candidate's instance is made, and gets a share of the calls beside the stable version. No state goes over.
//!
//! The gate chooses for each call (`Gate::begin_canary`). Both ways on are one store each: the candidate
//! gets all calls, or none.

use std::sync::Arc;

use hotswap_gate::{Arm, CanaryError, Gate, Weight};
use hotswap_types::Phase;

use super::{
    HandoverExtent, Prepared, Retiring, Unapplied, Upgrade,
    activate::{self, Undo},
};
use crate::instance::{Generation, Watch};

/// A candidate that serves beside the stable version.
#[derive(Debug)]
pub(crate) struct Canary {
    pub(crate) generation: Arc<Generation>,
}

impl Prepared {
    /// Whether it can serve beside what serves: neither has a state, and what serves is well.
    pub(crate) fn fits_as_canary(&self, gate: &Gate<Generation>) -> bool {
        let serves = gate.current().1;
        let condition = serves.condition();
        self.code().manifest.state().is_none()
            && serves.code().manifest.state().is_none()
            && condition.is_free()
            && !condition.is_poisoned()
    }
}

impl Upgrade<'_> {
    /// Makes the candidate's instance, and begins to send it a share of the calls. The watch has them from
    /// the first one on.
    pub(crate) fn begin_canary(
        &mut self,
        gate: &Gate<Generation>,
        mut prepared: Prepared,
        weight: Weight,
        watch: Arc<Watch>,
    ) -> Result<Canary, Unapplied> {
        let begun = prepared.still_fits(self.slot, self.config.state_drift).and_then(|()| {
            let generation = Arc::new(self.start(&prepared, self.at_work())?);
            generation.condition().watch(watch);
            let undo = Undo { deadline: self.at_work(), steps: self.steps };
            activate::begin_canary(gate, Arc::clone(&generation), weight, undo)?;
            Ok(generation)
        });
        match begun {
            Ok(generation) => {
                self.slot.has_numbered(generation.code().generation);
                self.reached(Phase::Activated);
                if let Some(hangs) = self.discard(prepared) {
                    tracing::warn!(slot = &*self.slot.name, "{hangs}");
                }
                Ok(Canary { generation })
            }
            Err(fault) => Err(fault.with_finding(self.discard(prepared)).into()),
        }
    }
}

impl Canary {
    /// All calls go to it from now on. Returns the version before.
    pub(crate) fn promote(&self, gate: &Gate<Generation>) -> Result<Retiring, CanaryError> {
        let (number, stable) = gate.settle(Arm::Canary)?;
        Ok(Retiring::new(number, stable, HandoverExtent::Unknown))
    }

    /// No call goes to it from now on; callers inside finish on it.
    pub(crate) fn abort(&self, gate: &Gate<Generation>) -> Result<Retiring, CanaryError> {
        let (number, canary) = gate.settle(Arm::Stable)?;
        Ok(Retiring::new(number, canary, HandoverExtent::Unknown))
    }
}
