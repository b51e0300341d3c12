//! Modules follow the host's filters: when a site's interest has changed, the modules are to ask
//! again.
//!
//! `tracing` tells of a change while it holds its own locks, where no module may be called. So the
//! change is noted, and a thread, `hotswap-logs`, is woken, which calls the modules. It is there as
//! long as there are modules, and sleeps without a timer while nothing changes.
//!
//! # The order of things
//! Who notes a change stores first what has changed, then the note, then wakes the thread. The
//! thread takes the note before it lets a module ask. So a module asks after the last change.

use std::{
    cell::Cell,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Thread},
};

use hotswap_abi::__private::module::RootRef;
use parking_lot::Mutex;

use crate::unload::run_pending_dtors;

/// A module whose filters follow the host's.
pub(super) struct FilterSync {
    /// Has the module ask again which callsites are wanted.
    ask_again: unsafe extern "C" fn(),
    /// It has callsites that it has not asked about since they were described.
    is_behind: AtomicBool,
    /// Whether the module may be called; locked while it is.
    is_attached: Mutex<bool>,
}

impl FilterSync {
    pub(super) fn new(root: RootRef) -> Self {
        Self::calling(root.follow())
    }

    const fn calling(ask_again: unsafe extern "C" fn()) -> Self {
        Self { ask_again, is_behind: AtomicBool::new(false), is_attached: Mutex::new(true) }
    }

    /// For what is no module.
    #[cfg(test)]
    pub(super) fn nothing() -> Self {
        unsafe extern "C" fn nothing() {}
        Self::calling(nothing)
    }

    /// It has a new callsite.
    pub(super) fn has_new(&self) {
        if !self.is_behind.swap(true, Ordering::AcqRel) {
            wake();
        }
    }

    fn ask_again(&self) {
        let is_attached = self.is_attached.lock();
        if *is_attached {
            // SAFETY: a function of the root of a library that is loaded: `remove`, which comes
            // before its `Logs` and so its code are gone, waits until this call has returned.
            unsafe { (self.ask_again)() };
        }
    }
}

#[derive(Debug, Default)]
struct Modules {
    all: Vec<Arc<FilterSync>>,
    thread: Option<Thread>,
}

static MODULES: Mutex<Modules> = Mutex::new(Modules { all: Vec::new(), thread: None });
/// The note.
static HAS_CHANGED: AtomicBool = AtomicBool::new(false);
/// One at a time: who is done with a round knows that all notes before it were followed.
static ROUND: Mutex<()> = Mutex::new(());

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
    if let Some(thread) = &MODULES.lock().thread {
        thread.unpark();
    }
}

/// A module follows from now on.
pub(super) fn add(module: &Arc<FilterSync>) {
    // It has just asked; but something may have changed since.
    module.is_behind.store(true, Ordering::Release);
    let mut modules = MODULES.lock();
    modules.all.push(Arc::clone(module));
    match &modules.thread {
        Some(thread) => thread.unpark(),
        None => {
            let thread = thread::Builder::new().name("hotswap-logs".into()).spawn(run);
            // Without it `sync_log_filters` still works, and the next module tries again.
            modules.thread = thread.ok().map(|handle| handle.thread().clone());
        }
    }
}

/// A module follows no more, and is not being called.
pub(super) fn remove(module: &Arc<FilterSync>) {
    *module.is_attached.lock() = false;
    let mut modules = MODULES.lock();
    modules.all.retain(|other| !Arc::ptr_eq(other, module));
    if let Some(thread) = modules.thread.as_ref().filter(|_| modules.all.is_empty()) {
        thread.unpark();
    }
}

/// Has the thread run the destructors that it has of libraries which are to be unloaded.
pub fn poke_thread() {
    wake();
}

fn run() {
    loop {
        run_pending_dtors();
        {
            let mut modules = MODULES.lock();
            if modules.all.is_empty() {
                modules.thread = None;
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
    let _alone = ROUND.lock();
    let modules = MODULES.lock().all.clone();
    let all = HAS_CHANGED.swap(false, Ordering::AcqRel);
    let mut any = all;
    IS_ASKING.set(true);
    for module in modules {
        if module.is_behind.swap(false, Ordering::AcqRel) || all {
            module.ask_again();
            any = true;
        }
    }
    IS_ASKING.set(false);
    any
}

/// Waits until the modules have followed the last change of the program's log filters.
///
/// They follow by themselves, some microseconds after a change; this is for a program that wants to
/// see the next event for sure. Does nothing when it is called from a subscriber that is asked by
/// this very thread.
pub fn sync_log_filters() {
    while !is_asking() && round() {}
}

impl fmt::Debug for FilterSync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterSync").field("is_behind", &self.is_behind).finish_non_exhaustive()
    }
}
