//! Being inside: the guard that every call holds, and the way in by the thread's own seat. `reader`
//! has the other one.
//!
//! # Safety
//! An [`Entered`] hands out `&T`. The value is alive because (1) the guard was made after its
//! record was announced on the value's turn, under the protocol of `protocol`; (2) the gate lets a
//! generation go only when it has concluded that no record announces its turn; (3) the record
//! announces until the last guard made from it is dropped, which counts instead of trusting the
//! order of drops. The record itself is alive because a roster that has it keeps it while it
//! announces, whoever drops the seat. The guard borrows the gate or the reader, so neither can go
//! before it, and it is not `Send`, so the record is left on the thread that entered.
//!
//! # Speed
//! A way that nearly every call takes is inlined, and what is not is cold, apart, and gives back
//! what fits into registers (errors in a box): else the compiler keeps in memory what both ways
//! come to.
//!
//! The slow paths of a slot's client return a type of their own (`Outcome` in `slot/call.rs` of
//! hotswap-core), which the compiler does not merge with the fast path's result. Without that, one
//! error of four words has every result go through memory, which doubled the cost of a call.
//! `.ci/instructions` has a bound for each way of calling.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use crate::canary::Route;
use crate::choosing::ArmChoice;
use crate::error::{LockError, Refused};
use crate::exclusion::{Entrant, Exclusion, Guarded};
use crate::inner::Inner;
use crate::protocol::Core;
use crate::record::Record;
use crate::seats::{self, Seat};
use crate::word::{Arm, OUTSIDE};

/// A thread is inside the slot, on one generation, until this is dropped.
#[must_use = "the thread is inside only while this lives"]
pub struct Entered<'g, T> {
    core: &'g Arc<Core>,
    record: NonNull<Record>,
    value: NonNull<T>,
}

impl<'g, T> Entered<'g, T> {
    /// The record must announce the word of the generation that it keeps.
    #[inline(always)]
    #[expect(unsafe_code, reason = "addresses that the protocol keeps alive")]
    pub(crate) fn by(core: &'g Arc<Core>, record: NonNull<Record>) -> Self {
        // SAFETY: it announces, so its roster keeps it.
        let value = unsafe { record.as_ref() }.value::<T>();
        // SAFETY: what announces keeps a generation, by the address of an `Arc`'s value.
        let value = unsafe { NonNull::new_unchecked(value) };
        Self { core, record, value }
    }

    /// The number of the generation.
    pub fn number(&self) -> u64 {
        self.record().number()
    }

    /// The arm that it is on, if it has entered while a canary was active.
    pub fn arm(&self) -> Option<Arm> {
        Arm::of(self.record().own_word())
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "the record outlives the guard by the protocol")]
    fn record(&self) -> &Record {
        // SAFETY: the record announces while this guard lives, so its roster keeps it.
        unsafe { self.record.as_ref() }
    }

    #[inline(always)]
    fn entrant(&self) -> Entrant<'_> {
        Entrant { core: self.core, record: self.record() }
    }
}

impl<T> Deref for Entered<'_, T> {
    type Target = T;

    #[inline(always)]
    #[expect(unsafe_code, reason = "the value outlives the guard by the protocol")]
    fn deref(&self) -> &T {
        // SAFETY: the record announces the value's turn while this guard lives, so the gate keeps
        // the generation, which owns the `Arc` that the address came from.
        unsafe { self.value.as_ref() }
    }
}

impl<T> Drop for Entered<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.record().leave();
    }
}

impl<T> fmt::Debug for Entered<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (slot, number) = (&self.core.name, self.number());
        f.debug_struct("Entered").field("slot", slot).field("number", &number).finish()
    }
}

/// The caller shares the instance with other `&self` calls.
#[must_use = "the lock is held only while this lives"]
#[derive(Debug)]
pub struct Shared<'e>(&'e Exclusion, &'e Record);

/// The caller has the instance for itself.
#[must_use = "the lock is held only while this lives"]
#[derive(Debug)]
pub struct Exclusive<'e>(&'e Exclusion, &'e Record);

/// Inside the slot and alone with the instance, until this is dropped.
#[must_use = "the lock is held only while this lives"]
#[derive(Debug)]
pub struct EnteredAlone<'g, T: Guarded>(Entered<'g, T>);

