//! Being inside: the guard that every call holds, and the two ways to get one.
//!
//! # Safety
//! An [`Entered`] hands out `&T`. The value is alive because (1) the guard was made after its
//! record was announced on the value's turn, under the protocol of `core`; (2) the gate lets a
//! generation go only when it has concluded that no record announces its turn; (3) the record
//! announces until the last guard made from it is dropped, which counts instead of trusting the
//! order of drops. The record itself is alive because a roster that has it keeps it while it
//! announces, whoever drops the seat. The guard borrows the gate or the reader, so neither can go
//! before it, and it is not `Send`, so the record is left on the thread that entered.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use super::core::{Core, word_of};
use super::error::{LockError, Refused};
use super::exclusion::{Entrant, Guarded};
use super::record::{OUTSIDE, Record};
use super::seats::{self, Seat};
use super::{Inner, thread};

/// A thread is inside the slot, on one generation, until this is dropped.
#[must_use = "the thread is inside only while this lives"]
pub(crate) struct Entered<'g, T> {
    core: &'g Arc<Core>,
    record: NonNull<Record>,
    value: NonNull<T>,
    number: u64,
}

impl<'g, T> Entered<'g, T> {
    /// The seat's record must announce the word of the generation that the seat knows.
    #[inline(always)]
    #[expect(unsafe_code, reason = "addresses that the protocol keeps alive")]
    fn from_seat(core: &'g Arc<Core>, seat: &Seat) -> Self {
        // SAFETY: an announced seat has sat down, with the address of an `Arc`'s value.
        let value = unsafe { NonNull::new_unchecked(seat.value::<T>().cast_mut()) };
        Self { core, record: NonNull::from(&*seat.record), value, number: seat.number() }
    }

    /// The number of the generation.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    #[expect(unsafe_code, reason = "the record outlives the guard by the protocol")]
    fn record(&self) -> &Record {
        // SAFETY: the record announces while this guard lives, so its roster keeps it.
        unsafe { self.record.as_ref() }
    }

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
        let Self { core, number, .. } = self;
        f.debug_struct("Entered").field("slot", &core.name).field("number", number).finish()
    }
}

/// The caller shares the instance with other `&self` calls.
#[must_use = "the lock is held only while this lives"]
#[derive(Debug)]
pub(crate) struct Shared<'e, T: Guarded>(&'e Entered<'e, T>);

/// The caller has the instance for itself.
#[must_use = "the lock is held only while this lives"]
#[derive(Debug)]
pub(crate) struct Exclusive<'e, T: Guarded>(&'e Entered<'e, T>);

/// Inside the slot and alone with the instance, until this is dropped.
#[must_use = "the lock is held only while this lives"]
#[derive(Debug)]
pub(crate) struct EnteredAlone<'g, T: Guarded>(Entered<'g, T>);

impl<'g, T: Guarded> Entered<'g, T> {
    /// Takes the lock of the instance together with other `&self` calls.
    ///
    /// # Errors
    /// [`LockError`]; [`LockError::Reentrant`] when this thread has the instance for itself.
    #[inline]
    pub(crate) fn shared(&self) -> Result<Shared<'_, T>, LockError> {
        self.exclusion().lock_shared(self.entrant())?;
        Ok(Shared(self))
    }

    /// Takes the lock of the instance alone.
    ///
    /// # Errors
    /// [`LockError`]; [`LockError::Reentrant`] when this thread holds the lock in any way.
    #[inline]
    pub(crate) fn exclusive(&self) -> Result<Exclusive<'_, T>, LockError> {
        self.exclusion().lock_exclusive(self.entrant())?;
        Ok(Exclusive(self))
    }

    /// Takes the lock of the instance alone for as long as the thread stays inside.
    ///
    /// # Errors
    /// As for [`exclusive`](Self::exclusive); the thread has then left.
    #[inline]
    pub(crate) fn into_exclusive(self) -> Result<EnteredAlone<'g, T>, LockError> {
        self.exclusion().lock_exclusive(self.entrant())?;
        Ok(EnteredAlone(self))
    }
}

