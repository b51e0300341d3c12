//! Who the current thread is: a number for comparisons on the call path, a name for reports.
//!
//! The number is unique for the life of the process, unlike a thread's address or its native id,
//! so a record whose thread has ended is never taken for that of a new thread. It lives in a
//! thread-local without a destructor and so can be asked for while others are destroyed.

use std::cell::Cell;
use std::fmt;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread::ThreadId;

/// No thread has this number.
pub(crate) const NOBODY: u64 = 0;

#[cfg(not(all(test, loom)))]
crate::sync::thread_local! { static ID: Cell<u64> = const { Cell::new(NOBODY) }; }
#[cfg(all(test, loom))]
crate::sync::thread_local! { static ID: Cell<u64> = Cell::new(NOBODY); }

std::thread_local! {
    /// The thread's own thread-locals are being destroyed: std may not know it any more, and panics where
    /// it is asked. The program's allocator is called even then.
    static IS_ENDING: Cell<bool> = const { Cell::new(false) };
}

/// From now on std is not asked who the current thread is.
#[cfg(not(all(test, loom)))]
pub(crate) fn ends() {
    IS_ENDING.with(|is_ending| is_ending.set(true));
}

/// The current thread's number.
pub(crate) fn id() -> u64 {
    match known_id() {
        NOBODY => assign(),
        id => id,
    }
}

/// The current thread's number, or [`NOBODY`] when it never asked for one.
#[inline(always)]
pub(crate) fn known_id() -> u64 {
    ID.with(Cell::get)
}

#[cold]
fn assign() -> u64 {
    // Not from `crate::sync`: it orders nothing, only its uniqueness counts.
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let id = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    ID.with(|own| own.set(id));
    id
}

/// A thread as reports name it.
#[derive(Clone, Debug)]
pub struct Who {
    pub(crate) number: u64,
    /// `None` where std has it no more.
    id: Option<ThreadId>,
    name: Option<Arc<str>>,
}

impl Who {
    pub(crate) fn current() -> Self {
        let nameless = Self { number: id(), id: None, name: None };
        if IS_ENDING.with(Cell::get) {
            return nameless;
        }
        // A thread that has never called before may be at its very end, which std says by a panic: the
        // panic hook hears of it once, and the caller does not.
        let Ok(thread) = catch_unwind(std::thread::current) else {
            IS_ENDING.with(|is_ending| is_ending.set(true));
            return nameless;
        };
        Self { id: Some(thread.id()), name: thread.name().map(Arc::from), ..nameless }
    }

    /// The id that std gives the thread; `None` for one that had ended but for the last of its
    /// thread-locals.
    pub fn id(&self) -> Option<ThreadId> {
        self.id
    }

    /// The thread's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.id) {
            (Some(name), Some(id)) => write!(f, "thread \"{name}\" ({id:?})"),
            (_, Some(id)) => write!(f, "an unnamed thread ({id:?})"),
            (_, None) => f.write_str("a thread at its end"),
        }
    }
}
