//! The handles: what a generated client calls through.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use hotswap_abi::{
    CallError, Interface,
    interface::{Caller, Target},
};

use crate::{
    gate::{self, Entered, EnteredAlone, Gate, LockError, Refused},
    instance::{Generation, Unfit, Use},
};

#[cold]
fn refused(gate: &Gate<Generation>, refused: Refused) -> CallError {
    let slot = gate.name().into();
    match refused {
        Refused::Draining { waited } => CallError::Draining { slot, waited },
        Refused::Ended => CallError::Ended { slot },
        Refused::Cycle(cycle) => {
            CallError::Cycle { cycle: cycle.slots().map(ToOwned::to_owned).collect() }
        }
    }
}

#[cold]
fn locked(gate: &Gate<Generation>, error: LockError) -> CallError {
    let slot = gate.name().into();
    match error {
        LockError::Reentrant => CallError::Reentrant { slot },
        LockError::Abandoned => CallError::Abandoned { slot },
        LockError::Cycle(cycle) => {
            CallError::Cycle { cycle: cycle.slots().map(ToOwned::to_owned).collect() }
        }
    }
}

/// Refuses a call into an instance with which something is the matter, if it has to.
#[cold]
fn fit(gate: &Gate<Generation>, instance: &Generation, wanted: Use) -> Result<(), CallError> {
    let slot = || gate.name().into();
    match instance.condition().refuses(wanted) {
        None => Ok(()),
        Some(Unfit::Hangs) => Err(CallError::Abandoned { slot: slot() }),
        Some(Unfit::Poisoned) => Err(CallError::Poisoned { slot: slot() }),
    }
}

/// A call that takes `&self`, by a thread that is inside.
#[inline]
fn shared<I: Interface + ?Sized, R>(
    gate: &Gate<Generation>,
    entered: &Entered<'_, Generation>,
    call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
) -> Result<R, CallError> {
    if I::EXCLUSIVE {
        let _lock = entered.shared().map_err(|error| locked(gate, error))?;
        held(gate, entered, Use::Shared, call)
    } else {
        held(gate, entered, Use::Shared, call)
    }
}

/// A call that takes `&mut self`, by a thread that is inside.
#[inline]
fn exclusive<R>(
    gate: &Gate<Generation>,
    entered: &Entered<'_, Generation>,
    call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
) -> Result<R, CallError> {
    let _lock = entered.exclusive().map_err(|error| locked(gate, error))?;
    held(gate, entered, Use::Exclusive, call)
}

/// A call by a thread that has the instance. Looked at is what is the matter with it only now: who
/// had the lock before may have left it poisoned.
#[inline]
fn held<R>(
    gate: &Gate<Generation>,
    instance: &Generation,
    wanted: Use,
    call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
) -> Result<R, CallError> {
    if !instance.condition().is_well() {
        return remarkable(gate, instance, wanted, call);
    }
    match call(instance.target()) {
        Ok(value) => Ok(value),
        Err(error) => Err(instance.failed(wanted, error)),
    }
}

/// The same, where something is the matter with the instance: it may be on trial.
#[cold]
#[inline(never)]
fn remarkable<R>(
    gate: &Gate<Generation>,
    instance: &Generation,
    wanted: Use,
    call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
) -> Result<R, CallError> {
    fit(gate, instance, wanted)?;
    let watch = instance.condition().watched();
    let timed = watch.map(|watch| watch.call());
    let result = call(instance.target());
    drop(timed);
    result.map_err(|error| instance.failed(wanted, error))
}

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident<$($life:lifetime)?>, $caller:ident) => {
        $(#[$doc])*
        pub struct $name<$($life,)? I: Interface + ?Sized> {
            client: I::Client<$caller<$($life,)? I>>,
        }

        impl<$($life,)? I: Interface + ?Sized> Deref for $name<$($life,)? I> {
            type Target = I::Client<$caller<$($life,)? I>>;

            #[inline]
            fn deref(&self) -> &Self::Target {
                &self.client
            }
        }

        impl<$($life,)? I: Interface + ?Sized> DerefMut for $name<$($life,)? I> {
            #[inline]
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.client
            }
        }

        impl<$($life,)? I: Interface + ?Sized> fmt::Debug for $name<$($life,)? I> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let caller: &$caller<$($life,)? I> = I::caller(&self.client);
                f.debug_tuple(stringify!($name)).field(caller).finish()
            }
        }
    };
}

handle! {
    /// Calls on one version, for as long as it lives; see [`Slot::pin`](super::Slot::pin).
    ///
    /// It is an interface's client: its methods are those of the interface, and return
    /// `Result<_, CallError>`. What else it can tell is asked by associated functions.
    Pin<'a>, PinCaller
}
handle! {
    /// Calls on one version, alone with its instance; see [`Slot::pin_mut`](super::Slot::pin_mut).
    PinMut<'a>, PinMutCaller
}
handle! {
    /// One thread's calls, each on the version that serves then; see
    /// [`Slot::reader`](super::Slot::reader).
    Reader<>, ReaderCaller
}

impl<'a, I: Interface + ?Sized> Pin<'a, I> {
    #[inline]
    #[track_caller]
    pub(super) fn new(gate: &'a Gate<Generation>, budget: Duration) -> Self {
        let entered = gate.enter(budget).map_err(|error| refused(gate, error));
        Self { client: I::client(PinCaller { gate, entered, interface: PhantomData }) }
    }

