//! The handles: what a generated client calls through.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use hotswap_abi::{
    __private::interface::{Caller, Target},
    CallError, Interface,
};
use hotswap_gate::{self as gate, Entered, EnteredAlone, Gate};

use super::call::{Entry, Outcome, enter, exclusive, held, locked, once, refused, shared};
use crate::instance::{Generation, Use};

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
    #[inline(always)]
    #[track_caller]
    pub(super) fn new(gate: &'a Gate<Generation>, budget: Duration) -> Self {
        Self::of(gate, enter(gate, budget))
    }

    /// Of a thread that has entered, or has not.
    #[inline(always)]
    pub(super) fn of(gate: &'a Gate<Generation>, entered: Entry<'a>) -> Self {
        Self { client: I::client(PinCaller { gate, entered, interface: PhantomData }) }
    }

    /// The number of the pinned generation.
    ///
    /// # Errors
    /// When the slot could not be entered.
    pub fn generation(this: &Self) -> Result<u64, CallError> {
        match &I::caller(&this.client).entered {
            Ok(entered) => Ok(entered.number()),
            Err(error) => Err((**error).clone()),
        }
    }

    /// Counts an answer of the pinned version as a failure, by the host's own judgement: it weighs in
    /// that version's [`Trial`](crate::Trial), if it is on one, whichever serves by now.
    pub fn count_failure(this: &Self) {
        if let Ok(entered) = &I::caller(&this.client).entered {
            entered.condition().count_failure();
        }
    }
}

impl<'a, I: Interface + ?Sized> PinMut<'a, I> {
    #[inline(always)]
    #[track_caller]
    pub(super) fn new(gate: &'a Gate<Generation>, budget: Duration) -> Self {
        Self::of(gate, enter(gate, budget).and_then(|entered| hold::<I>(gate, entered)))
    }

    /// Of a thread that is inside, if it gets the instance's lock.
    pub(super) fn inside(
        gate: &'a Gate<Generation>,
        entered: Entered<'a, Generation>,
    ) -> Result<Self, Box<CallError>> {
        Ok(Self::of(gate, Ok(hold::<I>(gate, entered)?)))
    }

    #[inline(always)]
    fn of(gate: &'a Gate<Generation>, held: Result<Held<'a>, Box<CallError>>) -> Self {
        Self { client: I::client(PinMutCaller { gate, held, interface: PhantomData }) }
    }

    /// The number of the pinned generation.
    ///
    /// # Errors
    /// When the slot could not be entered, or its lock not be taken.
    pub fn generation(this: &Self) -> Result<u64, CallError> {
        match &I::caller(&this.client).held {
            Ok(Held::Alone(alone)) => Ok(alone.number()),
            Ok(Held::Entered(entered)) => Ok(entered.number()),
            Err(error) => Err((**error).clone()),
        }
    }

    /// As [`Pin::count_failure`].
    pub fn count_failure(this: &Self) {
        if let Ok(held) = &I::caller(&this.client).held {
            held.instance().condition().count_failure();
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

    /// Counts the answer of the last call as a failure, by the host's own judgement: it weighs in the
    /// [`Trial`](crate::Trial) of the version that has answered, if that is on one, whichever serves
    /// by now.
    pub fn count_failure(this: &Self) {
        let caller = I::caller(&this.client);
        if let Some(instance) = caller.gate.find(caller.reader.last()) {
            instance.condition().count_failure();
        }
    }
}

#[inline(always)]
fn hold<'a, I: Interface + ?Sized>(
    gate: &Gate<Generation>,
    entered: Entered<'a, Generation>,
) -> Result<Held<'a>, Box<CallError>> {
    if I::EXCLUSIVE {
        match entered.into_exclusive() {
            Ok(alone) => Ok(Held::Alone(alone)),
            Err(error) => Err(locked(gate, error)),
        }
    } else {
        Ok(Held::Entered(entered))
    }
}

/// Calls through a [`Pin`].
pub struct PinCaller<'a, I: ?Sized> {
    gate: &'a Gate<Generation>,
    entered: Entry<'a>,
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
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        match &self.entered {
            Ok(entered) => shared::<I, R>(self.gate, entered, call, is_failure),
            Err(error) => Err(error.clone()),
        }
    }

    #[inline]
    fn exclusive<R>(
        &mut self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        match &self.entered {
            Ok(entered) => exclusive(self.gate, entered, call, is_failure),
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

impl Held<'_> {
    #[inline(always)]
    fn instance(&self) -> &Generation {
        match self {
            Self::Alone(alone) => alone,
            Self::Entered(entered) => entered,
        }
    }
}

/// Calls through a [`PinMut`].
pub struct PinMutCaller<'a, I: ?Sized> {
    gate: &'a Gate<Generation>,
    held: Result<Held<'a>, Box<CallError>>,
    interface: PhantomData<fn(&I)>,
}

impl<I: ?Sized> fmt::Debug for PinMutCaller<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.held.fmt(f)
    }
}

impl<I: ?Sized> PinMutCaller<'_, I> {
    #[inline(always)]
    fn call<R>(
        &self,
        wanted: Use,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        match &self.held {
            Ok(instance) => held(self.gate, instance.instance(), wanted, call, is_failure),
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
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        self.call(Use::Shared, call, is_failure)
    }

    #[inline]
    fn exclusive<R>(
        &mut self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        self.call(Use::Exclusive, call, is_failure)
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

impl<I: Interface + ?Sized> ReaderCaller<I> {
    /// A call that has to wait, or that something is the matter with.
    #[cold]
    #[inline(never)]
    fn shared_slow<R>(
        &self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Outcome<R> {
        match self.reader.enter(self.budget) {
            Ok(entered) => Outcome::of(shared::<I, R>(&self.gate, &entered, call, is_failure)),
            Err(error) => Outcome::Failed(refused(&self.gate, error)),
        }
    }

    /// The same of one that takes `&mut self`.
    #[cold]
    #[inline(never)]
    fn exclusive_slow<R>(
        &self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Outcome<R> {
        match self.reader.enter(self.budget) {
            Ok(entered) => Outcome::of(exclusive(&self.gate, &entered, call, is_failure)),
            Err(error) => Outcome::Failed(refused(&self.gate, error)),
        }
    }
}

// SAFETY: as for `PinCaller`, for each call.
unsafe impl<I: Interface + ?Sized> Caller for ReaderCaller<I> {
    #[inline]
    fn shared<R>(
        &self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        if let Some(visit) = self.reader.visit() {
            if !I::EXCLUSIVE {
                if visit.condition().is_well() {
                    return once(visit, Use::Shared, call);
                }
            } else if let Some(together) = visit.shared()
                && together.condition().is_well()
            {
                return once(together, Use::Shared, call);
            }
        }
        self.shared_slow(call, is_failure).result()
    }

    #[inline]
    fn exclusive<R>(
        &mut self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        if let Some(visit) = self.reader.visit()
            && let Some(alone) = visit.exclusive()
            && alone.condition().is_well()
        {
            return once(alone, Use::Exclusive, call);
        }
        self.exclusive_slow(call, is_failure).result()
    }
}
