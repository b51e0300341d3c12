//! What one thread says about itself to one slot.
//!
//! A record belongs to one thread at a time. Only that thread writes to it; closers and the
//! wait-for graph read. It sits on cache lines of its own, so that announcing costs no other
//! thread anything.
//!
//! # Orderings
//! Leaving is a Release store and others read with Acquire: who finds the thread outside has seen
//! everything it did inside. Announcing is Relaxed; what makes it meet the closer is the fence
//! after it (see `form`). Who finds the thread on *another* generation than the one it asks about
//! has seen all the same what the thread did there: a record changes its turn only in `Core::admit`,
//! which takes the mutex that whoever draws conclusions holds, and its arm of a turn by a Release store
//! after the fence of the way in. (The fence alone would make it one; so nothing leans on the fence.)
//! For the same reason a record never announces, not even for nothing, a word of another turn than it
//! was on last: `unshown`. The other fields are written before an announcement or are hints.

use std::panic::Location;
use std::ptr;
use std::sync::atomic::AtomicPtr;

use crate::form::Form;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use crate::thread::{self, Who};
use crate::word::{OUTSIDE, turn_of, unshown};

/// The lock mode of a thread that has its instance for itself; below it, the number of shared uses.
pub(crate) const EXCLUSIVE: u32 = u32::MAX;

#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct Record {
    /// The word the thread announced, or [`OUTSIDE`].
    inside: AtomicU64,
    /// The open word of the turn that the thread was on last, or [`OUTSIDE`].
    known: AtomicU64,
    /// The same where the quick way must not find it: in the fence form, and beside a canary. There,
    /// what is known is a word of the same turn that no gate shows.
    fenced: AtomicU64,
    /// The generation whose word is known: only an address, which is looked at when the gate has
    /// confirmed, after an announcement, that the word still holds. Its own thread alone uses it.
    value: AtomicPtr<()>,
    /// Its number.
    number: AtomicU64,
    /// What is current on the turn of that word, where it has two arms of which each entry chooses one;
    /// else null. An address like the one before, and used as that one is.
    choice: AtomicPtr<()>,
    /// Entries beyond the first that are not left yet.
    nested: AtomicU64,
    /// How the thread holds the lock of the instance it is on: 0, a number of uses, [`EXCLUSIVE`].
    mode: AtomicU32,
    /// The number of the thread that uses this record.
    owner: AtomicU64,
    /// Nobody will use it again once it is outside.
    orphan: AtomicBool,
    who: Mutex<Option<Who>>,
    /// Where the thread has entered. Like the other addresses it orders nothing, so that it has no
    /// part in the model-checked seam.
    taken: AtomicPtr<Location<'static>>,
}

// Two lines of a cache, of which neighbours fetch each other.
const _: () = assert!(cfg!(loom) || size_of::<Record>() == 128);