impl<'g, T: Guarded> Entered<'g, T> {
    /// Takes the lock of the instance together with other `&self` calls.
    ///
    /// # Errors
    /// [`LockError`]; [`LockError::Reentrant`] when this thread has the instance for itself.
    #[inline]
    pub fn shared(&self) -> Result<Shared<'_>, Box<LockError>> {
        self.exclusion().lock_shared(self.entrant())?;
        Ok(Shared(self.exclusion(), self.record()))
    }

    /// Takes the lock of the instance alone.
    ///
    /// # Errors
    /// [`LockError`]; [`LockError::Reentrant`] when this thread holds the lock in any way.
    #[inline]
    pub fn exclusive(&self) -> Result<Exclusive<'_>, Box<LockError>> {
        self.exclusion().lock_exclusive(self.entrant())?;
        Ok(Exclusive(self.exclusion(), self.record()))
    }

    /// Takes the lock of the instance alone for as long as the thread stays inside.
    ///
    /// # Errors
    /// As for [`exclusive`](Self::exclusive); the thread has then left.
    #[inline]
    pub fn into_exclusive(self) -> Result<EnteredAlone<'g, T>, Box<LockError>> {
        self.exclusion().lock_exclusive(self.entrant())?;
        Ok(EnteredAlone(self))
    }
}

impl Drop for Shared<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.unlock_shared(self.1);
    }
}

impl Drop for Exclusive<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.unlock_exclusive(self.1);
    }
}

impl<T: Guarded> Deref for EnteredAlone<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Guarded> EnteredAlone<'_, T> {
    /// The number of the generation.
    pub fn number(&self) -> u64 {
        self.0.number()
    }
}

impl<T: Guarded> Drop for EnteredAlone<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.exclusion().unlock_exclusive(self.0.record());
    }
}

impl<T: Send + Sync> Inner<T> {
    /// Enters by the current thread's own seat.
    #[inline(always)]
    pub(crate) fn enter(
        &self,
        budget: Duration,
        place: &'static Location<'static>,
    ) -> Result<Entered<'_, T>, Box<Refused>> {
        let record = match self.enter_known(place) {
            Some(record) => record,
            None => self.enter_slow(budget, place)?,
        };
        Ok(Entered::by(&self.core, record))
    }

    /// The quick way in.
    #[inline(always)]
    fn enter_known(&self, place: &'static Location<'static>) -> Option<NonNull<Record>> {
        let core = &self.core;
        seats::with_known(core, |seat| {
            let record = &*seat.record;
            if record.own_word() != OUTSIDE {
                record.nest();
                return Some(NonNull::from(record));
            }
            record.set_taken(place);
            core.head.try_admit(record).then(|| NonNull::from(record))
        })
    }

    /// Enters by the current thread's own seat, and chooses an arm where there are two. Costs what
    /// [`enter`](Self::enter) does where there is one.
    #[inline(always)]
    pub(crate) fn enter_by(
        &self,
        budget: Duration,
        place: &'static Location<'static>,
        route: Route<'_>,
    ) -> Result<Entered<'_, T>, Box<Refused>> {
        let record = match self.enter_known(place) {
            Some(record) => record,
            None => self.enter_routed(budget, place, route)?,
        };
        Ok(Entered::by(&self.core, record))
    }

    #[cold]
    #[inline(never)]
    fn enter_slow(
        &self,
        budget: Duration,
        place: &'static Location<'static>,
    ) -> Result<NonNull<Record>, Box<Refused>> {
        self.enter_routed(budget, place, Route::Weighted)
    }

    /// Returns the record that has entered.
    #[cold]
    #[inline(never)]
    fn enter_routed(
        &self,
        budget: Duration,
        place: &'static Location<'static>,
        route: Route<'_>,
    ) -> Result<NonNull<Record>, Box<Refused>> {
        let mut choice = ArmChoice::new(route);
        loop {
            // A key may enter while it is asked: then the seat is found inside.
            choice.ask();
            let mut enter = |seat: &Seat| {
                seat.record.set_taken(place);
                let is_inside = self.take_seat(seat, budget, &mut choice)?;
                Ok(is_inside.then(|| NonNull::from(&*seat.record)))
            };
            let entered = match seats::find(&self.core) {
                Some(seat) => enter(&seat),
                // The seat goes at once, the record when the thread has left.
                None => enter(&Seat::new(&self.core)),
            };
            if let Some(entered) = entered.transpose() {
                return entered;
            }
        }
    }
}
