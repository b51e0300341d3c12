//! A caller's own way into a slot, the fastest there is.
//!
//! # Safety
//! As in `entered`. A reader's record is used by one guard at a time, so that there is nothing to
//! count: what enters by the reader meanwhile has the thread's own seat. It may stay longer than what
//! it has begun in: a call can be left in the middle on a stack of its own (a coroutine), and be gone
//! on with inside another one.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use crate::canary::{Route, Salt};
use crate::choosing::ArmChoice;
use crate::entered::Entered;
use crate::error::Refused;
use crate::exclusion::Guarded;
use crate::inner::Inner;
use crate::protocol::{Core, Head};
use crate::record::Record;
use crate::seats::Seat;
use crate::word::{Arm, OUTSIDE};

/// A caller's own way into a slot: for one thread at a time.
///
/// It may be sent to another thread, but not shared. While it is not inside it delays nobody and
/// keeps no generation alive.
pub struct Reader<T> {
    // In this order: the seat's record is unregistered while the gate still exists.
    seat: Seat,
    inner: Arc<Inner<T>>,
    core: Arc<Core>,
    /// The seat's record, and the core's head: nearer by a few bytes of each instruction.
    record: NonNull<Record>,
    head: NonNull<Head>,
    /// What a record keeps is used by one thread at a time.
    alone: PhantomData<Cell<()>>,
}

#[expect(unsafe_code, reason = "keeps two addresses")]
// SAFETY: the addresses are of what seat and core keep, and both are `Send`; of the record only the
// thread that has the reader uses what is its own.
unsafe impl<T: Send + Sync> Send for Reader<T> {}

impl<T: Send + Sync> Reader<T> {
    pub(crate) fn new(inner: &Arc<Inner<T>>, place: &'static Location<'static>) -> Self {
        let core = Arc::clone(&inner.core);
        let seat = Seat::new(&core);
        seat.record.set_taken(place);
        let (record, head) = (NonNull::from(&*seat.record), NonNull::from(&core.head));
        Self { seat, inner: Arc::clone(inner), core, record, head, alone: PhantomData }
    }

    /// The number of the generation that was entered last, or 0.
    pub fn last(&self) -> u64 {
        self.seat.record.number()
    }

    /// Enters the slot, if that needs neither to wait nor a fence: on the generation of the last time,
    /// which is still current.
    #[inline(always)]
    #[expect(unsafe_code, reason = "addresses that seat and core keep")]
    pub fn visit(&self) -> Option<Visit<'_, T>> {
        // SAFETY: the seat keeps it.
        let record = unsafe { self.record.as_ref() };
        // SAFETY: the core keeps it.
        let head = unsafe { self.head.as_ref() };
        let entered = Self::enter_known(head, record);
        entered.then(|| Visit { record, value: record.value() })
    }

    #[inline(always)]
    fn enter_known(head: &Head, record: &Record) -> bool {
        // A reader that was used by another thread before must first learn who has it now.
        record.is_own() && record.own_word() == OUTSIDE && head.try_admit(record)
    }

    /// Enters the slot in any case. While it is closed, waits for it to open, at most for `budget`.
    ///
    /// # Errors
    /// [`Refused`], and then the thread is not inside.
    pub fn enter(&self, budget: Duration) -> Result<Entered<'_, T>, Box<Refused>> {
        self.enter_by(budget, Route::Weighted)
    }

    /// As [`Gate::enter_for`](crate::Gate::enter_for).
    ///
    /// # Errors
    /// [`Refused`], and then the thread is not inside.
    pub fn enter_for(
        &self,
        point: impl Fn(&Salt) -> u32,
        budget: Duration,
    ) -> Result<Entered<'_, T>, Box<Refused>> {
        self.enter_by(budget, Route::Key(&point))
    }

    /// As [`Gate::preview`](crate::Gate::preview).
    ///
    /// # Errors
    /// [`Refused`], and then the thread is not inside.
    pub fn preview(&self, budget: Duration) -> Result<Option<Entered<'_, T>>, Box<Refused>> {
        let entered = self.enter_by(budget, Route::Preview)?;
        Ok(Some(entered).filter(|entered| entered.arm() == Some(Arm::Canary)))
    }

    fn enter_by(&self, budget: Duration, route: Route<'_>) -> Result<Entered<'_, T>, Box<Refused>> {
        let record = &*self.seat.record;
        if record.own_word() == OUTSIDE && Self::enter_known(&self.core.head, record) {
            return Ok(Entered::by(&self.core, NonNull::from(record)));
        }
        let mut choice = ArmChoice::new(route);
        loop {
            choice.ask();
            // Looked at only now: a key may have entered by this reader.
            if record.own_word() != OUTSIDE {
                let place = record.taken().unwrap_or_else(|| Location::caller());
                return self.inner.enter_by(budget, place, route);
            }
            if self.inner.take_seat(&self.seat, budget, &mut choice)? {
                return Ok(Entered::by(&self.core, NonNull::from(record)));
            }
        }
    }
}

/// A reader's thread is inside the slot, by the reader's record alone, until this is dropped.
#[must_use = "the thread is inside only while this lives"]
pub struct Visit<'g, T> {
    record: &'g Record,
    value: *mut T,
}

impl<T> Deref for Visit<'_, T> {
    type Target = T;

    #[inline(always)]
    #[expect(unsafe_code, reason = "the value outlives the visit by the protocol")]
    fn deref(&self) -> &T {
        // SAFETY: the record announces the value's turn while this lives, so the gate keeps the
        // generation, which owns the `Arc` that the address came from.
        unsafe { &*self.value }
    }
}

impl<T> Drop for Visit<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        debug_assert_eq!(self.record.depth(), 1);
        self.record.withdraw();
    }
}

impl<'g, T: Guarded> Visit<'g, T> {
    /// Takes the lock of the instance together with other `&self` calls, if nobody is in the way;
    /// else leaves.
    #[inline(always)]
    pub fn shared(self) -> Option<Together<'g, T>> {
        self.exclusion().try_shared(self.record).then(|| Together(self))
    }

    /// Takes the lock of the instance alone, if nobody is in the way; else leaves.
    #[inline(always)]
    pub fn exclusive(self) -> Option<Alone<'g, T>> {
        self.exclusion().try_exclusive(self.record).then(|| Alone(self))
    }
}

/// A visit that shares the instance with other `&self` calls.
#[must_use = "the lock is held only while this lives"]
#[derive(Debug)]
pub struct Together<'g, T: Guarded>(Visit<'g, T>);

/// A visit that has the instance for itself.
#[must_use = "the lock is held only while this lives"]
#[derive(Debug)]
pub struct Alone<'g, T: Guarded>(Visit<'g, T>);

impl<T: Guarded> Deref for Together<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Guarded> Drop for Together<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.exclusion().unlock_shared(self.0.record);
    }
}

impl<T: Guarded> Deref for Alone<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Guarded> Drop for Alone<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.exclusion().unlock_exclusive(self.0.record);
    }
}

impl<T> fmt::Debug for Visit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("number", &self.record.number()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("slot", &self.core.name).finish_non_exhaustive()
    }
}
