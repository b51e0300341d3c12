//! The account of a library: what it has left with the process that leads back into its code.
//!
//! Three things can: threads that it has started, values of its thread-locals (which have a
//! destructor in it) on threads of the program, and keys for such values. The calls that make them
//! are answered by the host (`interpose`), and noted here. Keys are the host's own numbers: the
//! process has 1,024 real ones, and a library that is retained would keep its share for ever.
//!
//! An account is *open* while code of the library may be called; it is *dying* when the last owner
//! of the code is gone, and then each thread destroys the values it has when it is idle
//! ([`book::tidy`](super::book::tidy)) or ends; it is *closed* when nothing is left, and the library may be
//! unmapped. A library that can only be retained has an open account for ever.
//!
//! # Safety
//! [`Account::close`] succeeds only when no thread of the library runs and no thread has a value of
//! it, while nobody owns its code. All of these are ways into the library, and each can only be
//! begun from inside it. So who has closed an account knows that no instruction of the library is
//! running or will be run, but for those that `dlclose` itself calls on the thread that calls it.
//! What these leave is not kept: a closed account takes nothing.

use std::{
    ffi::{CStr, CString},
    fs,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    },
    time::Instant,
};

use hotswap_types::{Holder, HoldingThread, escape::escaped};
use libc::c_void;

use super::{bell, heap::Heap};

/// A function that destroys what it is given.
pub(super) type Destructor = unsafe extern "C" fn(*mut c_void);

/// What one library has left with the process. Locked with a mutex of std: module code may call
/// where the thread-locals of the host are gone already.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// The library's own file, where it is not to find it: std maps the file to put names to the
    /// frames of a backtrace, and keeps it mapped.
    hidden: Option<CString>,
    /// What it has allocated, where it is to be unloaded.
    heap: Option<Arc<Heap>>,
    ledger: Mutex<Ledger>,
    /// Stands in the ledger, too; here for those who only want to know whether to look.
    is_dying: AtomicBool,
}

#[derive(Debug, Default)]
struct Ledger {
    stage: Stage,
    /// Threads that the library has started.
    threads: Vec<Entry>,
    /// Threads of whomever that have values of the library's.
    valued: Vec<Entry>,
    keys: Vec<Key>,
    /// What it has asked for that nobody can account for.
    beyond: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    Dying,
    Closed,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    number: u64,
    /// The system's number of the thread; 0 until it has begun.
    thread: i32,
    since: Instant,
    /// Since when the thread destroys its values, if it does.
    destroys: Option<Instant>,
}

/// A key of the library's: its number is its place in the list.
#[derive(Debug, Clone, Copy)]
struct Key {
    destructor: Option<Destructor>,
    /// How often this place was given out. A value of an earlier time is none. A library gives keys
    /// back and takes them as often as it likes: one a nanosecond is 584 years to the last number.
    serial: u64,
    is_used: bool,
}

/// As many as the C library has for a whole process.
const MOST_KEYS: usize = 1024;

/// How many accounts are dying: nobody has to look for values to destroy while there is none.
static DYING: AtomicUsize = AtomicUsize::new(0);

/// Whether a thread should look for values to destroy.
///
/// # Orderings
/// A thread that does not see an account which has just [begun to die](Account::die) sees it when it
/// looks again, or destroys its values at its end.
pub(super) fn any_is_dying() -> bool {
    fence(Ordering::SeqCst);
    DYING.load(Ordering::Relaxed) > 0
}

impl Account {
    /// The account of a library that does not find its own file at `hidden`.
    pub(super) fn new(hidden: Option<CString>, heap: Option<Arc<Heap>>) -> Self {
        Self { hidden, heap, ..Self::default() }
    }

    pub(super) const fn heap(&self) -> Option<&Arc<Heap>> {
        self.heap.as_ref()
    }

