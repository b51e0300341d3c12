//! Where a thread keeps what it knows of a slot, and how it finds it again in a few nanoseconds.
//!
//! A [`Seat`] is a record together with the generation its thread used last. A `Reader` has a
//! seat of its own. For callers without one, each thread has a table of seats, indexed by the
//! slot's *place*: a small number that is given back when the slot is gone, so the tables are
//! never longer than there were slots at one time. A serial number tells slots that had the same
//! place one after the other apart.
//!
//! A thread that ends unregisters its records with its table. A thread that calls after that,
//! from another thread-local's destructor, gets a seat for one call.

use std::cell::Cell;
use std::panic::Location;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::core::Core;
use super::record::{OUTSIDE, Record};

/// A slot's index in the table of every thread. It orders nothing and is taken on no hot path, so
/// it has no part in the model-checked seam.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    index: usize,
    serial: u64,
}

static FREE: Mutex<FreePlaces> = Mutex::new(FreePlaces { next: 0, free: Vec::new() });

struct FreePlaces {
    next: usize,
    free: Vec<usize>,
}

impl Place {
    pub(super) fn take() -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let serial = SERIAL.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut places = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let index = places.free.pop().unwrap_or_else(|| {
            places.next += 1;
            places.next - 1
        });
        Self { index, serial }
    }

    pub(super) fn give_back(self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).free.push(self.index);
    }
}

/// A record and the generation that its thread used last. The generation is only an address: it
/// is looked at when the gate has confirmed, after an announcement, that the word still holds.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) record: Arc<Record>,
    core: Weak<Core>,
    #[cfg_attr(loom, expect(dead_code, reason = "only the table looks at it"))]
    serial: u64,
    /// The generation whose word the record knows.
    value: Cell<*const ()>,
    number: Cell<u64>,
}

#[expect(unsafe_code, reason = "a seat moves with its reader, and holds an address")]
// SAFETY: the address is of a `T: Send + Sync` and is used only under the protocol, by whichever
// thread has the seat; the cells move with it.
unsafe impl Send for Seat {}

impl Seat {
    pub(super) fn new(core: &Arc<Core>) -> Self {
        let record = Arc::new(Record::new());
        core.register(Arc::clone(&record));
        Self {
            record,
            core: Arc::downgrade(core),
            serial: core.place.serial,
            value: Cell::new(ptr::null()),
            number: Cell::new(0),
        }
    }

    #[inline(always)]
    pub(super) fn value<T>(&self) -> *const T {
        self.value.get().cast()
    }

    #[inline(always)]
    pub(super) fn number(&self) -> u64 {
        self.number.get()
    }

    /// Enters on the generation the seat knows: once more when it is inside already, else if the
    /// gate still shows that generation's word.
    #[inline(always)]
    pub(super) fn enter_known(
        &self,
        core: &Core,
        place: Option<&'static Location<'static>>,
    ) -> bool {
        if self.record.own_word() == OUTSIDE {
            if let Some(place) = place {
                self.record.set_taken(place);
            }
            return core.try_admit(&self.record, self.record.known());
        }
        self.record.nest();
        true
    }

    pub(super) fn sit<T>(&self, word: u64, value: *const T, number: u64) {
        self.value.set(value.cast());
        self.number.set(number);
        self.record.set_known(word);
    }

    #[cfg(not(loom))]
    fn is_over(&self) -> bool {
        self.core.strong_count() == 0
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(core) = self.core.upgrade() {
            core.unregister(&self.record);
        }
    }
}

#[cfg(not(loom))]
pub(super) use table::*;

#[cfg(not(loom))]
mod table {
    use std::cell::RefCell;

    use super::*;

    type Table = Vec<Option<Rc<Seat>>>;

    std::thread_local! {
        static TABLE: RefCell<Table> = const { RefCell::new(Vec::new()) };
    }

    /// The current thread's seat for a slot, if it has one. `use_it` must run no code of others.
    #[inline(always)]
    pub(in crate::gate) fn with_known<R>(
        core: &Core,
        use_it: impl FnOnce(&Seat) -> Option<R>,
    ) -> Option<R> {
        let place = core.place;
        let known = |table: &RefCell<Table>| match table.borrow().get(place.index) {
            Some(Some(seat)) if seat.serial == place.serial => use_it(seat),
            _ => None,
        };
        TABLE.try_with(known).unwrap_or(None)
    }

    /// The current thread's seat for a slot, a new one if need be. `None` at the end of the thread.
    pub(in crate::gate) fn find(core: &Arc<Core>) -> Option<Rc<Seat>> {
        let place = core.place;
        let known = with_known_rc(place)?;
        if known.is_some() {
            return known;
        }
        let seat = Rc::new(Seat::new(core));
        let old = TABLE.try_with(|table| {
            let mut table = table.borrow_mut();
            let mut gone: Vec<_> = table
                .iter_mut()
                .filter(|seat| seat.as_ref().is_some_and(|seat| seat.is_over()))
                .map(Option::take)
                .collect();
            if table.len() <= place.index {
                table.resize_with(place.index + 1, || None);
            }
            gone.push(table[place.index].replace(Rc::clone(&seat)));
            gone
        });
        // Dropped only here, where the table is free again.
        drop(old);
        Some(seat)
    }

    fn with_known_rc(place: Place) -> Option<Option<Rc<Seat>>> {
        let known = |table: &RefCell<Table>| match table.borrow().get(place.index) {
            Some(Some(seat)) if seat.serial == place.serial => Some(Rc::clone(seat)),
            _ => None,
        };
        TABLE.try_with(known).ok()
    }

    #[cfg(test)]
    pub(in crate::gate) fn seats_of_this_thread() -> usize {
        TABLE.with_borrow(|table| table.iter().flatten().count())
    }
}

#[cfg(loom)]
pub(super) use no_table::*;

/// loom's threads share the thread-locals of std: each call gets a seat of its own.
#[cfg(loom)]
mod no_table {
    use super::*;

    pub(in crate::gate) fn with_known<R>(
        _: &Core,
        _: impl FnOnce(&Seat) -> Option<R>,
    ) -> Option<R> {
        None
    }

    pub(in crate::gate) fn find(_: &Arc<Core>) -> Option<Rc<Seat>> {
        None
    }
}
