//! What one thread has of libraries, in its *ledger*: an entry for each library, with the destructors
//! of its thread-locals in the order in which they were asked for, and its values for the library's
//! keys.
//!
//! They are destroyed when the thread ends, or when it is idle and the library's pins are draining
//! ([`run_pending_dtors`]), whichever is first; never in a call, for which they may take too long. The
//! last that was asked for is destroyed first, and then the keys' values, in rounds, as the C library
//! does it. An entry keeps the library's pins from being closed, and so the library mapped, until its
//! last destructor has returned.
//!
//! The ledger itself has no destructor in the eyes of Rust, so that it is there as long as the thread:
//! a library may be called from the destructor of any thread-local of the program. A thread with
//! entries is known to the C library twice: among the thread-locals' destructors, and, for what is
//! called after these, by a key.
//!
//! # Safety
//! Nothing of the ledger is borrowed while a destructor runs: it may come back for more. Nor while the
//! program's allocator runs, which may call a library (`tables`).
//!
//! # Why a generation waits for these threads
//! - To close the library and leak the values would lose memory with each upgrade, and whatever a
//!   destructor was to write.
//! - To destroy them on another thread is undefined behaviour where a value is not `Send`.
//! - To destroy them when the thread next enters the slot would have a caller of the new version
//!   wait for code of the old one, without a deadline.
//! - To destroy them at the switch would leave a version that comes back from a trial without them.
//!
//! So the owner of the thread says when it is idle. Until then the generation stays, which costs
//! memory and no time, and the event names the thread and the missing call. The thread for module
//! code (`steps.rs`) is replaced instead. A thread that the library has started destroys its values
//! at its end only.

use std::{
    cell::RefCell,
    mem::ManuallyDrop,
    ptr,
    sync::{Arc, OnceLock},
};

use libc::c_void;

use super::{
    pins::{self, Destructor, LibraryPins},
    tables::List,
};

/// How often the C library looks for values that destructors have left, and we do.
const ROUNDS: usize = 4;

#[derive(Debug)]
struct ThreadLedger {
    entries: List<Entry>,
    /// The library that has started this thread.
    starter: Option<Running>,
    /// Whether [`end`] is called when the thread ends.
    is_known: bool,
}

/// What the thread has of one library.
#[derive(Debug)]
struct Entry {
    pins: Arc<LibraryPins>,
    /// The thread, among the pins.
    number: u64,
    destructors: List<(Destructor, *mut c_void)>,
    /// By the index of the key: the key's serial number, and the value.
    values: List<(u64, *mut c_void)>,
    /// Whether a [`destroy`] of this thread is at it. A destructor may lead back here, and the entry
    /// must stay until it has returned.
    is_busy: bool,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.pins.remove_valued(self.number);
    }
}

/// A thread that a library has started, for as long as the library's code may run in it.
#[derive(Debug)]
pub(super) struct Running {
    pins: Arc<LibraryPins>,
    number: u64,
}

impl Running {
    /// A thread that is about to be started; `None` when the library must start no more.
    pub(super) fn new(pins: &Arc<LibraryPins>) -> Option<Self> {
        let number = pins.add_thread()?;
        Some(Self { pins: Arc::clone(pins), number })
    }

    /// It is the current thread, for as long as this lives.
    pub(super) fn is_here(&self) {
        self.pins.has_begun(self.number, thread());
    }

    /// The current thread is it, to its end.
    pub(super) fn begin(self) {
        self.is_here();
        with(|ledger| {
            ledger.starter = Some(self);
            ledger.make_known();
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.pins.remove_thread(self.number);
    }
}

thread_local! {
    static LEDGER: ManuallyDrop<RefCell<ThreadLedger>> = const {
        let ledger = ThreadLedger { entries: List::new(), starter: None, is_known: false };
        ManuallyDrop::new(RefCell::new(ledger))
    };
}

fn with<R>(use_it: impl FnOnce(&mut ThreadLedger) -> R) -> R {
    LEDGER.with(|ledger| use_it(&mut ledger.borrow_mut()))
}

/// The system's number of the current thread.
fn thread() -> i32 {
    // SAFETY: it takes nothing and gives a number.
    unsafe { libc::gettid() }
}

impl ThreadLedger {
    /// The entry of a library; a new one if need be, and `None` if its pins are closed.
    fn entry(&mut self, pins: &Arc<LibraryPins>) -> Option<&mut Entry> {
        let known = self.entries.iter().position(|entry| Arc::ptr_eq(&entry.pins, pins));
        let index = match known {
            Some(index) => index,
            None => {
                let number = pins.add_valued(thread())?;
                let pins = Arc::clone(pins);
                let (destructors, values) = (List::new(), List::new());
                let entry = Entry { pins, number, destructors, values, is_busy: false };
                self.entries.push(entry);
                self.make_known();
                self.entries.len() - 1
            }
        };
        Some(&mut self.entries[index])
    }

    fn known(&mut self, pins: &Arc<LibraryPins>) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| Arc::ptr_eq(&entry.pins, pins))
    }

    fn make_known(&mut self) {
        if !self.is_known {
            self.is_known = true;
            at_end();
        }
    }
}

/// Notes the destructor of a thread-local. One that is asked for when the library is about to go is
/// not called.
pub(super) fn add(pins: &Arc<LibraryPins>, destructor: Destructor, value: *mut c_void) {
    with(|ledger| {
        if let Some(entry) = ledger.entry(pins) {
            entry.destructors.push((destructor, value));
        }
    });
}

