//! Wakes the reaper: there is another library to close, or something that held one is gone.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Instant,
};

/// Whether the reaper was notified since it last waited. A mutex of std: see [`pins`](super::pins).
static NOTIFIED: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();

/// Wakes the reaper.
pub(super) fn notify() {
    *NOTIFIED.lock().unwrap_or_else(PoisonError::into_inner) = true;
    CHANGED.notify_all();
}

/// Sleeps until [`notify`] is called, or until the deadline; without one no timer is set.
pub(super) fn wait(deadline: Option<Instant>) {
    let mut notified = NOTIFIED.lock().unwrap_or_else(PoisonError::into_inner);
    while !*notified {
        let Some(deadline) = deadline else {
            notified = CHANGED.wait(notified).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        notified = CHANGED.wait_timeout(notified, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    *notified = false;
}
