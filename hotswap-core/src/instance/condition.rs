//! What is the matter with an instance, and what its calls have come to.
//!
//! Each call looks at one byte, which is zero while nothing is the matter. All else is on the way of
//! calls that fail.
//!
//! # Orderings
//! Relaxed. Module code that hangs is noted while the gate is closed with nobody inside, and whoever
//! comes in afterwards sees it. A recording that begins while another one is taken off is seen by
//! whoever takes that off. A panic in a call with the instance's lock is noted before the lock
//! is let go; one in a call that shares the instance is seen when it is seen.
//!
//! # Why one byte
//! A policy for panics, and the counting of calls on trial, cost nothing while the byte is zero.
//! The byte is read after the instance's lock was taken, because whoever had the lock before may
//! have left the instance poisoned.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use hotswap_abi::Failure;
use parking_lot::Mutex;

use super::panic_policy::{AfterPanic, PanicPolicy};
use super::{Recording, Watch};

/// Module code hangs in `state`: nobody may change the instance any more.
const READ_ONLY: u8 = 1;
/// Module code hangs in `suspend` or `resume`: nobody may touch the instance any more.
const UNTOUCHABLE: u8 = 2;
/// A call has panicked, and the instance is not to go on.
const POISONED: u8 = 4;
/// Its version is on trial: calls are counted and timed.
const WATCHED: u8 = 8;
/// Its calls are recorded.
const RECORDED: u8 = 16;

/// How a call has its instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Shared,
    Exclusive,
}

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocked {
    Hangs,
    Poisoned,
}

/// Called when a call has panicked, once until the [`Panics`] are asked for.
pub(crate) type OnPanic = Arc<dyn Fn(u64) + Send + Sync>;

/// What is the matter with an instance.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    bits: AtomicU8,
    /// How many calls have panicked.
    panics: AtomicU64,
    /// The last of them.
    last: Mutex<Option<Arc<Failure>>>,
    has_rung: AtomicBool,
    /// Stays when the trial is over, for the next version to be compared with.
    watch: ArcSwapOption<Watch>,
    recording: ArcSwapOption<Recording>,
}

/// Calls that have panicked.
#[derive(Debug)]
pub(crate) struct Panics {
    /// How many, in all.
    pub(crate) count: u64,
    /// The last one, if it was not asked for before.
    pub(crate) last: Option<Arc<Failure>>,
}

impl Condition {
    /// Whether anything is the matter.
    #[inline]
    pub(crate) fn is_well(&self) -> bool {
        self.bits.load(Ordering::Relaxed) == 0
    }

    /// Whether a call may have the instance.
    #[cold]
    pub(crate) fn refuses(&self, wanted: Use) -> Option<Blocked> {
        let bits = self.bits.load(Ordering::Relaxed);
        let hangs = match wanted {
            Use::Shared => UNTOUCHABLE,
            Use::Exclusive => UNTOUCHABLE | READ_ONLY,
        };
        if bits & hangs != 0 {
            Some(Blocked::Hangs)
        } else if bits & POISONED != 0 {
            Some(Blocked::Poisoned)
        } else {
            None
        }
    }

    /// Whether none of its own code hangs in it.
    pub(crate) fn is_free(&self) -> bool {
        self.bits.load(Ordering::Relaxed) & (READ_ONLY | UNTOUCHABLE) == 0
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.bits.load(Ordering::Relaxed) & POISONED != 0
    }

    /// Counts and times calls from now on.
    pub(crate) fn watch(&self, watch: Arc<Watch>) {
        self.watch.store(Some(watch));
        self.bits.fetch_or(WATCHED, Ordering::Relaxed);
    }

    /// Counts and times calls no longer.
    pub(crate) fn unwatch(&self) {
        self.bits.fetch_and(!WATCHED, Ordering::Relaxed);
    }

    /// What counts and times calls, while they are.
    pub(crate) fn watched(&self) -> Option<Arc<Watch>> {
        let is_watched = self.bits.load(Ordering::Relaxed) & WATCHED != 0;
        if is_watched { self.watch.load_full() } else { None }
    }

    /// Records calls from now on, in the place of an earlier recording.
    pub(super) fn record(&self, recording: Arc<Recording>) {
        self.recording.store(Some(recording));
        self.bits.fetch_or(RECORDED, Ordering::AcqRel);
    }