impl<T: Guarded> Drop for Shared<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.exclusion().unlock_shared(self.0.record());
    }
}

impl<T: Guarded> Drop for Exclusive<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.exclusion().unlock_exclusive(self.0.record());
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
    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }
}

impl<T: Guarded> Drop for EnteredAlone<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.exclusion().unlock_exclusive(self.0.record());
    }
}

/// A caller's own way into a slot, the fastest there is: for one thread at a time.
///
/// It may be sent to another thread, but not shared. While it is not inside it delays nobody and
/// keeps no generation alive.
pub(crate) struct Reader<T> {
    // In this order: the seat's record is unregistered while the gate still exists.
    seat: Seat,
    inner: Arc<Inner<T>>,
    core: Arc<Core>,
}

impl<T: Send + Sync> Reader<T> {
    pub(super) fn new(inner: &Arc<Inner<T>>, place: &'static Location<'static>) -> Self {
        let core = Arc::clone(&inner.core);
        let seat = Seat::new(&core);
        seat.record.set_taken(place);
        Self { seat, inner: Arc::clone(inner), core }
    }

    /// Enters the slot. While it is closed, waits for it to open, at most for `budget`.
    ///
    /// # Errors
    /// [`Refused`], and then the thread is not inside.
    #[inline(always)]
    pub(crate) fn enter(&self, budget: Duration) -> Result<Entered<'_, T>, Refused> {
        // A reader that was used by another thread before must first learn who has it now.
        let own = self.seat.record.owner() == thread::known_id();
        if own && self.seat.enter_known(&self.core, None) {
            return Ok(Entered::from_seat(&self.core, &self.seat));
        }
        self.enter_slow(budget)
    }

    #[cold]
    #[inline(never)]
    fn enter_slow(&self, budget: Duration) -> Result<Entered<'_, T>, Refused> {
        self.inner.take_seat(&self.seat, budget)?;
        Ok(Entered::from_seat(&self.core, &self.seat))
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("slot", &self.core.name).finish_non_exhaustive()
    }
}

impl<T: Send + Sync> Inner<T> {
    /// Enters by the current thread's own seat.
    #[inline(always)]
    pub(super) fn enter(
        &self,
        budget: Duration,
        place: &'static Location<'static>,
    ) -> Result<Entered<'_, T>, Refused> {
        let core = &self.core;
        let entered = seats::with_known(core, |seat| {
            seat.enter_known(core, Some(place)).then(|| Entered::from_seat(core, seat))
        });
        match entered {
            Some(entered) => Ok(entered),
            None => self.enter_slow(budget, place),
        }
    }

    #[cold]
    #[inline(never)]
    fn enter_slow(
        &self,
        budget: Duration,
        place: &'static Location<'static>,
    ) -> Result<Entered<'_, T>, Refused> {
        // A seat that is inside already would have been found.
        if let Some(seat) = seats::find(&self.core) {
            seat.record.set_taken(place);
            self.take_seat(&seat, budget)?;
            return Ok(Entered::from_seat(&self.core, &seat));
        }
        // The seat goes at once, the record when the thread has left.
        let seat = Seat::new(&self.core);
        seat.record.set_taken(place);
        self.take_seat(&seat, budget)?;
        Ok(Entered::from_seat(&self.core, &seat))
    }

    /// Enters by a seat whose generation is not the one to be on, or whose owner has changed.
    fn take_seat(&self, seat: &Seat, budget: Duration) -> Result<(), Refused> {
        if seat.record.own_word() != OUTSIDE {
            // Inside by a guard that was forgotten: its generation stays, and so must this one.
            seat.record.nest();
            return Ok(());
        }
        let turn = self.core.admit(&seat.record, budget)?;
        let generation = self.generation(turn);
        seat.sit(word_of(turn), Arc::as_ptr(&generation.value), generation.number);
        (self.arrived)();
        Ok(())
    }
}
