//! What keeps a library mapped: its *pins*, all that it has left with the process and that leads back
//! into its code.
//!
//! Three things do: threads that it has started, values of its thread-locals (which have a
//! destructor in it) on threads of the program, and keys for such values. The calls that make them
//! are answered by the host (`interpose`), and noted here. Keys are the host's own numbers: the
//! process has 1,024 real ones, and a library that is retained would keep its share for ever.
//!
//! Pins are *open* while code of the library may be called. They are *draining* when the last owner
//! of the code is gone: each thread destroys the values it has when it is idle
//! ([`run_pending_dtors`](super::run_pending_dtors)) or ends. They are *closed* when nothing is left,
//! and the library may be unmapped. The pins of a library that can only be retained are open for ever.
//!
//! # Kin
//! A state that is handed over as memory may take along what points into the library that it comes
//! from, at places that nobody looks for (`instance/moving.rs`). The code of the library that has got
//! it may take that out of the state, and keep it in a static or on a thread. So of two libraries
//! between which such a state has gone neither is unmapped before the other is [finished]: nobody
//! owns its code, its pins are closed, and the last of its functions that are called has returned.
//!
//! [finished]: LibraryPins::is_finished
//!
//! # Safety
//! [`LibraryPins::close`] succeeds only when no thread of the library runs and no thread has a value
//! of it, while nobody owns its code. All of these are ways into the library, and each can only be
//! begun from inside it. So after a successful close no instruction of the library is running or will
//! be run, but for those that `dlclose` itself calls on the thread that calls it. What these leave is
//! not kept: closed pins take nothing.

mod keys;
mod state;
mod threads;

pub(super) use self::keys::Destructor;

use std::{
    ffi::{CStr, CString},
    fmt, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    },
    time::Instant,
};

use hotswap_types::Holder;

use self::{
    state::{Stage, State},
    threads::Thread,
};
use super::{heap::Heap, tables::List, wake};

/// What one library has left with the process. Locked with a mutex of std: module code may call
/// where the thread-locals of the host are gone already. While the state is locked nothing is allocated
/// but by the system (`tables`).
#[derive(Debug, Default)]
pub struct LibraryPins {
    /// The library's own file, where it is not to find it: std maps the file to put names to the
    /// frames of a backtrace, and keeps it mapped.
    hidden: Option<CString>,
    /// What it has allocated, where it is to be unloaded.
    heap: Option<Arc<Heap>>,
    state: Mutex<State>,
    /// Libraries that may have pointers into this one, and into which it may have some.
    kin: Mutex<Vec<Kin>>,
    /// The reaper has called the last of its functions.
    is_finished: AtomicBool,
    /// Stands in `state`, too; here for those who only want to know whether to look.
    is_draining: AtomicBool,
}

/// Another library between which and this one a state has gone.
#[derive(Clone)]
struct Kin {
    generation: u64,
    pins: Arc<LibraryPins>,
}

/// Without the pins: owner's kin is this one.
impl fmt::Debug for Kin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kin").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// How many libraries' pins are draining: nobody has to look for values to destroy while there is
/// none.
static DRAINING: AtomicUsize = AtomicUsize::new(0);

/// Whether a thread should look for values to destroy.
///
/// # Orderings
/// A thread that does not see pins which have just [begun to drain](LibraryPins::drain) sees them when
/// it looks again, or destroys its values at its end.
pub(super) fn any_is_draining() -> bool {
    fence(Ordering::SeqCst);
    DRAINING.load(Ordering::Relaxed) > 0
}

impl LibraryPins {
    /// Those of a library that does not find its own file at `hidden`.
    pub(super) fn new(hidden: Option<CString>, heap: Option<Arc<Heap>>) -> Self {
        Self { hidden, heap, ..Self::default() }
    }

    pub(super) const fn heap(&self) -> Option<&Arc<Heap>> {
        self.heap.as_ref()
    }

