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

use parking_lot::Mutex;

use super::ear::Follow;
use crate::library::tidy;

/// A module that follows.
pub(super) struct Follower {
    follow: Follow,
    /// It has callsites that it has not asked about since they were described.
    is_behind: AtomicBool,
    /// Whether it may be called; held while it is.
    is_attached: Mutex<bool>,
}

impl Follower {
    pub(super) const fn new(follow: Follow) -> Self {
        Self { follow, is_behind: AtomicBool::new(false), is_attached: Mutex::new(true) }
    }

    /// It has a new callsite.
    pub(super) fn has_new(&self) {
        if !self.is_behind.swap(true, Ordering::AcqRel) {
            wake();
        }
    }

    fn follow(&self) {
        let is_attached = self.is_attached.lock();
        if *is_attached {
            self.follow.call();
        }
    }
}

#[derive(Debug, Default)]
struct Hub {
    followers: Vec<Arc<Follower>>,
    thread: Option<Thread>,
}

static HUB: Mutex<Hub> = Mutex::new(Hub { followers: Vec::new(), thread: None });
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
    if let Some(thread) = &HUB.lock().thread {
        thread.unpark();
    }
}

/// A module follows from now on.
pub(super) fn add(follower: &Arc<Follower>) {
    // It has just asked; but something may have changed since.
    follower.is_behind.store(true, Ordering::Release);
    let mut hub = HUB.lock();
    hub.followers.push(Arc::clone(follower));
    match &hub.thread {
        Some(thread) => thread.unpark(),
        None => {
            let thread = thread::Builder::new().name("hotswap-logs".into()).spawn(run);
            // Without it `follow_filters` still works, and the next module tries again.
            hub.thread = thread.ok().map(|handle| handle.thread().clone());
        }
    }
}

/// A module follows no more, and is not being called.
pub(super) fn remove(follower: &Arc<Follower>) {
    *follower.is_attached.lock() = false;
    let mut hub = HUB.lock();
    hub.followers.retain(|other| !Arc::ptr_eq(other, follower));
    if let Some(thread) = hub.thread.as_ref().filter(|_| hub.followers.is_empty()) {
        thread.unpark();
    }
}

/// The thread destroys what it has of libraries that die.
pub(crate) fn come_by() {
    wake();
}

fn run() {
    loop {
        tidy();
        {
            let mut hub = HUB.lock();
            if hub.followers.is_empty() {
                hub.thread = None;
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
    let followers = HUB.lock().followers.clone();
    let all = HAS_CHANGED.swap(false, Ordering::AcqRel);
    let mut any = all;
    IS_ASKING.set(true);
    for follower in followers {
        if follower.is_behind.swap(false, Ordering::AcqRel) || all {
            follower.follow();
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
pub fn follow_filters() {
    while !is_asking() && round() {}
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("is_behind", &self.is_behind).finish_non_exhaustive()
    }
}
