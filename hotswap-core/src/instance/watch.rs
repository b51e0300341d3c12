//! What the calls of a version come to while it is on trial.
//!
//! Only then are calls counted and timed, so that they cost nothing else at other times. Each thread
//! writes to one of a few tallies. These grow in memory of the system's: the program's allocator may call
//! the slot, and would need the tally that grows.
//!
//! The figures of a version's own trial stay with its instance: the next version's calls are
//! compared with them.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use hotswap_gate::{List, list};
use parking_lot::Mutex;

/// What the calls of a version come to.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    tallies: [Tally; 16],
    panics: AtomicU64,
    failures: AtomicU64,
    /// So many of the calls to come are not timed.
    cold: AtomicU64,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Tally(Mutex<Calls>);

#[derive(Debug)]
struct Calls {
    latency: Latency,
    /// How many have ended that were not timed.
    untimed: u64,
    /// When those have begun that are inside, with a number for each.
    inside: List<(u64, Instant)>,
    next: u64,
}

impl Default for Calls {
    fn default() -> Self {
        Self { latency: Latency::default(), untimed: 0, inside: list(), next: 0 }
    }
}

/// What calls have come to so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub(crate) latency: Latency,
    /// Calls that have ended, and are not in `latency`.
    pub(crate) untimed: u64,
    pub(crate) panics: u64,
    /// Answers that the host counts as failures.
    pub(crate) failures: u64,
    /// For how long the call is inside that has begun first.
    pub(crate) longest_inside: Duration,
}

/// A call that is inside, until this is dropped.
#[derive(Debug)]
pub(crate) struct Timed<'w> {
    cold: &'w AtomicU64,
    tally: &'w Tally,
    number: u64,
    begun: Instant,
}

impl Watch {
    /// The first calls are counted, and not timed: caches are cold.
    pub(crate) fn cold(calls: u64) -> Self {
        Self { cold: calls.into(), ..Self::default() }
    }

    /// A call begins.
    pub(crate) fn call(&self) -> Timed<'_> {
        let tally = &self.tallies[place()];
        let begun = Instant::now();
        let mut calls = tally.0.lock();
        let number = calls.next;
        calls.next += 1;
        calls.inside.push((number, begun));
        Timed { cold: &self.cold, tally, number, begun }
    }

    pub(super) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// The host counts an answer as a failure.
    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn figures(&self) -> Figures {
        let mut figures = Figures {
            panics: self.panics.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            ..Figures::default()
        };
        for tally in &self.tallies {
            let calls = tally.0.lock();
            figures.latency.add(&calls.latency);
            figures.untimed += calls.untimed;
            let first = calls.inside.iter().map(|(_, begun)| begun.elapsed()).max();
            figures.longest_inside = figures.longest_inside.max(first.unwrap_or_default());
        }
        figures
    }
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        let warmer = |cold: u64| cold.checked_sub(1);
        let is_cold = self.cold.load(Ordering::Relaxed) > 0
            && self.cold.fetch_update(Ordering::Relaxed, Ordering::Relaxed, warmer).is_ok();
        let mut calls = self.tally.0.lock();
        if is_cold {
            calls.untimed += 1;
        } else {
            calls.latency.note(took);
        }
        if let Some(place) = calls.inside.iter().rposition(|(number, _)| *number == self.number) {
            calls.inside.swap_remove(place);
        }
    }
}

impl Figures {
    /// What calls have come to since a look at the same watch.
    pub(crate) fn since(mut self, before: &Self) -> Self {
        self.latency.since(&before.latency);
        self.untimed -= before.untimed;
        self.panics -= before.panics;
        self.failures -= before.failures;
        self
    }

    /// How many calls have ended.
    pub(crate) fn calls(&self) -> u64 {
        self.latency.calls() + self.untimed
    }
}