    /// Whether what one of the two libraries has allocated is as good as the other's: they share a
    /// heap.
    pub fn shares_heap(&self, other: &Self) -> bool {
        match (&self.heap, &other.heap) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            _ => false,
        }
    }

    /// Whether what it has allocated is noted, and freed with it.
    pub const fn has_heap(&self) -> bool {
        self.heap.is_some()
    }

    /// Whether a path is that of the library's own file, and not to be found.
    pub(super) fn hides(&self, path: &CStr) -> bool {
        self.hidden.as_deref() == Some(path)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last owner of the code is gone: what threads have of it is destroyed when they come by.
    pub(super) fn drain(&self) {
        let mut state = self.state();
        if state.stage == Stage::Open {
            state.stage = Stage::Draining;
            self.is_draining.store(true, Ordering::Release);
            DRAINING.fetch_add(1, Ordering::Relaxed);
        }
        drop(state);
        fence(Ordering::SeqCst);
    }

    /// Whether values of the library are to be destroyed by the threads that have them.
    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    /// Closes pins that are draining.
    ///
    /// # Errors
    /// With what still leads into the library; the pins are as they were.
    pub(super) fn close(&self) -> Result<(), Vec<Holder>> {
        let mut state = self.state();
        debug_assert_eq!(state.stage, Stage::Draining, "somebody owns the code");
        if !state.is_free() {
            let leads = state.leads();
            drop(state);
            return Err(leads.holders());
        }
        state.stage = Stage::Closed;
        self.is_draining.store(false, Ordering::Release);
        DRAINING.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    /// Whether what the library still asks for, in its last destructors, is forgotten.
    pub(super) fn is_closed(&self) -> bool {
        self.state().stage == Stage::Closed
    }

    /// A state has gone from one of the two libraries to the other, with what may point into either.
    /// Each with the number of its generation.
    pub fn are_kin(one: (u64, &Arc<Self>), other: (u64, &Arc<Self>)) {
        for ((_, pins), (generation, relative)) in [(one, other), (other, one)] {
            let mut kin = pins.kin();
            if !kin.iter().any(|known| Arc::ptr_eq(&known.pins, relative)) {
                kin.push(Kin { generation, pins: Arc::clone(relative) });
            }
        }
    }

    fn kin(&self) -> MutexGuard<'_, Vec<Kin>> {
        self.kin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The libraries whose code may yet look at what points into this one.
    pub(super) fn kin_at_work(&self) -> Vec<Holder> {
        let kin = self.kin();
        let at_work = kin.iter().filter(|it| !it.pins.is_finished());
        at_work.map(|it| Holder::State { generation: it.generation }).collect()
    }

    /// No function of the library is called any more. The pins are closed.
    pub(super) fn finished(&self) {
        self.is_finished.store(true, Ordering::Release);
    }

    /// Whether no function of the library is called any more, but for those that `dlclose` calls.
    pub(super) fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Acquire)
    }

    /// The library is not there any more, or stays for ever: it has no kin.
    pub(super) fn forgets_kin(&self) {
        let kin = mem::take(&mut *self.kin());
        drop(kin);
    }

    /// What leads into the library, or where that is nothing any more, what may look at it.
    pub fn holders(&self) -> Vec<Holder> {
        let leads = self.state().leads();
        let holders = leads.holders();
        if holders.is_empty() && self.is_closed() { self.kin_at_work() } else { holders }
    }

    /// The library asks for something whose end nobody learns of. Whether it may have it: not when
    /// the pins are closed.
    pub fn allow_unaccounted(&self, what: &str) -> bool {
        let mut what = Some(Arc::from(what));
        let mut state = self.state();
        if state.unaccounted.is_none() {
            state.unaccounted = what.take();
        }
        let may = state.stage != Stage::Closed;
        drop(state);
        may
    }

    /// A thread is about to be started. Its number, or `None` when the pins are closed.
    pub(super) fn add_thread(&self) -> Option<u64> {
        let mut state = self.state();
        (state.stage != Stage::Closed).then(|| threads::add(&mut state.threads, 0))
    }

    /// A thread that was started has begun.
    pub(super) fn has_begun(&self, number: u64, thread: i32) {
        let mut state = self.state();
        if let Some(entry) = state.threads.iter_mut().find(|entry| entry.number == number) {
            entry.thread = thread;
        }
    }

    /// A thread has ended, or could not be started.
    pub(super) fn remove_thread(&self, number: u64) {
        self.remove(|state| &mut state.threads, number);
    }

    /// A thread has values of the library. Its number, or `None` when the pins are closed.
    pub(super) fn add_valued(&self, thread: i32) -> Option<u64> {
        let mut state = self.state();
        (state.stage != Stage::Closed).then(|| threads::add(&mut state.valued, thread))
    }

    /// A thread has no values of the library any more.
    pub(super) fn remove_valued(&self, number: u64) {
        self.remove(|state| &mut state.valued, number);
    }

    /// A thread destroys its values. The reaper looks for how long it does.
    pub(super) fn destroys(&self, number: u64) {
        let mut state = self.state();
        if let Some(entry) = state.valued.iter_mut().find(|entry| entry.number == number) {
            entry.destroys = Some(Instant::now());
        }
        let is_draining = state.stage == Stage::Draining;
        drop(state);
        if is_draining {
            wake::notify();
        }
    }

    /// Since when a thread has been destroying its values, the one that takes longest.
    pub(super) fn destroying_since(&self) -> Option<Instant> {
        self.state().valued.iter().filter_map(|entry| entry.destroys).min()
    }

    fn remove(&self, list: impl FnOnce(&mut State) -> &mut List<Thread>, number: u64) {
        let mut state = self.state();
        list(&mut state).retain(|entry| entry.number != number);
        let is_free = state.stage == Stage::Draining && state.is_free();
        drop(state);
        if is_free {
            wake::notify();
        }
    }

    /// A new key, or `None` when there are too many.
    pub(super) fn add_key(&self, destructor: Option<Destructor>) -> Option<usize> {
        // Also of closed pins: a destructor that cannot have one would end the process.
        self.state().keys.add(destructor)
    }

    /// Gives a key back; whether it was one.
    pub(super) fn remove_key(&self, index: usize) -> bool {
        self.state().keys.remove(index)
    }

    /// A key's serial number and destructor, if it is one.
    pub(super) fn key(&self, index: usize) -> Option<(u64, Option<Destructor>)> {
        self.state().keys.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_closed_when_nothing_leads_into_the_library() {
        let pins = LibraryPins::default();
        let (thread, valued) = (pins.add_thread().unwrap(), pins.add_valued(1).unwrap());
        pins.drain();
        assert!(pins.is_draining() && any_is_draining());
        let kinds = |holders: Vec<Holder>| match &*holders {
            [Holder::Threads(threads), Holder::ThreadLocals(valued)] => {
                (threads.len(), valued.len())
            }
            [Holder::ThreadLocals(valued)] => (0, valued.len()),
            other => panic!("{other:?}"),
        };
        assert_eq!(kinds(pins.close().unwrap_err()), (1, 1));
        pins.remove_thread(thread);
        assert_eq!(kinds(pins.close().unwrap_err()), (0, 1));
        pins.remove_valued(valued);
        pins.close().unwrap();
        assert!(pins.is_closed() && !pins.is_draining());
        assert_eq!((pins.add_thread(), pins.add_valued(1)), (None, None));
        assert_eq!(pins.add_key(None), Some(0));
        assert!(!pins.allow_unaccounted("too late"));
    }

    #[test]
    fn a_thread_that_destroys_its_values_is_told_from_one_that_has_them() {
        let pins = LibraryPins::default();
        let (_idle, busy) = (pins.add_valued(1).unwrap(), pins.add_valued(2).unwrap());
        assert!(matches!(&*pins.holders(), [Holder::ThreadLocals(both)] if both.len() == 2));
        assert_eq!(pins.destroying_since(), None);
        pins.destroys(busy);
        let holders = pins.holders();
        let [Holder::ThreadLocals(idle), Holder::Destructors(busy)] = &*holders else {
            panic!("{holders:?}")
        };
        assert_eq!((idle.len(), busy.len()), (1, 1));
        assert!(pins.destroying_since().is_some());
    }

    #[test]
    fn what_cannot_be_accounted_for_holds_for_ever() {
        let pins = LibraryPins::default();
        assert!(pins.allow_unaccounted("one") && pins.allow_unaccounted("two"));
        pins.drain();
        let [Holder::Image { why }] = &*pins.close().unwrap_err() else { panic!() };
        assert_eq!(why, "one");
    }

    #[test]
    fn a_library_is_held_by_those_that_had_its_state_until_their_code_has_ended() {
        let [one, two, three] = [(); 3].map(|()| Arc::new(LibraryPins::default()));
        for _ in 0..2 {
            LibraryPins::are_kin((1, &one), (2, &two));
        }
        LibraryPins::are_kin((2, &two), (3, &three));
        let by = |numbers: &[u64]| -> Vec<_> {
            numbers.iter().map(|generation| Holder::State { generation: *generation }).collect()
        };
        assert_eq!((one.kin_at_work(), two.kin_at_work()), (by(&[2]), by(&[1, 3])));
        // That nobody owns its code does not do: a thread of it may look.
        let thread = two.add_thread().unwrap();
        two.drain();
        two.close().unwrap_err();
        assert_eq!(one.kin_at_work(), by(&[2]));
        two.remove_thread(thread);
        two.close().unwrap();
        assert_eq!(one.kin_at_work(), by(&[2]));
        two.finished();
        assert_eq!((one.kin_at_work(), two.kin_at_work()), (by(&[]), by(&[1, 3])));
        assert!(format!("{one:?}").contains("generation: 2"));
        for pins in [one, two, three] {
            pins.forgets_kin();
            assert!(pins.kin_at_work().is_empty());
        }
    }
}
