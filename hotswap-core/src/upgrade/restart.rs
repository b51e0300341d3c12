//! A restart: another instance takes the place of one, without another artifact.
//!
//! A healthy one hands over its state as in an upgrade. A poisoned one, and one in which its own code
//! hangs, is left with it: what comes begins with the state of the last upgrade, also where it comes
//! with a new artifact.
//!
//! A poisoned instance is not asked for its state: what a panic has left half changed would be
//! migrated and live on. The state of the last upgrade is older and whole.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use hotswap_gate::{Closed, Gate};
use hotswap_types::{Phase, StateNote};

use super::{
    Applied, Fault, Handover, HandoverExtent, Incumbent, Prepared, Retiring, Upgrade, handover,
    load::Loaded, prepare, progress::Step, snapshot,
};
use crate::{
    instance::{Generation, StepError, Use},
    snapshot::Snapshot,
};

/// An instance that was put in the place of another one of the same code.
#[derive(Debug)]
pub(crate) struct Restarted {
    pub(crate) generation: u64,
    pub(crate) state: StateNote,
    pub(crate) pause: Duration,
    /// When the state was taken, if it is that of the last upgrade.
    pub(crate) restored: Option<SystemTime>,
}

impl Upgrade<'_> {
    /// Puts a new instance of the code that serves in the place of the one that does. On a fault
    /// that one stays.
    pub(crate) fn restart(&mut self) -> Result<Restarted, Fault> {
        let gate = self.slot.gate().cloned().expect("a slot that was opened has served");
        let code = Arc::clone(gate.current().1.code());
        let before = Incumbent::of(self.slot);
        let handover = handover(&code.manifest, before.as_ref(), self.config.state_drift)?;
        let loaded = Loaded { code, handover };
        let mut prepared = prepare::prepare(loaded, self.slot, self.steps, self.at_work())?;
        if let Err(fault) = self.begin_beside(&gate, &mut prepared) {
            return Err(fault.with_finding(self.discard(prepared)));
        }
        let begun = Instant::now();
        let applied = match prepared.handover {
            Handover::State { .. } => self.with_pause(&gate, &mut prepared),
            _ => match self.quiesce(&gate, self.config.pause_deadline) {
                Ok(closed) => self.in_place_of_poisoned(closed, &prepared),
                Err(stuck) => Err(Fault::not_quiet(&stuck)),
            },
        };
        let hangs = self.discard(prepared);
        let applied = applied.map_err(|fault| fault.with_finding(hangs))?;
        let Applied { code, state, pause, restored, old } = applied;
        if let Some(old) = old {
            old.stop_instance(self.steps, self.at_work());
        }
        let pause = pause.unwrap_or_else(|| begun.elapsed());
        Ok(Restarted { generation: code.generation, state, pause, restored })
    }

    /// Puts a new instance of the code that serves, which begins with a stored state, in the place of
    /// the one that does. On a fault that one goes on.
    pub(crate) fn restart_with(&mut self, stored: &Arc<Snapshot>) -> Result<Restarted, Fault> {
        let gate = self.slot.gate().cloned().expect("a slot that was opened has served");
        let code = Arc::clone(gate.current().1.code());
        let before = Incumbent::stored(stored);
        let handover = handover(&code.manifest, Some(&before), self.config.state_drift)?;
        if !matches!(handover, Handover::State { .. }) {
            let advice = "choose a backup that the module can read";
            return Err(Fault::rejected(Phase::Assessed, handover.note(), advice));
        }
        let loaded = Loaded { code, handover };
        let prepared = prepare::prepare(loaded, self.slot, self.steps, self.at_work())?;
        let restarted = self.begin_with(stored, &gate, &prepared);
        // Module code drops it: not here, where nobody would give it up.
        let hangs = self.discard(prepared);
        restarted.map_err(|fault| fault.with_finding(hangs))
    }

    fn begin_with(
        &mut self,
        stored: &Arc<Snapshot>,
        gate: &Gate<Generation>,
        prepared: &Prepared,
    ) -> Result<Restarted, Fault> {
        let code = Arc::clone(prepared.code());
        let patience = self.config.pause_deadline;
        let closed = self.quiesce(gate, patience).map_err(|stuck| Fault::not_quiet(&stuck))?;
        let begun = closed.since();
        let deadline = begun + patience;
        let (number, old) = (closed.number(), Arc::clone(closed.value()));
        let (is_free, is_poisoned) = (old.condition().is_free(), old.condition().is_poisoned());
        let again = Arc::clone(&old);
        let suspend = move || if is_free { snapshot::suspend(&again) } else { Ok(()) };
        let started = match self.steps.run(deadline, suspend).map_err(StepError::from).flatten() {
            // One that does not go on need not have ended well.
            Err(error) if !is_poisoned || matches!(error, StepError::Hung { .. }) => {
                Err((Fault::of_serving(Phase::Snapshotted, "suspend", &error), error))
            }
            _ => self
                .restore(prepared, stored, &prepared.handover, deadline)
                .map_err(|fault| (fault, StepError::Failed(String::new()))),
        };
        let (generation, state) = started.map_err(|(fault, error)| {
            let resumed = if is_free { self.resume(&old, Step::Suspend, &error) } else { Ok(()) };
            fault.with_finding(resumed.err())
        })?;
        closed.activate(code.generation, Arc::new(generation));
        Retiring::new(number, old, HandoverExtent::All).stop_instance(self.steps, self.at_work());
        let (generation, restored) = (code.generation, Some(stored.taken()));
        Ok(Restarted { generation, state, pause: begun.elapsed(), restored })
    }

    /// Lets a candidate take over from an instance that is left with its state.
    pub(super) fn in_place_of_poisoned(
        &mut self,
        closed: Closed<'_, Generation>,
        prepared: &Prepared,
    ) -> Result<Applied, Fault> {
        let begun = closed.since();
        let deadline = begun + self.config.pause_deadline;
        let (number, old) = (closed.number(), Arc::clone(closed.value()));
        let left = if old.condition().is_free() {
            "its instance has panicked and does not go on"
        } else {
            "its own code hangs in its instance"
        };
        let again = Arc::clone(&old);
        // It lets go of what cannot be held twice, as far as it still can.
        let suspended = self.steps.run(deadline, move || snapshot::suspend(&again));
        match suspended.map_err(StepError::from).flatten() {
            Ok(()) => {}
            Err(StepError::Hung { .. }) => old.condition().wedge(Use::Exclusive),
            Err(error) => tracing::warn!(slot = &*self.slot.name, "its `suspend`: {error}"),
        }
        let (generation, state, restored) = self.start_anew(prepared, left, deadline)?;
        let code = Arc::clone(generation.code());
        closed.activate(code.generation, Arc::new(generation));
        let old = Some(Retiring::new(number, old, HandoverExtent::All));
        Ok(Applied { code, state, pause: Some(begun.elapsed()), restored, old })
    }
}
