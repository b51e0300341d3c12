//! Which paths are to be tried, and when: pure, with the clock passed in.
//!
//! The owner tells what it hears ([`Pending::appeared`]) and how a try came out
//! ([`Pending::again`], [`Pending::done`]), and asks what is due. A path that is still being
//! written is tried again with growing delays, a bounded number of times; after that the next
//! event brings it back. With nothing scheduled there is no deadline, so an idle host sleeps.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::source::Hint;

/// When to try again.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    tries: u32,
}

impl Backoff {
    /// Waits `first`, then twice as long each time up to `most`, and `tries` times at most.
    pub const fn new(first: Duration, most: Duration, tries: u32) -> Self {
        Self { first, most, tries }
    }

    fn delay(&self, tries: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(tries)).min(self.most)
    }
}

impl Default for Backoff {
    /// 20 ms, doubled up to 1 s, 12 times: about 7 s in all.
    fn default() -> Self {
        Self::new(Duration::from_millis(20), Duration::from_secs(1), 12)
    }
}

/// Answer of [`Pending::again`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// It will be due then.
    At(Instant),
    /// It was tried often enough; the next event brings it back.
    OnNextEvent,
}

/// The paths (or whatever `K` is) that are to be tried.
#[derive(Debug)]
pub struct Pending<K> {
    backoff: Backoff,
    entries: BTreeMap<K, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    due: Option<Instant>,
    tries: u32,
}

impl<K: Ord + Clone> Pending<K> {
    /// Nothing to try yet.
    pub fn new(backoff: Backoff) -> Self {
        Self { backoff, entries: BTreeMap::new() }
    }

    /// An event said that `key` may have new content. [`Hint::Ready`] makes it due at once;
    /// [`Hint::Changing`] after a delay, so that a writer at work causes few tries.
    pub fn appeared(&mut self, key: K, hint: Hint, now: Instant) {
        let entry = self.entries.entry(key).or_default();
        match hint {
            Hint::Ready => *entry = Entry { due: Some(now), tries: 0 },
            Hint::Changing => {
                let delay = self.backoff.delay(entry.tries);
                entry.due.get_or_insert(now + delay);
            }
        }
    }

    /// A try found the path still being written, or changed while it was read.
    pub fn again(&mut self, key: K, now: Instant) -> Retry {
        let entry = self.entries.entry(key).or_default();
        // An event that came during the try decides.
        if let Some(due) = entry.due {
            return Retry::At(due);
        }
        if entry.tries >= self.backoff.tries {
            return Retry::OnNextEvent;
        }
        let due = now + self.backoff.delay(entry.tries);
        *entry = Entry { due: Some(due), tries: entry.tries + 1 };
        Retry::At(due)
    }

    /// A try came to an end, good or bad. An event that came meanwhile still counts.
    pub fn done(&mut self, key: &K) {
        if self.entries.get(key).is_some_and(|entry| entry.due.is_none()) {
            self.entries.remove(key);
        }
    }

    /// Whether it will be due by itself.
    pub fn is_scheduled(&self, key: &K) -> bool {
        self.entries.get(key).is_some_and(|entry| entry.due.is_some())
    }

    /// Forgets `key`, whatever came.
    pub fn cancel(&mut self, key: &K) {
        self.entries.remove(key);
    }

    /// When something is due next; `None` while nothing is scheduled.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.entries.values().filter_map(|entry| entry.due).min()
    }

    /// What is due, each once: to be tried now and then answered with [`Pending::again`] or
    /// [`Pending::done`].
    pub fn due(&mut self, now: Instant) -> Vec<K> {
        let is_due = |entry: &Entry| entry.due.is_some_and(|due| due <= now);
        let due = self.entries.iter_mut().filter(|(_, entry)| is_due(entry));
        let taken = due.map(|(key, entry)| {
            entry.due = None;
            key.clone()
        });
        taken.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn pending() -> (Pending<&'static str>, Instant) {
        (Pending::new(Backoff::new(10 * MS, 40 * MS, 4)), Instant::now())
    }

    #[test]
    fn nothing_pending_has_no_deadline() {
        let (mut pending, now) = pending();
        assert_eq!(pending.next_deadline(), None);
        pending.appeared("a", Hint::Ready, now);
        assert_eq!(pending.next_deadline(), Some(now));
        assert_eq!(pending.due(now), ["a"]);
        assert_eq!((pending.next_deadline(), pending.due(now)), (None, vec![]));
        pending.done(&"a");
        assert_eq!(pending.next_deadline(), None);
        assert!(pending.entries.is_empty());
    }

    #[test]
    fn retries_wait_longer_and_end() {
        let (mut pending, mut now) = pending();
        pending.appeared("a", Hint::Ready, now);
        for wait in [10, 20, 40, 40] {
            assert_eq!(pending.due(now), ["a"]);
            let at = now + wait * MS;
            assert_eq!(pending.again("a", now), Retry::At(at));
            assert_eq!(pending.due(at - MS), [""; 0]);
            now = at;
        }
        assert_eq!(pending.due(now), ["a"]);
        assert_eq!(pending.again("a", now), Retry::OnNextEvent);
        assert_eq!(pending.next_deadline(), None);
        pending.appeared("a", Hint::Ready, now);
        assert_eq!(pending.due(now), ["a"]);
        assert_eq!(pending.again("a", now), Retry::At(now + 10 * MS));
    }

    #[test]
    fn a_writer_at_work_causes_one_try_per_delay() {
        let (mut pending, now) = pending();
        for step in 0..10 {
            pending.appeared("a", Hint::Changing, now + step * MS);
        }
        assert_eq!(pending.next_deadline(), Some(now + 10 * MS));
        pending.appeared("a", Hint::Ready, now + 5 * MS);
        assert_eq!(pending.due(now + 5 * MS), ["a"]);
    }

    #[test]
    fn an_event_during_a_try_is_not_lost() {
        let (mut pending, now) = pending();
        pending.appeared("a", Hint::Ready, now);
        assert_eq!(pending.due(now), ["a"]);
        pending.appeared("a", Hint::Ready, now + MS);
        pending.done(&"a");
        assert_eq!(pending.due(now + MS), ["a"]);
        pending.appeared("a", Hint::Ready, now + 2 * MS);
        assert_eq!(pending.again("a", now + 3 * MS), Retry::At(now + 2 * MS));
        pending.cancel(&"a");
        assert_eq!(pending.next_deadline(), None);
    }
}