    /// Whether what one of the two libraries has allocated is as good as the other's: they share a
    /// heap.
    pub(crate) fn shares_heap(&self, other: &Self) -> bool {
        match (&self.heap, &other.heap) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            _ => false,
        }
    }

    /// Whether what it has allocated is noted, and freed with it.
    pub(crate) const fn has_heap(&self) -> bool {
        self.heap.is_some()
    }

    /// Whether a path is that of the library's own file, and not to be found.
    pub(super) fn hides(&self, path: &CStr) -> bool {
        self.hidden.as_deref() == Some(path)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last owner of the code is gone: what threads have of it is destroyed when they come by.
    pub(super) fn die(&self) {
        let mut ledger = self.ledger();
        if ledger.stage == Stage::Open {
            ledger.stage = Stage::Dying;
            self.is_dying.store(true, Ordering::Release);
            DYING.fetch_add(1, Ordering::Relaxed);
        }
        drop(ledger);
        fence(Ordering::SeqCst);
    }

    /// Whether values of the library are to be destroyed by the threads that have them.
    pub(super) fn is_dying(&self) -> bool {
        self.is_dying.load(Ordering::Acquire)
    }

    /// Closes the account of a library that dies.
    ///
    /// # Errors
    /// With what still leads into the library; the account is as it was.
    pub(super) fn close(&self) -> Result<(), Vec<Holder>> {
        let mut ledger = self.ledger();
        debug_assert_eq!(ledger.stage, Stage::Dying, "somebody owns the code");
        if !ledger.is_free() {
            return Err(ledger.holders());
        }
        ledger.stage = Stage::Closed;
        self.is_dying.store(false, Ordering::Release);
        DYING.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    /// Whether what the library still asks for, in its last destructors, is forgotten.
    pub(super) fn is_closed(&self) -> bool {
        self.ledger().stage == Stage::Closed
    }

    /// What leads into the library.
    pub(crate) fn holders(&self) -> Vec<Holder> {
        self.ledger().holders()
    }

    /// The library asks for something whose end nobody learns of. Not when the account is closed:
    /// then it must not have it.
    pub(super) fn goes_beyond(&self, what: &str) -> bool {
        let mut ledger = self.ledger();
        ledger.beyond.get_or_insert_with(|| what.to_owned());
        ledger.stage != Stage::Closed
    }

    /// A thread is about to be started. Its number, or `None` when the account is closed.
    pub(super) fn add_thread(&self) -> Option<u64> {
        let mut ledger = self.ledger();
        (ledger.stage != Stage::Closed).then(|| Ledger::add(&mut ledger.threads, 0))
    }

    /// A thread that was started has begun.
    pub(super) fn has_begun(&self, number: u64, thread: i32) {
        let mut ledger = self.ledger();
        if let Some(entry) = ledger.threads.iter_mut().find(|entry| entry.number == number) {
            entry.thread = thread;
        }
    }

    /// A thread has ended, or could not be started.
    pub(super) fn remove_thread(&self, number: u64) {
        self.remove(|ledger| &mut ledger.threads, number);
    }

    /// A thread has values of the library. Its number, or `None` when the account is closed.
    pub(super) fn add_valued(&self, thread: i32) -> Option<u64> {
        let mut ledger = self.ledger();
        (ledger.stage != Stage::Closed).then(|| Ledger::add(&mut ledger.valued, thread))
    }

    /// A thread has no values of the library any more.
    pub(super) fn remove_valued(&self, number: u64) {
        self.remove(|ledger| &mut ledger.valued, number);
    }

    /// A thread destroys its values. The reaper looks for how long it does.
    pub(super) fn destroys(&self, number: u64) {
        let mut ledger = self.ledger();
        if let Some(entry) = ledger.valued.iter_mut().find(|entry| entry.number == number) {
            entry.destroys = Some(Instant::now());
        }
        let is_dying = ledger.stage == Stage::Dying;
        drop(ledger);
        if is_dying {
            bell::ring();
        }
    }

    /// Since when a thread has been destroying its values, the one that takes longest.
    pub(super) fn destroyed_since(&self) -> Option<Instant> {
        self.ledger().valued.iter().filter_map(|entry| entry.destroys).min()
    }

    fn remove(&self, list: impl FnOnce(&mut Ledger) -> &mut Vec<Entry>, number: u64) {
        let mut ledger = self.ledger();
        list(&mut ledger).retain(|entry| entry.number != number);
        let is_free = ledger.stage == Stage::Dying && ledger.is_free();
        drop(ledger);
        if is_free {
            bell::ring();
        }
    }

    /// A new key, or `None` when there are too many.
    pub(super) fn add_key(&self, destructor: Option<Destructor>) -> Option<usize> {
        // Also of a closed account: a destructor that cannot have one would end the process.
        let keys = &mut self.ledger().keys;
        if let Some((index, key)) = keys.iter_mut().enumerate().find(|(_, key)| !key.is_used) {
            *key = Key { destructor, serial: key.serial + 1, is_used: true };
            return Some(index);
        }
        (keys.len() < MOST_KEYS).then(|| {
            keys.push(Key { destructor, serial: 1, is_used: true });
            keys.len() - 1
        })
    }

    /// Gives a key back; whether it was one.
    pub(super) fn remove_key(&self, index: usize) -> bool {
        let mut ledger = self.ledger();
        let key = ledger.keys.get_mut(index).filter(|key| key.is_used);
        key.map(|key| key.is_used = false).is_some()
    }

    /// A key's serial number and destructor, if it is one.
    pub(super) fn key(&self, index: usize) -> Option<(u64, Option<Destructor>)> {
        let ledger = self.ledger();
        let key = ledger.keys.get(index).filter(|key| key.is_used)?;
        Some((key.serial, key.destructor))
    }
}

impl Ledger {
    fn add(list: &mut Vec<Entry>, thread: i32) -> u64 {
        static NUMBERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        list.push(Entry { number, thread, since: Instant::now(), destroys: None });
        number
    }

    fn is_free(&self) -> bool {
        self.threads.is_empty() && self.valued.is_empty() && self.beyond.is_none()
    }

    fn holders(&self) -> Vec<Holder> {
        let mut holders = Vec::new();
        if !self.threads.is_empty() {
            let threads: Vec<_> = self.threads.iter().collect();
            holders.push(Holder::Threads(named(&threads)));
        }
        // A thread of its own is named once.
        let own = |entry: &&Entry| self.threads.iter().any(|own| own.thread == entry.thread);
        let others = self.valued.iter().filter(|entry| !own(entry));
        let (busy, idle): (Vec<_>, Vec<_>) = others.partition(|entry| entry.destroys.is_some());
        if !idle.is_empty() {
            holders.push(Holder::ThreadLocals(named(&idle)));
        }
        if !busy.is_empty() {
            holders.push(Holder::Destructors(named(&busy)));
        }
        if let Some(what) = &self.beyond {
            holders.push(Holder::Image { why: what.clone() });
        }
        holders
    }
}

fn named(entries: &[&Entry]) -> Vec<HoldingThread> {
    let named = |entry: &&Entry| {
        let since = entry.destroys.unwrap_or(entry.since);
        HoldingThread::new(name(entry.thread), since.elapsed())
    };
    entries.iter().map(named).collect()
}

/// A thread's name, as the system knows it.
fn name(thread: i32) -> String {
    let name = fs::read_to_string(format!("/proc/self/task/{thread}/comm"));
    // The module may have given it.
    name.map_or_else(|_| format!("thread {thread}"), |name| escaped(name.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_closed_when_nothing_leads_into_the_library() {
        let account = Account::default();
        let (thread, valued) = (account.add_thread().unwrap(), account.add_valued(1).unwrap());
        account.die();
        assert!(account.is_dying() && any_is_dying());
        let kinds = |holders: Vec<Holder>| match &*holders {
            [Holder::Threads(threads), Holder::ThreadLocals(valued)] => {
                (threads.len(), valued.len())
            }
            [Holder::ThreadLocals(valued)] => (0, valued.len()),
            other => panic!("{other:?}"),
        };
        assert_eq!(kinds(account.close().unwrap_err()), (1, 1));
        account.remove_thread(thread);
        assert_eq!(kinds(account.close().unwrap_err()), (0, 1));
        account.remove_valued(valued);
        account.close().unwrap();
        assert!(account.is_closed() && !account.is_dying());
        assert_eq!((account.add_thread(), account.add_valued(1)), (None, None));
        assert_eq!(account.add_key(None), Some(0));
        assert!(!account.goes_beyond("too late"));
    }

    #[test]
    fn a_thread_that_destroys_its_values_is_told_from_one_that_has_them() {
        let account = Account::default();
        let (_idle, busy) = (account.add_valued(1).unwrap(), account.add_valued(2).unwrap());
        assert!(matches!(&*account.holders(), [Holder::ThreadLocals(both)] if both.len() == 2));
        assert_eq!(account.destroyed_since(), None);
        account.destroys(busy);
        let holders = account.holders();
        let [Holder::ThreadLocals(idle), Holder::Destructors(busy)] = &*holders else {
            panic!("{holders:?}")
        };
        assert_eq!((idle.len(), busy.len()), (1, 1));
        assert!(account.destroyed_since().is_some());
    }

    #[test]
    fn what_cannot_be_accounted_for_holds_for_ever() {
        let account = Account::default();
        assert!(account.goes_beyond("one") && account.goes_beyond("two"));
        account.die();
        let [Holder::Image { why }] = &*account.close().unwrap_err() else { panic!() };
        assert_eq!(why, "one");
    }

    #[test]
    fn a_key_that_was_given_back_is_another_one() {
        unsafe extern "C" fn destroy(_: *mut c_void) {}
        let account = Account::default();
        assert_eq!(account.add_key(Some(destroy)), Some(0));
        assert_eq!(account.add_key(None), Some(1));
        assert!(account.remove_key(0) && !account.remove_key(0) && !account.remove_key(7));
        assert!(account.key(0).is_none());
        assert_eq!(account.add_key(None), Some(0));
        assert_eq!(account.key(0), Some((2, None)));
        for _ in 2..MOST_KEYS {
            assert!(account.add_key(None).is_some());
        }
        assert_eq!(account.add_key(None), None);
    }
}