    /// The number of the pinned generation.
    ///
    /// # Errors
    /// When the slot could not be entered.
    pub fn generation(this: &Self) -> Result<u64, CallError> {
        I::caller(&this.client).entered.as_ref().map(Entered::number).map_err(Clone::clone)
    }
}

impl<'a, I: Interface + ?Sized> PinMut<'a, I> {
    #[inline]
    #[track_caller]
    pub(super) fn new(gate: &'a Gate<Generation>, budget: Duration) -> Self {
        Self {
            client: I::client(PinMutCaller {
                gate,
                held: hold::<I>(gate, budget),
                interface: PhantomData,
            }),
        }
    }

    /// The number of the pinned generation.
    ///
    /// # Errors
    /// When the slot could not be entered, or its lock not be taken.
    pub fn generation(this: &Self) -> Result<u64, CallError> {
        match &I::caller(&this.client).held {
            Ok(Held::Alone(alone)) => Ok(alone.number()),
            Ok(Held::Entered(entered)) => Ok(entered.number()),
            Err(error) => Err(error.clone()),
        }
    }
}

impl<I: Interface + ?Sized> Reader<I> {
    #[track_caller]
    pub(super) fn new(gate: &Arc<Gate<Generation>>, budget: Duration) -> Self {
        let caller = ReaderCaller {
            reader: gate.reader(),
            gate: Arc::clone(gate),
            budget,
            interface: PhantomData,
        };
        Self { client: I::client(caller) }
    }
}

#[inline]
#[track_caller]
fn hold<I: Interface + ?Sized>(
    gate: &Gate<Generation>,
    budget: Duration,
) -> Result<Held<'_>, CallError> {
    let entered = gate.enter(budget).map_err(|error| refused(gate, error))?;
    if I::EXCLUSIVE {
        let alone = entered.into_exclusive().map_err(|error| locked(gate, error))?;
        Ok(Held::Alone(alone))
    } else {
        Ok(Held::Entered(entered))
    }
}

/// Calls through a [`Pin`].
pub struct PinCaller<'a, I: ?Sized> {
    gate: &'a Gate<Generation>,
    entered: Result<Entered<'a, Generation>, CallError>,
    interface: PhantomData<fn(&I)>,
}

impl<I: ?Sized> fmt::Debug for PinCaller<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entered.fmt(f)
    }
}

// SAFETY: the thread is inside, and an exclusive interface's calls hold the instance's lock; an
// interface without `&mut self` methods has no exclusive calls.
unsafe impl<I: Interface + ?Sized> Caller for PinCaller<'_, I> {
    #[inline]
    fn shared<R>(
        &self,
        call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        match &self.entered {
            Ok(entered) => shared::<I, R>(self.gate, entered, call),
            Err(error) => Err(error.clone()),
        }
    }

    #[inline]
    fn exclusive<R>(
        &mut self,
        call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        match &self.entered {
            Ok(entered) => exclusive(self.gate, entered, call),
            Err(error) => Err(error.clone()),
        }
    }
}

#[derive(Debug)]
enum Held<'a> {
    Alone(EnteredAlone<'a, Generation>),
    /// The interface has no `&mut self`: there is nothing to be alone with.
    Entered(Entered<'a, Generation>),
}

/// Calls through a [`PinMut`].
pub struct PinMutCaller<'a, I: ?Sized> {
    gate: &'a Gate<Generation>,
    held: Result<Held<'a>, CallError>,
    interface: PhantomData<fn(&I)>,
}

impl<I: ?Sized> fmt::Debug for PinMutCaller<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.held.fmt(f)
    }
}

impl<I: ?Sized> PinMutCaller<'_, I> {
    #[inline]
    fn call<R>(
        &self,
        wanted: Use,
        call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        match &self.held {
            Ok(Held::Alone(alone)) => held(self.gate, alone, wanted, call),
            Ok(Held::Entered(entered)) => held(self.gate, entered, wanted, call),
            Err(error) => Err(error.clone()),
        }
    }
}

// SAFETY: the thread is inside and holds the lock for itself as long as this lives; its `&mut self`
// calls borrow this mutably.
unsafe impl<I: Interface + ?Sized> Caller for PinMutCaller<'_, I> {
    #[inline]
    fn shared<R>(
        &self,
        call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        self.call(Use::Shared, call)
    }

    #[inline]
    fn exclusive<R>(
        &mut self,
        call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        self.call(Use::Exclusive, call)
    }
}

/// Calls through a [`Reader`].
pub struct ReaderCaller<I: ?Sized> {
    reader: gate::Reader<Generation>,
    gate: Arc<Gate<Generation>>,
    budget: Duration,
    interface: PhantomData<fn(&I)>,
}

impl<I: ?Sized> fmt::Debug for ReaderCaller<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reader.fmt(f)
    }
}

// SAFETY: as for `PinCaller`, for each call.
unsafe impl<I: Interface + ?Sized> Caller for ReaderCaller<I> {
    #[inline]
    fn shared<R>(
        &self,
        call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        match self.reader.enter(self.budget) {
            Ok(entered) => shared::<I, R>(&self.gate, &entered, call),
            Err(error) => Err(refused(&self.gate, error)),
        }
    }

    #[inline]
    fn exclusive<R>(
        &mut self,
        call: impl FnOnce(Target<'_>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        match self.reader.enter(self.budget) {
            Ok(entered) => exclusive(&self.gate, &entered, call),
            Err(error) => Err(refused(&self.gate, error)),
        }
    }
}
