//! The records by which this thread is on an arm: who enters by another one stays on that arm.
//!
//! Each thread keeps a list of its records that have chosen an arm. Leaving is one plain store and
//! tells nobody, so the list is not told either: an entry counts where its record still announces an
//! arm and is still this thread's own. Others are dropped when the list is next changed; it has as
//! many entries as the thread has records that chose lately, mostly one.
//!
//! At the end of the thread, and while the list itself is changed (the program's allocator may call
//! slots), the roster of the gate says the same, under its mutex; and from then on, where an entry
//! could not be noted.
//!
//! # Orderings
//! A record on this list may have gone to another thread meanwhile, with its reader. That thread
//! became its owner before it announced an arm, which is a Release store (`Record::decide`); the look
//! here is an Acquire load, so who sees its arm sees its owner, too.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::protocol::Core;
use crate::record::Record;
use crate::thread;
use crate::word::Arm;

struct OwnArm {
    /// The serial number of the gate's place.
    gate: u64,
    record: Arc<Record>,
}

#[cfg(not(all(test, loom)))]
crate::sync::thread_local! { static OWN_ARMS: RefCell<Vec<OwnArm>> = const { RefCell::new(Vec::new()) }; }
#[cfg(all(test, loom))]
crate::sync::thread_local! { static OWN_ARMS: RefCell<Vec<OwnArm>> = RefCell::new(Vec::new()); }

// Whether a record is missing on the list.
#[cfg(not(all(test, loom)))]
crate::sync::thread_local! { static PARTIAL: Cell<bool> = const { Cell::new(false) }; }
#[cfg(all(test, loom))]
crate::sync::thread_local! { static PARTIAL: Cell<bool> = Cell::new(false); }

impl OwnArm {
    fn arm(&self) -> Option<Arm> {
        let arm = Arm::of(self.record.word())?;
        (self.record.owner() == thread::known_id()).then_some(arm)
    }
}

/// The arm that the current thread is on. It neither allocates nor frees: the asking record is
/// undecided, and the program's allocator could enter by it.
pub(crate) fn current(core: &Core) -> Option<Arm> {
    let gate = core.place.serial;
    let look = |own: &RefCell<Vec<OwnArm>>| {
        let own = own.try_borrow().ok()?;
        Some(own.iter().filter(|own| own.gate == gate).find_map(OwnArm::arm))
    };
    match OWN_ARMS.try_with(look) {
        Ok(Some(arm)) if !PARTIAL.with(Cell::get) => arm,
        _ => core.arm_of_thread(thread::known_id()),
    }
}

/// Notes that a record of the current thread is on an arm.
pub(crate) fn note(core: &Core, record: &Arc<Record>) {
    let note = |own: &RefCell<Vec<OwnArm>>| {
        let Ok(mut own) = own.try_borrow_mut() else {
            return PARTIAL.with(|partial| partial.set(true));
        };
        if let [only] = &own[..]
            && Arc::ptr_eq(&only.record, record)
        {
            return;
        }
        own.retain(|own| own.arm().is_some() && !Arc::ptr_eq(&own.record, record));
        own.push(OwnArm { gate: core.place.serial, record: Arc::clone(record) });
    };
    let _ = OWN_ARMS.try_with(note);
}

/// Runs something as if the program's allocator did while the list changes.
#[cfg(all(test, not(loom)))]
pub(crate) fn while_it_changes<R>(then: impl FnOnce() -> R) -> R {
    OWN_ARMS.with_borrow_mut(|_| then())
}

#[cfg(all(test, not(loom)))]
pub(crate) fn of_this_thread() -> usize {
    OWN_ARMS.with_borrow(Vec::len)
}
