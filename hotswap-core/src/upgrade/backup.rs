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
//!
//! # Who wants it
//! The journal, and the rehearsal. It is taken once for both: the file that the journal has written,
//! or had already, is the one that the child reads. Where only the size of a state is asked for, it is
//! read in the same way, and no copy is kept.
//!
//! # Why the gate stays open
//! To close it would make everybody wait for the slowest caller inside, and then once more in the
//! pause.

use std::{
    fmt::Display,
    path::PathBuf,
    ptr,
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_gate::Gate;
use hotswap_loader::steps::{RunError, Steps};
use hotswap_types::Phase;

use super::{Assessed, GRACE, Handover, assess, fault::Fault, progress::Step, snapshot};
use crate::{
    config::Config,
    instance::{Generation, StepError, Use},
    slot::SlotCore,
    snapshot::Snapshot,
};

/// What fits, and a copy of the state that it would replace.
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
    /// As it would be handed over, if that is an older version: written by the same module, or kept.
    pub(crate) older: Option<Arc<Snapshot>>,
    /// It was stored before: the live one is not to be had, or nothing serves yet.
    pub(crate) restored: bool,
    /// The journal's file that has it.
    pub(crate) file: Option<PathBuf>,
}

/// Whether the instance is left with its state: nobody may read that any more.
fn is_left(slot: &SlotCore, gate: &Gate<Generation>) -> bool {
    let instance = gate.current().1;
    let condition = instance.condition();
    slot.is_abandoned() || condition.is_poisoned() || !condition.is_free()
}

/// Writes a state into the journal; returns the file that has it.
pub(crate) type Keep<'a> = &'a dyn Fn(&Snapshot) -> Result<PathBuf, Fault>;

/// Who wants a copy of the state.
pub(crate) struct BackupRequest<'a> {
    /// A rehearsal, also in the form in which the artifact would get it.
    pub(crate) rehearsal: bool,
    /// The journal, also of a state that is to be dropped.
    pub(crate) journal: Option<Keep<'a>>,
}

impl BackedUp {
    /// The state that the artifact would get.
    pub(crate) fn handed(&self) -> Option<&Copy> {
        let is_handed = matches!(self.assessed.handover, Handover::State { .. });
        self.copy.as_ref().filter(|_| is_handed)
    }
}

/// Takes a copy of the state that the artifact would replace: once, whoever wants it.
pub(crate) fn back_up(
    assessed: Assessed,
    wanted: &BackupRequest<'_>,
    slot: &SlotCore,
    config: &Config,
    steps: &mut Steps,
) -> Result<BackedUp, Fault> {
    let is_rehearsed = wanted.rehearsal && matches!(assessed.handover, Handover::State { .. });
    let is_replaced = matches!(assessed.handover, Handover::State { .. } | Handover::Drop { .. });
    if !is_rehearsed && (wanted.journal.is_none() || !is_replaced) {
        return Ok(BackedUp { assessed, copy: None });
    }
    let stored = |own| Copy { own, older: None, restored: true, file: None };
    let Some(gate) = slot.gate() else {
        let left = slot.checkpoint().filter(|_| is_rehearsed);
        let copy = left.map(|left| stored(Arc::new(left.snapshot.clone())));
        return Ok(BackedUp { assessed, copy });
    };
    if is_left(slot, gate) {
        let copy = slot.last_state().filter(|_| is_rehearsed).map(stored);
        return Ok(BackedUp { assessed, copy });
    }
    let form = if is_rehearsed { &assessed.handover } else { &Handover::None };
    let manifest = &assessed.inspected.manifest;
    let kept = slot.undo.lock().versions();
    let kept = assess::kept_version(form, manifest, kept, config.state_drift);
    let kept = kept.map(|(kept, _)| kept);
    let mut copy = take(gate, slot.interface.exclusive, form, kept, config, steps)?;
    slot.set_state_size(copy.own.size() as u64);
    if let Some(keep) = wanted.journal {
        copy.file = Some(keep(&copy.own)?);
    }
    Ok(BackedUp { assessed, copy: Some(copy) })
}

/// Takes a copy of the live state, in the version of the module that has written it, for a file.
pub(crate) fn live(
    gate: &Arc<Gate<Generation>>,
    exclusive: bool,
    config: &Config,
    steps: &mut Steps,
) -> Result<Arc<Snapshot>, Fault> {
    take(gate, exclusive, &Handover::None, None, config, steps).map(|copy| copy.own)
}

