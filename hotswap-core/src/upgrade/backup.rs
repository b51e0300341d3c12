//! Backed up: a copy of the state is taken early, while the old version serves.
//!
//! # Who waits for it
//! Where the interface has `&mut self` methods, `state` is called under the instance's lock, shared
//! as by a `&self` call: those go on, `&mut self` calls wait for the time of the encoding, and a
//! caller who holds a pin without a call delays nothing. Where it has none, its calls change the
//! state as they please; so the gate is closed for that time, as `Module::state` promises. Both are
//! bounded by the deadline of a pause: when it passes, nothing has happened.
//!
//! When `state` itself hangs, the instance stays open to `&self` calls, as after a pause.

use std::{
    fmt::Display,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Assessed, GRACE, Handover, fault::Fault, progress::Step, snapshot};
use crate::{
    config::Config,
    event::Phase,
    gate::Gate,
    instance::{Generation, StepError, Use},
    slot::SlotCore,
    snapshot::Snapshot,
    steps::{Steps, Undone},
};

/// What fits, and a copy of the state that it would get.
#[derive(Debug)]
pub(crate) struct BackedUp {
    pub(crate) assessed: Assessed,
    pub(crate) copy: Option<Copy>,
}

/// A copy of a state.
#[derive(Debug)]
pub(crate) struct Copy {
    /// In the version of the module that has written it.
    pub(crate) own: Arc<Snapshot>,
    /// As it would be handed over, if that is an older version.
    pub(crate) older: Option<Snapshot>,
    /// It was stored before: the live one is not to be had, or nothing serves yet.
    pub(crate) restored: bool,
}

/// Keeps a copy of the state that the artifact would get.
pub(crate) fn back_up(
    assessed: Assessed,
    slot: &SlotCore,
    config: &Config,
    steps: &mut Steps,
) -> Result<BackedUp, Fault> {
    let Handover::State { .. } = assessed.handover else {
        return Ok(BackedUp { assessed, copy: None });
    };
    let stored = |own| Copy { own, older: None, restored: true };
    let Some(gate) = slot.gate() else {
        let copy = slot.checkpoint().map(|left| stored(Arc::new(left.snapshot.clone())));
        return Ok(BackedUp { assessed, copy });
    };
    if slot.is_abandoned() || gate.current().1.condition().is_poisoned() {
        // Its instance is left with its state.
        return Ok(BackedUp { assessed, copy: slot.last_state().map(stored) });
    }
    let copy = take(gate, slot.interface.exclusive, &assessed.handover, config, steps)?;
    Ok(BackedUp { assessed, copy: Some(copy) })
}

/// Takes a copy of the live state, in the version of the module that has written it, for a file.
pub(crate) fn live(
    gate: &Arc<Gate<Generation>>,
    exclusive: bool,
    config: &Config,
    steps: &mut Steps,
) -> Result<Arc<Snapshot>, Fault> {
    take(gate, exclusive, &Handover::None, config, steps).map(|copy| copy.own)
}

/// Takes a copy of the live state.
pub(crate) fn take(
    gate: &Arc<Gate<Generation>>,
    exclusive: bool,
    handover: &Handover,
    config: &Config,
    steps: &mut Steps,
) -> Result<Copy, Fault> {
    let handed = handover.clone();
    let copy = move |instance: &Generation| {
        let own = Arc::new(snapshot::take(instance)?);
        let older = match &handed {
            Handover::State { downgraded: Some(_), .. } => {
                Some(snapshot::take_as(instance, &handed)?)
            }
            _ => None,
        };
        Ok(Copy { own, older, restored: false })
    };
    let patience = config.pause_deadline;
    let taken = if exclusive {
        beside_callers(gate, patience, steps, copy)
    } else {
        behind_closed_gate(gate, patience, steps, copy)?
    };
    taken.map_err(|error| {
        let fault = match error {
            Untaken::Busy(why) => {
                let advice = "let `&mut self` calls and pins end sooner, or give the pause a longer \
                              deadline";
                return Fault::cancelled(Phase::BackedUp, why, advice);
            }
            Untaken::Step(error) => Step::Snapshot.fault(&error, handover),
        };
        Fault { phase: Phase::BackedUp, ..fault }
    })
}

/// Why there is no copy.
enum Untaken {
    Busy(String),
    Step(StepError),
}

/// One thread holds the lock, and another one runs the module's code: when that hangs, the lock is
/// let go all the same.
fn beside_callers(
    gate: &Arc<Gate<Generation>>,
    patience: Duration,
    steps: &mut Steps,
    copy: impl FnOnce(&Generation) -> Result<Copy, StepError> + Send + 'static,
) -> Result<Copy, Untaken> {
    let deadline = Instant::now() + patience;
    let gate = Arc::clone(gate);
    let taken = steps.run(deadline + 3 * GRACE, move || {
        let busy = |why: &dyn Display| Untaken::Busy(why.to_string());
        let entered = gate.enter(patience).map_err(|refused| busy(&refused))?;
        let _lock = entered.shared().map_err(|error| busy(&error))?;
        let now = Instant::now();
        if now > deadline {
            return Err(busy(&"`&mut self` calls have not let go of the instance in time"));
        }
        let (number, instance) = gate.current();
        if number != entered.number() {
            return Err(busy(&"another version has taken over meanwhile"));
        }
        let mut steps = Steps::default();
        let taken = run(&mut steps, deadline.max(now + GRACE), &instance, copy);
        steps.end();
        taken
    });
    match taken {
        Ok(taken) => taken,
        Err(Undone::Hung { after }) => Err(Untaken::Busy(format!(
            "callers have not let go of the instance within {after:.0?}"
        ))),
        Err(undone) => Err(Untaken::Step(undone.into())),
    }
}

fn behind_closed_gate(
    gate: &Gate<Generation>,
    patience: Duration,
    steps: &mut Steps,
    copy: impl FnOnce(&Generation) -> Result<Copy, StepError> + Send + 'static,
) -> Result<Result<Copy, Untaken>, Fault> {
    let deadline = Instant::now() + patience;
    let closed = gate
        .close(deadline)
        .map_err(|stuck| Fault { phase: Phase::BackedUp, ..Fault::not_quiet(&stuck) })?;
    Ok(run(steps, deadline.max(Instant::now() + GRACE), closed.value(), copy))
}

/// Runs module code while nobody changes the instance. What hangs in it may read it for ever.
fn run(
    steps: &mut Steps,
    deadline: Instant,
    instance: &Arc<Generation>,
    copy: impl FnOnce(&Generation) -> Result<Copy, StepError> + Send + 'static,
) -> Result<Copy, Untaken> {
    let read = Arc::clone(instance);
    let taken = steps.run(deadline, move || copy(&read)).map_err(StepError::from).flatten();
    taken.map_err(|error| {
        if matches!(error, StepError::Hung { .. }) {
            instance.condition().wedge(Use::Shared);
        }
        Untaken::Step(error)
    })
}