    /// What records calls, while they are. One that is over is taken off.
    pub(super) fn recorded(&self) -> Option<Arc<Recording>> {
        if self.bits.load(Ordering::Relaxed) & RECORDED == 0 {
            return None;
        }
        let recording = self.recording.load_full()?;
        if !recording.is_over() {
            return Some(recording);
        }
        let before = self.recording.compare_and_swap(&recording, None);
        if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, &recording)) {
            self.bits.fetch_and(!RECORDED, Ordering::AcqRel);
            // Another one may have begun between the two.
            if self.recording.load().is_some() {
                self.bits.fetch_or(RECORDED, Ordering::AcqRel);
            }
        }
        None
    }

    /// The host counts an answer as a failure: it weighs while calls are counted.
    pub(crate) fn count_failure(&self) {
        if let Some(watch) = self.watched() {
            watch.failed();
        }
    }

    /// What its calls came to while they were watched.
    pub(crate) fn was_watched(&self) -> Option<Arc<Watch>> {
        self.watch.load_full()
    }

    /// Module code hangs while it holds the instance, shared or for itself. Said while the gate
    /// is closed with nobody inside: whoever comes in afterwards sees it.
    pub(crate) fn wedge(&self, wanted: Use) {
        let bit = match wanted {
            Use::Shared => READ_ONLY,
            Use::Exclusive => UNTOUCHABLE,
        };
        self.bits.fetch_or(bit, Ordering::Relaxed);
    }

    /// It has not got its state any more: calls are refused until another instance serves.
    pub(crate) fn poison(&self) {
        self.bits.fetch_or(POISONED, Ordering::Relaxed);
    }

    /// A call has panicked. Returns whether somebody is to be told.
    pub(super) fn panicked(&self, had: Use, failure: &Arc<Failure>, policy: PanicPolicy) -> bool {
        let after = match had {
            Use::Shared => policy.shared,
            Use::Exclusive => policy.exclusive,
        };
        if after != AfterPanic::GoOn {
            self.bits.fetch_or(POISONED, Ordering::Relaxed);
        }
        if let Some(watch) = self.watched() {
            watch.panicked();
        }
        // What was the last before may have a long text: it goes outside of the lock.
        let before = self.last.lock().replace(Arc::clone(failure));
        drop(before);
        self.panics.fetch_add(1, Ordering::Relaxed);
        !self.has_rung.swap(true, Ordering::AcqRel)
    }

    /// What has panicked since this was last asked.
    pub(crate) fn panics(&self) -> Panics {
        let last = mem::take(&mut *self.last.lock());
        Panics { count: self.count(), last }
    }

    /// How many calls have panicked.
    pub(crate) fn count(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// The next panic is told at once again. Returns whether one came that was not asked for.
    pub(crate) fn rearm(&self) -> bool {
        self.has_rung.store(false, Ordering::Release);
        self.last.lock().is_some()
    }
}

#[cfg(test)]
mod tests {
    use hotswap_abi::__private::interface::Shims;

    use super::*;
    use crate::instance::CallTape;

    #[test]
    fn a_recording_that_is_over_is_taken_off_by_the_next_call() {
        let condition = Condition::default();
        let record = || {
            let (_full, enough) = std::io::pipe().unwrap();
            let tape = CallTape::new(Box::new([]), 1, enough);
            let recording = Arc::new(Recording::new(Shims::default(), tape));
            condition.record(Arc::clone(&recording));
            recording
        };
        let first = record();
        assert!(!condition.is_well() && condition.recorded().is_some());
        first.end();
        assert!(condition.recorded().is_none() && condition.is_well());
        // The next one begins before anybody has called.
        record().end();
        let next = record();
        assert!(condition.recorded().is_some_and(|it| Arc::ptr_eq(&it, &next)));
        // What else is the matter stays.
        condition.watch(Arc::default());
        next.end();
        assert!(condition.recorded().is_none() && condition.watched().is_some());
    }

    const POISONS: PanicPolicy =
        PanicPolicy { shared: AfterPanic::GoOn, exclusive: AfterPanic::Refuse };

    #[test]
    fn what_hangs_refuses_what_it_conflicts_with() {
        let condition = Condition::default();
        assert!(condition.is_well());
        condition.wedge(Use::Shared);
        assert_eq!(condition.refuses(Use::Shared), None);
        assert_eq!(condition.refuses(Use::Exclusive), Some(Blocked::Hangs));
        condition.wedge(Use::Exclusive);
        assert_eq!(condition.refuses(Use::Shared), Some(Blocked::Hangs));
        assert!(!condition.is_free() && !condition.is_well());
    }

    #[test]
    fn a_panic_poisons_where_the_policy_says_so() {
        let (condition, failure) = (Condition::default(), Arc::new(Failure::default()));
        assert!(condition.panicked(Use::Shared, &failure, POISONS));
        assert!(condition.is_well());
        assert!(!condition.panicked(Use::Exclusive, &failure, POISONS));
        for wanted in [Use::Shared, Use::Exclusive] {
            assert_eq!(condition.refuses(wanted), Some(Blocked::Poisoned));
        }
        assert!(condition.is_poisoned() && condition.is_free());
    }

    #[test]
    fn panics_ring_once_until_they_are_asked_for() {
        let (condition, failure) = (Condition::default(), Arc::new(Failure::default()));
        let panics = || condition.panicked(Use::Shared, &failure, PanicPolicy::GO_ON);
        assert!(panics());
        assert!(!panics());
        let seen = condition.panics();
        assert_eq!((seen.count, seen.last.is_some()), (2, true));
        assert!(condition.panics().last.is_none());
        assert!(!condition.rearm());
        assert!(panics());
        assert!(condition.rearm());
    }
}
