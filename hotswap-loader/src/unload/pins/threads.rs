//! Threads that a library has started, or that have values of it.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use hotswap_types::{HoldingThread, escape};

use crate::unload::tables::List;

#[derive(Debug, Clone, Copy)]
pub(super) struct Thread {
    pub(super) number: u64,
    /// The system's number of the thread; 0 until it has begun.
    pub(super) thread: i32,
    pub(super) since: Instant,
    /// Since when the thread destroys its values, if it does.
    pub(super) destroys: Option<Instant>,
}

/// Puts a thread on a list; its number there.
pub(super) fn add(list: &mut List<Thread>, thread: i32) -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
    list.push(Thread { number, thread, since: Instant::now(), destroys: None });
    number
}

/// The threads by their names, and since when each is there.
pub(super) fn named(entries: &[&Thread]) -> Vec<HoldingThread> {
    let named = |entry: &&Thread| {
        let since = entry.destroys.unwrap_or(entry.since);
        HoldingThread::new(name(entry.thread), since.elapsed())
    };
    entries.iter().map(named).collect()
}

/// A thread's name, as the system knows it.
fn name(thread: i32) -> String {
    let name = fs::read_to_string(format!("/proc/self/task/{thread}/comm"));
    // The module may have given it.
    name.map_or_else(|_| format!("thread {thread}"), |name| escape::text(name.trim_end()))
}
