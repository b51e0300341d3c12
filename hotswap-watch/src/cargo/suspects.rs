//! When what was seen is looked at: at once, or when it has settled.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Paths at which something was seen.
#[derive(Debug)]
pub(super) struct Suspects {
    now: BTreeSet<PathBuf>,
    /// Being written, or gone for the moment.
    later: BTreeSet<PathBuf>,
    later_at: Option<Instant>,
    settle: Duration,
}

impl Suspects {
    pub(super) const fn new(settle: Duration) -> Self {
        Self { now: BTreeSet::new(), later: BTreeSet::new(), later_at: None, settle }
    }

    /// Somebody is done with these.
    pub(super) fn settled(&mut self, paths: Vec<PathBuf>) {
        for path in paths {
            self.later.remove(&path);
            self.now.insert(path);
        }
        if self.later.is_empty() {
            self.later_at = None;
        }
    }

    /// Somebody is about to write these, or to put them back.
    pub(super) fn changing(&mut self, paths: Vec<PathBuf>, now: Instant) {
        for path in paths {
            self.now.remove(&path);
            self.later.insert(path);
            // From the first one on: somebody who never stops writing is looked at, too.
            self.later_at.get_or_insert(now + self.settle);
        }
    }

    /// When there is something to look at, if nothing else is seen.
    pub(super) const fn due_at(&self) -> Option<Instant> {
        self.later_at
    }

    /// Those to look at now.
    pub(super) fn take(&mut self, now: Instant) -> BTreeSet<PathBuf> {
        if self.later_at.is_some_and(|at| at <= now) {
            self.later_at = None;
            self.now.append(&mut self.later);
        }
        std::mem::take(&mut self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_millis(50);

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[track_caller]
    fn check(suspects: &mut Suspects, now: Instant, wanted: &[&str]) {
        assert_eq!(Vec::from_iter(suspects.take(now)), paths(wanted));
    }

    #[test]
    fn what_was_closed_is_looked_at_at_once() {
        let now = Instant::now();
        let mut suspects = Suspects::new(SETTLE);
        suspects.changing(paths(&["a"]), now);
        check(&mut suspects, now, &[]);
        suspects.settled(paths(&["a"]));
        check(&mut suspects, now, &["a"]);
        assert_eq!(suspects.due_at(), None);
    }

    #[test]
    fn what_is_written_or_gone_is_looked_at_later() {
        let now = Instant::now();
        let mut suspects = Suspects::new(SETTLE);
        suspects.changing(paths(&["a"]), now);
        suspects.changing(paths(&["a", "b"]), now + SETTLE / 2);
        assert_eq!(suspects.due_at(), Some(now + SETTLE));
        suspects.settled(paths(&["c"]));
        check(&mut suspects, now + SETTLE / 2, &["c"]);
        check(&mut suspects, now + SETTLE, &["a", "b"]);
        assert_eq!(suspects.due_at(), None);
    }

    #[test]
    fn a_second_save_in_a_row_is_waited_for() {
        let now = Instant::now();
        let mut suspects = Suspects::new(SETTLE);
        suspects.settled(paths(&["a"]));
        suspects.changing(paths(&["a"]), now);
        check(&mut suspects, now, &[]);
        check(&mut suspects, now + SETTLE, &["a"]);
    }
}