/// The current thread's tally.
fn place() -> usize {
    thread_local! {
        static PLACE: usize = {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            (NEXT.fetch_add(1, Ordering::Relaxed) % 16) as usize
        };
    }
    // A thread that ends may have no place any more.
    PLACE.try_with(|place| *place).unwrap_or_default()
}

/// How long calls have taken: counted by length, four steps for each doubling.
#[derive(Debug, Clone)]
pub(crate) struct Latency([u64; STEPS]);

const STEPS: usize = 4 * 64;

impl Default for Latency {
    fn default() -> Self {
        Self([0; STEPS])
    }
}

impl Latency {
    pub(crate) fn note(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.0[step(nanos)] += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, others) in self.0.iter_mut().zip(other.0) {
            *mine += others;
        }
    }

    /// What has been counted since then.
    fn since(&mut self, before: &Self) {
        for (mine, before) in self.0.iter_mut().zip(before.0) {
            *mine -= before;
        }
    }

    /// How many calls were timed.
    pub(crate) fn calls(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The time that a share of the calls did not exceed, to a quarter of its doubling. Zero for no
    /// calls.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.calls() as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (step, count) in self.0.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return Duration::from_nanos(least(step));
            }
        }
        Duration::ZERO
    }
}

/// The step of a number of nanoseconds: two bits below its highest.
fn step(nanos: u64) -> usize {
    let nanos = nanos.max(1);
    let doublings = nanos.ilog2();
    let quarter = if doublings >= 2 { nanos >> (doublings - 2) } else { nanos << (2 - doublings) };
    doublings as usize * 4 + (quarter & 3) as usize
}

/// The least number of nanoseconds of a step.
fn least(step: usize) -> u64 {
    let (doublings, quarter) = (step as u32 / 4, step as u64 % 4);
    let whole = 4 + quarter;
    if doublings >= 2 { whole << (doublings - 2) } else { whole >> (2 - doublings) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_in_order_and_begin_with_their_least() {
        let mut before = 0;
        for nanos in (0..4096).chain([1 << 40, (1 << 40) + (1 << 39), u64::MAX]) {
            let found = step(nanos);
            assert!(found >= before && least(found) <= nanos.max(1), "{nanos}");
            assert!(least(found) >= nanos / 5 * 4, "{nanos}");
            before = found;
        }
        assert_eq!(before, STEPS - 1);
    }

    #[test]
    fn quantiles_are_those_of_the_calls() {
        let mut latency = Latency::default();
        assert_eq!(latency.quantile(0.5), Duration::ZERO);
        for micros in 1..=100 {
            latency.note(Duration::from_micros(micros));
        }
        assert_eq!(latency.calls(), 100);
        let near = |found: Duration, wanted: u128| {
            let found = found.as_micros();
            assert!(found <= wanted && found * 5 >= wanted * 4, "{found} for {wanted}");
        };
        near(latency.quantile(0.5), 50);
        near(latency.quantile(0.99), 99);
        near(latency.quantile(1.0), 100);
    }

    #[test]
    fn what_has_come_since_is_what_was_not_there_before() {
        let watch = Watch::cold(1);
        watch.panicked();
        drop((watch.call(), watch.call()));
        let before = watch.figures();
        drop((watch.call(), watch.call(), watch.call()));
        watch.failed();
        let Figures { latency, untimed, panics, failures, .. } = watch.figures().since(&before);
        assert_eq!((latency.calls(), untimed, panics, failures), (3, 0, 0, 1));
    }

    #[test]
    fn calls_are_counted_when_they_end() {
        let watch = Watch::default();
        let (first, second) = (watch.call(), watch.call());
        drop(second);
        watch.failed();
        let figures = watch.figures();
        assert_eq!((figures.latency.calls(), figures.failures), (1, 1));
        assert!(figures.longest_inside > Duration::ZERO);
        drop(first);
        let figures = watch.figures();
        assert_eq!((figures.latency.calls(), figures.longest_inside), (2, Duration::ZERO));
    }
}
