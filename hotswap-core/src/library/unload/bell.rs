//! Wakes the reaper: there is something new to bury, or something that held a library is gone.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Instant,
};

/// Whether it was rung since it was last listened to. A mutex of std: see [`account`](super::account).
static RUNG: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();

/// Wakes the reaper.
pub(super) fn ring() {
    *RUNG.lock().unwrap_or_else(PoisonError::into_inner) = true;
    CHANGED.notify_all();
}

/// Sleeps until it is rung, or until the deadline; without one no timer is set.
pub(super) fn listen(deadline: Option<Instant>) {
    let mut rung = RUNG.lock().unwrap_or_else(PoisonError::into_inner);
    while !*rung {
        let Some(deadline) = deadline else {
            rung = CHANGED.wait(rung).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        rung = CHANGED.wait_timeout(rung, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    *rung = false;
}
