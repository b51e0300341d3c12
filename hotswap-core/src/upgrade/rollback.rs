//! The way back from a trial: the version before serves again.
//!
//! The state goes back as it came: the candidate writes it in a version that the one before knows
//! (its `Migrate::downgrade`), and a new instance of that one begins with it, so no update of the
//! trial is lost. Where that cannot be done the suspended instance goes on with its own state, and
//! the note says what is lost. Callers who hang in the candidate are given up with it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_gate::{Gate, Guarded as _};
use hotswap_types::StateNote;

use super::{
    Fault, GRACE, Handover, HandoverExtent, Incumbent, Prepared, Retiring, Upgrade, activate,
    handover,
    load::Loaded,
    migrate::{self, Migrated},
    prepare,
    progress::{Progress, Step},
    snapshot,
};
use crate::instance::{Begin, Code, Generation, StepError, Use};

/// The version before, which serves again.
pub(crate) struct RolledBack {
    pub(crate) code: Arc<Code>,
    pub(crate) state: StateNote,
    pub(crate) pause: Option<Duration>,
    /// What was on trial.
    pub(crate) candidate: Retiring,
}

/// Why the candidate serves on.
pub(crate) struct NotRolledBack {
    pub(crate) why: Vec<String>,
    /// The version before.
    pub(crate) previous: Retiring,
    /// It is as it was, and can be tried again: callers did not leave the candidate.
    pub(crate) again: bool,
}

