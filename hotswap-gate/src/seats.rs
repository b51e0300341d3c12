//! Where a thread keeps what it knows of a slot, and how it finds it again in a few nanoseconds.
//!
//! A [`Seat`] is a record that is registered with its slot as long as the seat lives. A `Reader` has
//! a seat of its own. For callers without one, each thread has a table of seats, indexed by the
//! gate's *place* (see `places`). A seat whose slot is gone is dropped when its place is used
//! again, or when a hand that each new seat moves on comes by.
//!
//! A thread that ends unregisters its records with its table. A thread that calls after that,
//! from another thread-local's destructor, gets a seat for one call. Since a thread-local with a
//! destructor is dear to look at, calls look at another one, without: where the table's seats lie.

use std::rc::Rc;
use std::sync::{Arc, Weak};

use crate::protocol::Core;
use crate::record::Record;

/// A record, and how it is unregistered.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) record: Arc<Record>,
    core: Weak<Core>,
    #[cfg_attr(all(test, loom), expect(dead_code, reason = "only the table looks at it"))]
    serial: u64,
}

impl Seat {
    pub(crate) fn new(core: &Arc<Core>) -> Self {
        let record = Arc::new(Record::new());
        core.register(Arc::clone(&record));
        Self { record, core: Arc::downgrade(core), serial: core.place.serial }
    }

    #[cfg(not(all(test, loom)))]
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

#[cfg(not(all(test, loom)))]
pub(crate) use table::*;

#[cfg(not(all(test, loom)))]
mod table {
    use std::cell::{Cell, RefCell};
    use std::ptr;

    use super::*;
    use crate::places::Place;
    use crate::thread;

    /// Nothing else changes or drops `seats` than the two functions that say so.
    struct Table {
        seats: Vec<Option<Rc<Seat>>>,
        /// The next place where [`sweep`](Self::sweep) looks.
        hand: usize,
        #[cfg(test)]
        looks: usize,
    }

    impl Table {
        const EMPTY: Self = Self {
            seats: Vec::new(),
            hand: 0,
            #[cfg(test)]
            looks: 0,
        };

        /// How many places each new seat looks at. With two, a seat whose gate is gone goes before
        /// the table has half as many new seats as it has places; and what a thread spends on its
        /// first entries grows with their number alone.
        const LOOKS: usize = 2;

        /// Takes out seats whose gate is gone, at the next few places.
        fn sweep(&mut self) -> [Option<Rc<Seat>>; Self::LOOKS] {
            std::array::from_fn(|_| {
                self.hand = if self.hand < self.seats.len() { self.hand } else { 0 };
                let seat = self.seats.get_mut(self.hand)?;
                self.hand += 1;
                #[cfg(test)]
                {
                    self.looks += 1;
                }
                seat.take_if(|seat| seat.is_over())
            })
        }
    }

    /// Where a table's seats lie.
    #[derive(Clone, Copy)]
    struct Lie {
        seats: *const Option<Rc<Seat>>,
        len: usize,
    }

    const NOWHERE: Lie = Lie { seats: ptr::null(), len: 0 };

    std::thread_local! {
        static TABLE: RefCell<Table> = const { RefCell::new(Table::EMPTY) };
        static LIE: Cell<Lie> = const { Cell::new(NOWHERE) };
    }

    impl Drop for Table {
        fn drop(&mut self) {
            LIE.set(NOWHERE);
            thread::ends();
        }
    }

    /// The current thread's seat for a slot, if it has one. `use_it` must run no code of others.
    #[inline(always)]
    #[expect(unsafe_code, reason = "looks at the table without a look at its state")]
    pub(crate) fn with_known<R>(core: &Core, use_it: impl FnOnce(&Seat) -> Option<R>) -> Option<R> {
        let (place, lie) = (core.place, LIE.get());
        if place.index >= lie.len {
            return None;
        }
        // SAFETY: `LIE` is this thread's own, and says where the seats of its table lie since they
        // were last changed: `find` sets it after each change, and the table's end before they go.
        let seat = unsafe { lie.seats.add(place.index) };
        // SAFETY: as above; nobody changes the table meanwhile, because `use_it` does not lead to
        // `find` or to the end of the thread.
        match unsafe { &*seat } {
            Some(seat) if seat.serial == place.serial => use_it(seat),
            _ => None,
        }
    }

    /// The current thread's seat for a slot, a new one if need be. `None` at the end of the thread, and
    /// while the table changes: the program's allocator is called below, and may call slots.
    pub(crate) fn find(core: &Arc<Core>) -> Option<Rc<Seat>> {
        let place = core.place;
        let known = with_known_rc(place)?;
        if known.is_some() {
            return known;
        }
        let seat = Rc::new(Seat::new(core));
        let old = TABLE.try_with(|table| {
            let table = &mut *table.borrow_mut();
            LIE.set(NOWHERE);
            let gone = table.sweep();
            let seats = &mut table.seats;
            if seats.len() <= place.index {
                seats.resize_with(place.index + 1, || None);
            }
            let before = seats[place.index].replace(Rc::clone(&seat));
            LIE.set(Lie { seats: seats.as_ptr(), len: seats.len() });
            (gone, before)
        });
        // Dropped only here, where the table is free again.
        drop(old);
        Some(seat)
    }

    fn with_known_rc(place: Place) -> Option<Option<Rc<Seat>>> {
        let known = |table: &RefCell<Table>| match table.try_borrow().ok()?.seats.get(place.index) {
            Some(Some(seat)) if seat.serial == place.serial => Some(Some(Rc::clone(seat))),
            _ => Some(None),
        };
        TABLE.try_with(known).ok().flatten()
    }

    /// Runs something as if the program's allocator did while the table changes.
    #[cfg(test)]
    pub(crate) fn while_it_changes<R>(then: impl FnOnce() -> R) -> R {
        TABLE.with_borrow_mut(|table| {
            LIE.set(NOWHERE);
            let done = then();
            LIE.set(Lie { seats: table.seats.as_ptr(), len: table.seats.len() });
            done
        })
    }

    #[cfg(test)]
    pub(crate) fn seats_of_this_thread() -> usize {
        TABLE.with_borrow(|table| table.seats.iter().flatten().count())
    }

    /// How many places this thread has looked at so far when it got new seats.
    #[cfg(test)]
    pub(crate) fn looks_of_this_thread() -> usize {
        TABLE.with_borrow(|table| table.looks)
    }
}

#[cfg(all(test, loom))]
pub(crate) use no_table::*;

/// loom's threads share the thread-locals of std: each call gets a seat of its own.
#[cfg(all(test, loom))]
mod no_table {
    use super::*;

    pub(crate) fn with_known<R>(_: &Core, _: impl FnOnce(&Seat) -> Option<R>) -> Option<R> {
        None
    }

    pub(crate) fn find(_: &Arc<Core>) -> Option<Rc<Seat>> {
        None
    }
}
