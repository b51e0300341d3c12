//! A call: in through the gate, with the lock if it takes one, and past what may be the matter with
//! the instance.

use std::{ops::Deref, time::Duration};

use hotswap_abi::{__private::interface::Target, CallError, Interface};
use hotswap_gate::{Entered, Gate, LockError, Refused};

use super::key::point;
use crate::instance::{Blocked, Generation, Use};

#[cold]
#[inline(never)]
#[expect(clippy::boxed_local, reason = "in one register")]
pub(super) fn refused(gate: &Gate<Generation>, refused: Box<Refused>) -> Box<CallError> {
    let slot = gate.name().into();
    Box::new(match *refused {
        Refused::Draining { waited } => CallError::Draining { slot, waited },
        Refused::Ended => CallError::Ended { slot },
        Refused::Cycle(cycle) => {
            CallError::Cycle { cycle: cycle.slots().map(ToOwned::to_owned).collect() }
        }
    })
}

#[cold]
#[inline(never)]
#[expect(clippy::boxed_local, reason = "in one register")]
pub(super) fn locked(gate: &Gate<Generation>, error: Box<LockError>) -> Box<CallError> {
    let slot = gate.name().into();
    Box::new(match *error {
        LockError::Reentrant => CallError::Reentrant { slot },
        LockError::Abandoned => CallError::Abandoned { slot },
        LockError::Cycle(cycle) => {
            CallError::Cycle { cycle: cycle.slots().map(ToOwned::to_owned).collect() }
        }
    })
}

/// Refuses a call into an instance with which something is the matter, if it has to.
fn fit(gate: &Gate<Generation>, instance: &Generation, wanted: Use) -> Result<(), Box<CallError>> {
    let slot = || gate.name().into();
    match instance.condition().refuses(wanted) {
        None => Ok(()),
        Some(Blocked::Hangs) => Err(CallError::Abandoned { slot: slot() }.into()),
        Some(Blocked::Poisoned) => Err(CallError::Poisoned { slot: slot() }.into()),
    }
}

/// How a slot was entered, or why it was not.
pub(super) type Entry<'a> = Result<Entered<'a, Generation>, Box<CallError>>;

#[inline(always)]
#[track_caller]
pub(super) fn enter(gate: &Gate<Generation>, budget: Duration) -> Entry<'_> {
    match gate.enter(budget) {
        Ok(entered) => Ok(entered),
        Err(error) => Err(refused(gate, error)),
    }
}

/// As [`enter`], for a key.
#[track_caller]
pub(super) fn enter_for<'a>(gate: &'a Gate<Generation>, key: &[u8], budget: Duration) -> Entry<'a> {
    gate.enter_for(|salt| point(salt, key), budget).map_err(|error| refused(gate, error))
}

/// Enters the version beside the stable one; `None` where there is none.
#[track_caller]
pub(super) fn preview(gate: &Gate<Generation>, budget: Duration) -> Option<Entry<'_>> {
    gate.preview(budget).map_err(|error| refused(gate, error)).transpose()
}

/// A call that takes `&self`, by a thread that is inside.
#[inline(always)]
pub(super) fn shared<I: Interface + ?Sized, R>(
    gate: &Gate<Generation>,
    entered: &Entered<'_, Generation>,
    call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
    is_failure: fn(&R) -> bool,
) -> Result<R, Box<CallError>> {
    if I::EXCLUSIVE {
        let _lock = match entered.shared() {
            Ok(lock) => lock,
            Err(error) => return Err(locked(gate, error)),
        };
        held(gate, entered, Use::Shared, call, is_failure)
    } else {
        held(gate, entered, Use::Shared, call, is_failure)
    }
}

/// A call that takes `&mut self`, by a thread that is inside.
#[inline(always)]
pub(super) fn exclusive<R>(
    gate: &Gate<Generation>,
    entered: &Entered<'_, Generation>,
    call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
    is_failure: fn(&R) -> bool,
) -> Result<R, Box<CallError>> {
    let _lock = match entered.exclusive() {
        Ok(lock) => lock,
        Err(error) => return Err(locked(gate, error)),
    };
    held(gate, entered, Use::Exclusive, call, is_failure)
}

/// A call by a thread that has the instance. Looked at is what is the matter with it only now: who
/// had the lock before may have left it poisoned.
#[inline(always)]
pub(super) fn held<R>(
    gate: &Gate<Generation>,
    instance: &Generation,
    wanted: Use,
    call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
    is_failure: fn(&R) -> bool,
) -> Result<R, Box<CallError>> {
    if !instance.condition().is_well() {
        return remarkable(gate, instance, wanted, call, is_failure).result();
    }
    match call(instance.target()) {
        Ok(value) => Ok(value),
        Err(error) => Err(instance.failed(wanted, error)),
    }
}

/// The same, where something is the matter with the instance: it may be on trial, or recorded.
#[cold]
#[inline(never)]
fn remarkable<R>(
    gate: &Gate<Generation>,
    instance: &Generation,
    wanted: Use,
    call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
    is_failure: fn(&R) -> bool,
) -> Outcome<R> {
    if let Err(error) = fit(gate, instance, wanted) {
        return Outcome::Failed(error);
    }
    let watch = instance.condition().watched();
    let timed = watch.as_ref().map(|watch| watch.call());
    let result = instance.noted(call);
    drop(timed);
    if let (Some(watch), Ok(answer)) = (&watch, &result)
        && is_failure(answer)
    {
        watch.failed();
    }
    Outcome::of(result.map_err(|error| instance.failed(wanted, error)))
}

/// What a call comes to that does not go the usual way. A `Result` it becomes only where that way
/// ends: two `Result`s in registers the compiler would make one of, and look at it after a call that
/// went the usual way, too.
pub(super) enum Outcome<R> {
    Failed(Box<CallError>),
    Done(R),
}

impl<R> Outcome<R> {
    pub(super) fn of(result: Result<R, Box<CallError>>) -> Self {
        match result {
            Ok(value) => Self::Done(value),
            Err(error) => Self::Failed(error),
        }
    }

    #[inline(always)]
    pub(super) fn result(self) -> Result<R, Box<CallError>> {
        match self {
            Self::Done(value) => Ok(value),
            Self::Failed(error) => Err(error),
        }
    }
}

/// A call by a thread that leaves when it is over, with what it holds.
#[inline(always)]
pub(super) fn once<R>(
    held: impl Deref<Target = Generation>,
    wanted: Use,
    call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
) -> Result<R, Box<CallError>> {
    match call(held.target()) {
        Ok(value) => {
            drop(held);
            Ok(value)
        }
        Err(error) => Err(once_failed(held, wanted, error)),
    }
}

/// Leaving is here once more, so that a call is not asked after it has left whether it succeeded.
#[cold]
#[inline(never)]
fn once_failed(
    held: impl Deref<Target = Generation>,
    had: Use,
    error: Box<CallError>,
) -> Box<CallError> {
    held.failed(had, error)
}