impl Upgrade<'_> {
    /// Lets the version before take over again. `patient` waits for callers to leave the candidate,
    /// and comes back with them; otherwise they stay in it.
    pub(crate) fn roll_back(
        &mut self,
        previous: Retiring,
        patient: bool,
    ) -> Result<RolledBack, NotRolledBack> {
        let gate = self.slot.gate().cloned().expect("a slot that was upgraded has served");
        if previous.left() == HandoverExtent::Unknown {
            return self.back_without_pause(&gate, previous);
        }
        if let Some(layout_match) = previous.layout_match().cloned() {
            return self.move_back(&gate, previous, &layout_match, patient);
        }
        let candidate = gate.current().1;
        // Everything slow before the pause.
        let way = if patient { self.way_back(&previous, &candidate) } else { Err(Vec::new()) };
        let patience = if patient { self.config.pause_deadline } else { GRACE };
        let closed = match self.quiesce(&gate, patience) {
            Ok(closed) => closed,
            Err(stuck) if patient => {
                let inside = stuck.inside().iter().map(|inside| format!("inside: {inside}"));
                let hangs = way.ok().and_then(|prepared| self.discard(prepared));
                let why = std::iter::once(stuck.to_string()).chain(inside).chain(hangs).collect();
                return Err(NotRolledBack { why, previous, again: true });
            }
            Err(stuck) => return self.back_past_those_inside(&gate, previous, &stuck.to_string()),
        };
        let (number, begun) = (closed.number(), closed.since());
        let deadline = begun + self.config.pause_deadline;
        let mut why = match way {
            Ok(prepared) => match self.take_back(&candidate, prepared, deadline) {
                Ok((generation, state)) => {
                    let code = Arc::clone(generation.code());
                    closed.activate(code.generation, Arc::new(generation));
                    previous.stop_instance(self.steps, self.at_work());
                    let candidate = Retiring::new(number, candidate, HandoverExtent::All);
                    let pause = Some(begun.elapsed());
                    return Ok(RolledBack { code, state, pause, candidate });
                }
                Err(why) => vec![why],
            },
            Err(why) => why,
        };
        match self.resume_suspended(previous.generation()) {
            Ok(()) => {
                let code = Arc::clone(previous.generation().code());
                closed.activate(code.generation, Arc::clone(previous.generation()));
                let candidate = Retiring::new(number, candidate, HandoverExtent::All);
                let (state, pause) = (StateNote::AsBefore { why }, Some(begun.elapsed()));
                Ok(RolledBack { code, state, pause, candidate })
            }
            Err(error) => {
                why.push(error);
                // It may have been suspended on the way.
                if candidate.condition().is_free()
                    && let Err(error) = self.resume_suspended(&candidate)
                {
                    why.push(format!("of the candidate: {error}"));
                }
                drop(closed);
                Err(NotRolledBack { why, previous, again: false })
            }
        }
    }

    /// The version before, ready to begin with the candidate's state; or why it cannot.
    fn way_back(
        &mut self,
        previous: &Retiring,
        candidate: &Generation,
    ) -> Result<Prepared, Vec<String>> {
        if candidate.condition().is_poisoned() {
            return Err(vec!["a panic has left the candidate's instance half changed".to_owned()]);
        }
        let code = Arc::clone(previous.generation().code());
        let before =
            Incumbent::serving(&candidate.code().manifest, candidate.condition().is_free());
        let found = handover(&code.manifest, Some(&before), self.config.state_drift);
        let handover = match found.map_err(|fault| fault.findings)? {
            handover @ Handover::State { .. } => handover,
            Handover::Drop { why } => return Err(why),
            Handover::None | Handover::Fresh => {
                return Err(vec!["the candidate has no state".to_owned()]);
            }
        };
        let loaded = Loaded { code, handover };
        let prepared = prepare::prepare(loaded, self.slot, self.steps, self.at_work());
        prepared.map_err(|fault: Fault| fault.findings)
    }

    /// Takes the state from the candidate, and starts a new instance of the version before with it.
    fn take_back(
        &mut self,
        candidate: &Arc<Generation>,
        prepared: Prepared,
        deadline: Instant,
    ) -> Result<(Generation, StateNote), String> {
        let progress = Arc::new(Progress::default());
        let (at, newer) = (Arc::clone(&progress), Arc::clone(candidate));
        let (handover, context) = (prepared.handover.clone(), Arc::clone(&prepared.context));
        let dropped = self.slot.undo.lock().values();
        // The gate is closed with nobody inside until this is over, or the candidate is wedged.
        let work = move || -> Result<_, StepError> {
            at.enter(Step::Suspend);
            snapshot::suspend(&newer)?;
            at.enter(Step::Snapshot);
            let snapshot = snapshot::take_as(&newer, &handover)?;
            at.enter(Step::Migrate);
            let Migrated { state, note, carried } =
                migrate::migrate(&context, &snapshot, &handover, &dropped)?;
            at.enter(Step::Start);
            Ok((activate::start(&context, Begin::Upgraded(state))?, note, carried))
        };
        let taken = self.steps.run(deadline, work).map_err(StepError::from).flatten();
        let handover = prepared.handover.clone();
        if let Some(hangs) = self.discard(prepared) {
            tracing::warn!(slot = &*self.slot.name, "{hangs}");
        }
        let (generation, note, carried) = taken.map_err(|error| {
            let (step, hung) = (progress.step(), matches!(error, StepError::Hung { .. }));
            if hung && matches!(step, Step::Suspend | Step::Snapshot) {
                candidate.condition().wedge(Use::Exclusive);
            }
            step.fault(&error, &handover).findings.join("; ")
        })?;
        self.carried(carried);
        Ok((generation, note))
    }

    /// No state went over: the instance before was not suspended, and goes on.
    fn back_without_pause(
        &mut self,
        gate: &Gate<Generation>,
        previous: Retiring,
    ) -> Result<RolledBack, NotRolledBack> {
        let (number, candidate) = gate.current();
        let generation = Arc::clone(previous.generation());
        let code = Arc::clone(generation.code());
        let state = match (candidate.code().manifest.state(), code.manifest.state()) {
            (None, None) => StateNote::None,
            _ => StateNote::AsBefore {
                why: vec!["its state did not come from the version before".to_owned()],
            },
        };
        match gate.swap(code.generation, generation) {
            Ok(candidate) => {
                let candidate = Retiring::new(number, candidate, HandoverExtent::Unknown);
                Ok(RolledBack { code, state, pause: None, candidate })
            }
            Err(busy) => {
                let why = vec![busy.to_string()];
                Err(NotRolledBack { why, previous, again: true })
            }
        }
    }

    /// Callers hang in the candidate: they stay in it.
    fn back_past_those_inside(
        &mut self,
        gate: &Gate<Generation>,
        previous: Retiring,
        stuck: &str,
    ) -> Result<RolledBack, NotRolledBack> {
        let (number, candidate) = gate.current();
        candidate.exclusion().abandon();
        if let Err(why) = self.resume_suspended(previous.generation()) {
            let why = vec![stuck.to_owned(), why];
            return Err(NotRolledBack { why, previous, again: false });
        }
        let code = Arc::clone(previous.generation().code());
        match gate.swap(code.generation, Arc::clone(previous.generation())) {
            Ok(candidate) => {
                let candidate = Retiring::new(number, candidate, HandoverExtent::Unknown);
                let why = vec![format!("callers are given up in it: {stuck}")];
                let state = StateNote::AsBefore { why };
                Ok(RolledBack { code, state, pause: None, candidate })
            }
            Err(busy) => {
                let why = vec![busy.to_string()];
                Err(NotRolledBack { why, previous, again: false })
            }
        }
    }

    pub(super) fn resume_suspended(&mut self, instance: &Arc<Generation>) -> Result<(), String> {
        let deadline = Instant::now() + self.config.pause_deadline;
        let again = Arc::clone(instance);
        let resumed = self.steps.run(deadline, move || snapshot::resume(&again));
        resumed.map_err(StepError::from).flatten().map_err(|error| {
            if matches!(error, StepError::Hung { .. }) {
                instance.condition().wedge(Use::Exclusive);
            }
            format!("the old version's `resume`: {error}")
        })
    }
}