impl Record {
    pub(crate) fn new() -> Self {
        Self {
            inside: AtomicU64::new(OUTSIDE),
            known: AtomicU64::new(OUTSIDE),
            fenced: AtomicU64::new(OUTSIDE),
            value: AtomicPtr::new(ptr::null_mut()),
            number: AtomicU64::new(0),
            choice: AtomicPtr::new(ptr::null_mut()),
            nested: AtomicU64::new(0),
            mode: AtomicU32::new(0),
            owner: AtomicU64::new(thread::NOBODY),
            orphan: AtomicBool::new(false),
            who: Mutex::new(None),
            taken: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The announced word as its own thread knows it.
    #[inline(always)]
    pub(crate) fn own_word(&self) -> u64 {
        self.inside.load(Ordering::Relaxed)
    }

    /// The announced word as others must read it.
    pub(crate) fn word(&self) -> u64 {
        self.inside.load(Ordering::Acquire)
    }

    #[inline(always)]
    pub(crate) fn announce(&self, word: u64) {
        self.inside.store(word, Ordering::Relaxed);
    }

    /// Announces an arm, or the word of another record of the thread, which may say one.
    pub(crate) fn decide(&self, word: u64) {
        self.inside.store(word, Ordering::Release);
    }

    #[inline(always)]
    pub(crate) fn withdraw(&self) {
        self.inside.store(OUTSIDE, Ordering::Release);
    }

    /// The open word that the quick way may announce.
    #[inline(always)]
    pub(crate) fn known(&self) -> u64 {
        self.known.load(Ordering::Relaxed)
    }

    /// The open word that the way with a fence may announce.
    pub(crate) fn known_fenced(&self) -> u64 {
        self.fenced.load(Ordering::Relaxed)
    }

    /// Keeps a generation for the next entry, under its open word.
    pub(crate) fn keep<T>(&self, form: Form, word: u64, value: *const T, number: u64) {
        self.set_value(value, number);
        self.choice.store(ptr::null_mut(), Ordering::Relaxed);
        if form.is_quick() {
            self.known.store(word, Ordering::Relaxed);
            self.fenced.store(OUTSIDE, Ordering::Relaxed);
        } else {
            self.keep_fenced(word);
        }
    }

    /// Keeps what is current on a turn with two arms, under its open word. The quick way does not find it.
    pub(crate) fn keep_choice<G>(&self, word: u64, generation: *const G) {
        self.choice.store(generation.cast_mut().cast(), Ordering::Relaxed);
        self.keep_fenced(word);
    }

    fn keep_fenced(&self, word: u64) {
        self.known.store(unshown(turn_of(word)), Ordering::Relaxed);
        self.fenced.store(word, Ordering::Relaxed);
    }

    /// What was kept so.
    pub(crate) fn choice<G>(&self) -> *const G {
        self.choice.load(Ordering::Relaxed).cast_const().cast()
    }

    /// The generation that the thread is on.
    pub(crate) fn set_value<T>(&self, value: *const T, number: u64) {
        self.value.store(value.cast_mut().cast(), Ordering::Relaxed);
        self.number.store(number, Ordering::Relaxed);
    }

    /// The generation that was kept last.
    #[inline(always)]
    pub(crate) fn value<T>(&self) -> *mut T {
        self.value.load(Ordering::Relaxed).cast()
    }

    /// Its number.
    #[inline(always)]
    pub(crate) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    /// Counts one entry more. Guards can be forgotten, so the count can reach any number: as with
    /// `Rc`, one that would come back to zero ends the process.
    #[inline(always)]
    pub(crate) fn nest(&self) {
        match self.nested.load(Ordering::Relaxed).checked_add(1) {
            Some(nested) => self.nested.store(nested, Ordering::Relaxed),
            None => count_overflows("pins that this thread has not dropped"),
        }
    }

    /// Undoes one entry. When that was the outermost, this is the last time the record is touched:
    /// whoever sees it outside may free an orphan.
    #[inline(always)]
    pub(crate) fn leave(&self) {
        match self.nested.load(Ordering::Relaxed) {
            0 => self.withdraw(),
            nested => self.nested.store(nested - 1, Ordering::Relaxed),
        }
    }

    pub(crate) fn depth(&self) -> u64 {
        self.nested.load(Ordering::Relaxed).saturating_add(1)
    }

    #[inline(always)]
    pub(crate) fn owner(&self) -> u64 {
        self.owner.load(Ordering::Relaxed)
    }

    /// Whether the current thread is the owner.
    #[inline(always)]
    pub(crate) fn is_own(&self) -> bool {
        self.owner() == thread::known_id()
    }

    /// Makes the current thread the owner. The record must be outside.
    pub(crate) fn adopt(&self) {
        let me = thread::id();
        if self.owner() != me {
            let who = Who::current();
            let before = self.who.lock().replace(who);
            // Freed when nothing is locked: the program's allocator may call by this very record.
            drop(before);
            self.owner.store(me, Ordering::Relaxed);
        }
    }

    /// Notes where the thread enters.
    #[inline(always)]
    pub(crate) fn set_taken(&self, place: &'static Location<'static>) {
        self.taken.store(ptr::from_ref(place).cast_mut(), Ordering::Relaxed);
    }

    #[expect(unsafe_code, reason = "a reference as an atomic pointer")]
    pub(crate) fn taken(&self) -> Option<&'static Location<'static>> {
        // SAFETY: only `set_taken` stores anything but null: a shared reference that is 'static.
        unsafe { self.taken.load(Ordering::Relaxed).as_ref() }
    }

    pub(crate) fn who(&self) -> Option<Who> {
        self.who.lock().clone()
    }

    #[inline(always)]
    pub(crate) fn mode(&self) -> u32 {
        self.mode.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(crate) fn set_mode(&self, mode: u32) {
        self.mode.store(mode, Ordering::Relaxed);
    }

    /// Gives the record to the roster: it goes once the thread is outside. Called only after an
    /// announcement, so that "orphan and outside" means over and never "not begun".
    pub(crate) fn orphan(&self) {
        self.orphan.store(true, Ordering::Release);
    }

    /// Whether the roster may forget it.
    pub(crate) fn is_over(&self) -> bool {
        self.orphan.load(Ordering::Acquire) && self.word() == OUTSIDE
    }

    /// As if the thread had forgotten so many guards.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn set_nested(&self, nested: u64) {
        self.nested.store(nested, Ordering::Relaxed);
    }
}

/// Ends the process: a count that wraps would have the gate free what callers still use.
#[cold]
#[inline(never)]
pub(crate) fn count_overflows(of: &str) -> ! {
    use std::io::Write;

    let _ =
        writeln!(std::io::stderr(), "hotswap: the number of {of} overflows; the process aborts");
    std::process::abort()
}