/// Sets the value for a key; whether there is such a key.
pub(super) fn set(pins: &Arc<LibraryPins>, index: usize, value: *mut c_void) -> bool {
    let Some((serial, _)) = pins.key(index) else { return false };
    with(|ledger| {
        // Nothing is as good as no entry.
        let entry = if value.is_null() { ledger.known(pins) } else { ledger.entry(pins) };
        if let Some(entry) = entry {
            if entry.values.len() <= index {
                entry.values.resize(index + 1, (0, ptr::null_mut()));
            }
            entry.values[index] = (serial, value);
        }
    });
    true
}

/// The value for a key; null if there is none.
pub(super) fn get(pins: &Arc<LibraryPins>, index: usize) -> *mut c_void {
    let Some((serial, _)) = pins.key(index) else { return ptr::null_mut() };
    with(|ledger| match ledger.known(pins).and_then(|entry| entry.values.get(index)) {
        Some((known, value)) if *known == serial => *value,
        _ => ptr::null_mut(),
    })
}

/// Destroys what this thread has of libraries that are to be unloaded. The thread must not be about
/// to go on in code of one: nobody owns it any more, so only a thread that the library has started
/// could be.
pub fn run_pending_dtors() {
    if pins::any_is_draining() {
        run_dtors();
    }
}

#[cold]
fn run_dtors() {
    let next = || {
        with(|ledger| {
            let starter = ledger.starter.as_ref().map(|running| &running.pins);
            let draining = |entry: &&Entry| {
                let is_own = starter.is_some_and(|starter| Arc::ptr_eq(starter, &entry.pins));
                entry.pins.is_draining() && !is_own && !entry.is_busy
            };
            ledger.entries.iter().find(draining).map(|entry| Arc::clone(&entry.pins))
        })
    };
    while let Some(pins) = next() {
        destroy(&pins);
    }
}

/// Destroys what this thread has of one library, and forgets the entry. No destructor of it may be
/// running on this thread.
fn destroy(pins: &Arc<LibraryPins>) {
    let begin = |entry: &mut Entry| {
        entry.is_busy = true;
        entry.number
    };
    if let Some(number) = with(|ledger| ledger.known(pins).map(begin)) {
        pins.destroys(number);
    }
    for _ in 0..ROUNDS {
        destroy_locals(pins);
        if !destroy_values(pins) {
            break;
        }
    }
    destroy_locals(pins);
    let entry = with(|ledger| {
        let index = ledger.entries.iter().position(|entry| Arc::ptr_eq(&entry.pins, pins));
        index.map(|index| ledger.entries.remove(index))
    });
    drop(entry);
}

fn destroy_locals(pins: &Arc<LibraryPins>) {
    let next = || with(|ledger| ledger.known(pins).and_then(|entry| entry.destructors.pop()));
    while let Some((destructor, value)) = next() {
        // SAFETY: the library has asked for this call, once, on this thread; it is mapped, because
        // the entry is still there.
        unsafe { destructor(value) };
    }
}

/// One round; whether there was anything.
fn destroy_values(pins: &Arc<LibraryPins>) -> bool {
    let mut any = false;
    let count = with(|ledger| ledger.known(pins).map_or(0, |entry| entry.values.len()));
    for index in 0..count {
        let Some((serial, Some(destructor))) = pins.key(index) else { continue };
        let value = with(|ledger| {
            let value = ledger.known(pins)?.values.get_mut(index)?;
            let known = std::mem::replace(value, (0, ptr::null_mut()));
            (known.0 == serial && !known.1.is_null()).then_some(known.1)
        });
        if let Some(value) = value {
            any = true;
            // SAFETY: as for a thread-local; the key's destructor, with a value of this thread.
            unsafe { destructor(value) };
        }
    }
    any
}

/// The thread ends: what it has of any library is destroyed, and then it counts no more as a thread
/// of the library that has started it.
///
/// A destructor that ends the process is still below on the stack: its entry stays.
unsafe extern "C" fn end(_: *mut c_void) {
    let idle = |entry: &&Entry| !entry.is_busy;
    let last =
        || with(|ledger| ledger.entries.iter().rfind(idle).map(|entry| Arc::clone(&entry.pins)));
    while let Some(pins) = last() {
        destroy(&pins);
    }
    let (room, starter) = with(|ledger| {
        ledger.is_known = false;
        // Nothing else gives it back.
        let room = ledger.entries.is_empty().then(|| std::mem::take(&mut ledger.entries));
        (room, ledger.starter.take())
    });
    drop((room, starter));
}

/// Has [`end`] called when the current thread ends.
fn at_end() {
    unsafe extern "C" {
        static __dso_handle: u8;
        fn __cxa_thread_atexit_impl(
            destructor: Destructor,
            value: *mut c_void,
            library: *mut c_void,
        ) -> libc::c_int;
    }
    static KEY: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: the key is written to a place of ours, and `end` is of the program.
        (unsafe { libc::pthread_key_create(&mut key, Some(end)) } == 0).then_some(key)
    });
    let library = (&raw const __dso_handle).cast_mut().cast();
    // SAFETY: `end` needs no value, and belongs to the library that holds this code.
    unsafe { __cxa_thread_atexit_impl(end, ptr::null_mut(), library) };
    if let Some(key) = key {
        // What is called after the thread-locals' destructors is seen to as well.
        // SAFETY: our own key; any value but null has `end` called.
        unsafe { libc::pthread_setspecific(*key, ptr::dangling::<u8>().cast()) };
    }
}

#[cfg(test)]
mod tests;
