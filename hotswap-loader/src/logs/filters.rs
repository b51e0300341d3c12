//! Modules follow the host's filters: when a site's interest has changed, the modules are to ask
//! again.
//!
//! `tracing` tells of a change while it holds its own locks, where no module may be called. So the
//! change is noted, and a thread, `hotswap-logs`, is woken, which has the modules called. It is there
//! as long as there are modules, and sleeps without a timer while nothing changes.
//!
//! # Who calls the modules
//! A thread of its own for each round, `hotswap-asker`, under a deadline: a module may have subscribers
//! of its own, which `tracing` asks as well, and these need not come back. A module that a thread is
//! still in is passed over, and asked when that thread has come out. While a thread is in a module it
//! counts as one of the library's own, so that nobody has to wait for it where the module's logs end.
//!
//! # The program's allocator
//! It may be code that calls a module, which may have a new callsite, and needs the list of modules. So
//! while that is locked nothing is allocated or freed by it, and no thread begins.
//!
//! # The order of things
//! Who notes a change stores first what has changed, then the note, then wakes the thread. The
//! thread takes the note before it lets a module ask. So a module asks after the last change.

use std::{
    alloc::System,
    cell::Cell,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use allocator_api2::vec::Vec;
use hotswap_abi::__private::module::RootRef;
use parking_lot::Mutex;

use crate::{
    loader_lock,
    steps::{RunError, Steps},
    unload::{self, LibraryPins},
};

/// How long a round waits for a module: it looks at its own callsites, and asks the host of each.
const PATIENCE: Duration = Duration::from_secs(1);

/// A module whose filters follow the host's.
pub(super) struct FilterSync {
    /// Has the module ask again which callsites are wanted.
    ask_again: unsafe extern "C" fn(),
    /// What keeps its library mapped while a thread is in it; `None` where it is never unloaded.
    pins: Option<Arc<LibraryPins>>,
    /// It has callsites that it has not asked about since they were described.
    is_behind: AtomicBool,
    /// A thread is in it, to have it ask.
    is_asked: AtomicBool,
    /// Whether anybody listens to what it logs.
    is_attached: AtomicBool,
}

impl FilterSync {
    pub(super) fn new(root: RootRef, pins: Option<&Arc<LibraryPins>>) -> Self {
        Self::calling(root.follow(), pins.cloned())
    }

    const fn calling(ask_again: unsafe extern "C" fn(), pins: Option<Arc<LibraryPins>>) -> Self {
        Self {
            ask_again,
            pins,
            is_behind: AtomicBool::new(false),
            is_asked: AtomicBool::new(false),
            is_attached: AtomicBool::new(true),
        }
    }

    /// For what is no module.
    #[cfg(test)]
    pub(super) fn nothing() -> Self {
        unsafe extern "C" fn nothing() {}
        Self::calling(nothing, None)
    }

    /// It has a new callsite.
    pub(super) fn has_new(&self) {
        if !self.is_behind.swap(true, Ordering::AcqRel) {
            wake();
        }
    }

    /// Has the module ask again, on the asker's thread; whether it did, or is to be asked once more.
    fn ask(self: &Arc<Self>, asker: &mut Steps) -> bool {
        // The thread that is in it looks at the note after it has said that it is out, and we look
        // whether it is out after the note: one of the two sees the other.
        if self.is_asked.swap(true, Ordering::SeqCst) {
            self.is_behind.store(true, Ordering::SeqCst);
            return !self.is_asked.load(Ordering::SeqCst);
        }
        let (module, deadline) = (Arc::clone(self), Instant::now() + PATIENCE);
        let asks = move || {
            module.ask_here();
            module.is_asked.store(false, Ordering::SeqCst);
            if module.is_behind.load(Ordering::SeqCst) {
                wake();
            }
        };
        // No thread begins while a constructor hangs.
        let is_free = loader_lock::wait_unlocked(deadline).is_ok();
        match is_free.then(|| asker.run(deadline, asks)) {
            Some(Ok(()) | Err(RunError::Panicked { .. } | RunError::TimedOut { .. })) => true,
            None | Some(Err(RunError::NoThread { .. })) => {
                // With the next change.
                self.is_asked.store(false, Ordering::SeqCst);
                self.is_behind.store(true, Ordering::SeqCst);
                false
            }
        }
    }

    fn ask_here(&self) {
        let inside = self.pins.as_ref().map(unload::inside);
        if matches!(inside, Some(None)) || !self.is_attached.load(Ordering::Acquire) {
            return;
        }
        IS_ASKING.set(true);
        // SAFETY: a function of the root of a library that is mapped: it is never unloaded, or this
        // thread has been among its pins since before they were closed, until `inside` is dropped.
        unsafe { (self.ask_again)() };
        IS_ASKING.set(false);
        drop(inside);
    }
}

#[derive(Debug)]
struct Modules {
    /// In memory of the system's.
    all: Vec<Arc<FilterSync>, System>,
    follower: Follower,
}

/// The thread that has modules ask.
#[derive(Debug)]
enum Follower {
    None,
    /// It is being started: what was noted before it is here it finds by itself.
    Begins,
    Here(Thread),
}

static MODULES: Mutex<Modules> =
    Mutex::new(Modules { all: Vec::new_in(System), follower: Follower::None });
/// The note.
static HAS_CHANGED: AtomicBool = AtomicBool::new(false);
/// One at a time: who is done with a round knows that all notes before it were followed.
static ROUND: Mutex<Steps> = Mutex::new(Steps::named("hotswap-asker"));

thread_local! {
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread lets modules ask: what they do not know yet, they do not describe here.
pub(super) fn is_asking() -> bool {
    IS_ASKING.get()
}

/// The interest of a site has changed. May be called with locks of `tracing` held.
pub(super) fn changed() {
    if !HAS_CHANGED.swap(true, Ordering::AcqRel) {
        wake();
    }
}

fn wake() {
    // Nothing else is called with this lock held.
    MODULES.lock().follower.unpark();
}

impl Follower {
    fn unpark(&self) {
        if let Self::Here(thread) = self {
            thread.unpark();
        }
    }
}

/// A module follows from now on.
pub(super) fn add(module: &Arc<FilterSync>) {
    // It has just asked; but something may have changed since.
    module.is_behind.store(true, Ordering::Release);
    let mut modules = MODULES.lock();
    modules.all.push(Arc::clone(module));
    modules.follower.unpark();
    if !matches!(modules.follower, Follower::None) {
        return;
    }
    modules.follower = Follower::Begins;
    drop(modules);
    if thread::Builder::new().name("hotswap-logs".into()).spawn(run).is_err() {
        // Without it `sync_log_filters` still works, and the next module tries again.
        MODULES.lock().follower = Follower::None;
    }
}

/// A module follows no more. A thread may still be in it, which holds its library.
pub(super) fn remove(module: &Arc<FilterSync>) {
    module.is_attached.store(false, Ordering::Release);
    // What goes is the caller's as well, and so not freed here.
    let mut modules = MODULES.lock();
    modules.all.retain(|other| !Arc::ptr_eq(other, module));
    if modules.all.is_empty() {
        modules.follower.unpark();
    }
}

fn run() {
    MODULES.lock().follower = Follower::Here(thread::current());
    loop {
        {
            let mut modules = MODULES.lock();
            if modules.all.is_empty() {
                // It has itself as well, so that nothing is freed here.
                modules.follower = Follower::None;
                return;
            }
        }
        if !round() {
            thread::park();
        }
    }
}

/// Lets those ask that have to; whether there were any.
fn round() -> bool {
    let mut asker = ROUND.lock();
    let modules = MODULES.lock().all.clone();
    let all = HAS_CHANGED.swap(false, Ordering::AcqRel);
    let mut any = all;
    for module in modules {
        if module.is_behind.swap(false, Ordering::SeqCst) || all {
            any |= module.ask(&mut asker);
        }
    }
    // What the thread has of the modules' thread-locals it destroys at its end.
    asker.renew();
    any
}

/// Waits until the modules have followed the last change of the program's log filters.
///
/// They follow by themselves, soon after a change; this is for a program that wants to see the next
/// event for sure. A module in which a subscriber of its own hangs is waited for once, for a second.
/// Does nothing when it is called from a subscriber that is asked by this very thread.
pub fn sync_log_filters() {
    while !is_asking() && round() {}
}

impl fmt::Debug for FilterSync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterSync").field("is_behind", &self.is_behind).finish_non_exhaustive()
    }
}