/// Takes a copy of the live state. Where an older version is to go over that the module cannot write,
/// what was kept of that one does.
fn take(
    gate: &Arc<Gate<Generation>>,
    exclusive: bool,
    handover: &Handover,
    kept: Option<Arc<Snapshot>>,
    config: &Config,
    steps: &mut Steps,
) -> Result<Copy, Fault> {
    let handed = handover.clone();
    let copy = move |instance: &Generation| {
        let own = Arc::new(snapshot::take(instance)?);
        let older = match &handed {
            Handover::State { downgraded: Some(_), .. } => {
                match (snapshot::take_as(instance, &handed), kept) {
                    (Ok(older), _) => Some(Arc::new(older)),
                    (Err(StepError::Failed(_)), Some(kept)) => Some(kept),
                    (Err(error), _) => return Err(error),
                }
            }
            _ => None,
        };
        Ok(Copy { own, older, restored: false, file: None })
    };
    read(gate, exclusive, handover, config, steps, copy)
}

/// How many bytes the live state has, encoded; `None` for one that is not handed over.
pub(super) fn size(
    slot: &SlotCore,
    gate: &Arc<Gate<Generation>>,
    config: &Config,
    steps: &mut Steps,
) -> Result<Option<u64>, Fault> {
    if is_left(slot, gate) {
        return Ok(None);
    }
    let exclusive = slot.interface.exclusive;
    read(gate, exclusive, &Handover::None, config, steps, snapshot::size).map(Some)
}

/// Has the live state read by `copy`.
fn read<T: Send + 'static>(
    gate: &Arc<Gate<Generation>>,
    exclusive: bool,
    handover: &Handover,
    config: &Config,
    steps: &mut Steps,
    copy: impl FnOnce(&Generation) -> Result<T, StepError> + Send + 'static,
) -> Result<T, Fault> {
    let patience = config.pause_deadline;
    let taken = if exclusive {
        beside_callers(gate, patience, steps, copy)
    } else {
        behind_closed_gate(gate, config, steps, copy)?
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
fn beside_callers<T: Send + 'static>(
    gate: &Arc<Gate<Generation>>,
    patience: Duration,
    steps: &mut Steps,
    copy: impl FnOnce(&Generation) -> Result<T, StepError> + Send + 'static,
) -> Result<T, Untaken> {
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
        // By its address: a restart gives another instance the same number.
        let instance = gate.current().1;
        if !ptr::eq(&raw const *instance, &raw const *entered) {
            return Err(busy(&"another instance has taken over meanwhile"));
        }
        let mut steps = Steps::default();
        let taken = run(&mut steps, deadline.max(now + GRACE), &instance, copy);
        steps.end();
        taken
    });
    match taken {
        Ok(taken) => taken,
        Err(RunError::TimedOut { after }) => Err(Untaken::Busy(format!(
            "callers have not let go of the instance within {after:.0?}"
        ))),
        Err(undone) => Err(Untaken::Step(undone.into())),
    }
}

fn behind_closed_gate<T: Send + 'static>(
    gate: &Gate<Generation>,
    config: &Config,
    steps: &mut Steps,
    copy: impl FnOnce(&Generation) -> Result<T, StepError> + Send + 'static,
) -> Result<Result<T, Untaken>, Fault> {
    let until = Instant::now() + config.pause_deadline;
    let closed = gate
        .close_within(config.longest_wait, until, |_| ())
        .map_err(|stuck| Fault { phase: Phase::BackedUp, ..Fault::not_quiet(&stuck) })?;
    Ok(run(steps, closed.since() + config.pause_deadline, closed.value(), copy))
}

/// Runs module code while nobody changes the instance. What hangs in it may read it for ever.
fn run<T: Send + 'static>(
    steps: &mut Steps,
    deadline: Instant,
    instance: &Arc<Generation>,
    copy: impl FnOnce(&Generation) -> Result<T, StepError> + Send + 'static,
) -> Result<T, Untaken> {
    let read = Arc::clone(instance);
    let taken = steps.run(deadline, move || copy(&read)).map_err(StepError::from).flatten();
    taken.map_err(|error| {
        if matches!(error, StepError::Hung { .. }) {
            instance.condition().wedge(Use::Shared);
        }
        Untaken::Step(error)
    })
}
