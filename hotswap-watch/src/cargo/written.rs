//! Which watched files the builds themselves write: pure.
//!
//! A build script that writes into `src/`, something else each time, makes each build the cause of
//! the next one. Nobody can tell who has written a file. But such a file changes in each build, early,
//! before the scripts are done; somebody who saves seldom does that several times in a row. A file
//! that a script seems to write for the second time does not end the running build any more: the
//! build sees it anyway, since scripts run first. The third time it is given up, until a build has
//! left it alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a change by a script weighs, and any other one while a build runs.
const BY_SCRIPT: u32 = 4;
const OTHERWISE: u32 = 1;

/// At this weight a file is given up.
const ENOUGH: u32 = 3 * BY_SCRIPT;

/// What a change means while a build runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// The build has written it, and sees it.
    Nothing,
    /// It is to be built again, and the running build may run to its end.
    Again,
    /// The running build is stale.
    Stale,
}

#[derive(Debug, Default)]
pub(super) struct Written {
    /// Of the builds in a row in which a file has changed.
    weights: BTreeMap<PathBuf, u32>,
    /// Of what has changed in the running one.
    now: BTreeMap<PathBuf, u32>,
    told: BTreeSet<PathBuf>,
}

impl Written {
    /// A file has changed while a build runs.
    pub(super) fn changed(&mut self, file: &Path, by_script: bool) -> Meaning {
        let weight = if by_script { BY_SCRIPT } else { OTHERWISE };
        let now = self.now.entry(file.to_path_buf()).or_insert(weight);
        *now = weight.min(*now);
        match self.weights.get(file) {
            Some(&before) if before >= ENOUGH => Meaning::Nothing,
            Some(_) if by_script => Meaning::Again,
            _ => Meaning::Stale,
        }
    }

    /// A file has changed while nothing was built: somebody has saved it.
    pub(super) fn saved(&mut self, file: &Path) {
        if self.weights.get(file).is_some_and(|&weight| weight < ENOUGH) {
            self.weights.remove(file);
        }
    }

    /// A build has ended, by itself or `stopped`. Returns the files that are given up for the first
    /// time.
    pub(super) fn ended(&mut self, stopped: bool) -> Vec<PathBuf> {
        let now = std::mem::take(&mut self.now);
        if !stopped {
            self.weights.retain(|file, weight| {
                let left_alone = !now.contains_key(file);
                if left_alone && *weight >= ENOUGH {
                    // Should it write the file again, that is soon known.
                    *weight = ENOUGH - BY_SCRIPT;
                    return true;
                }
                !left_alone
            });
        }
        let mut given_up = Vec::new();
        for (file, weight) in now {
            if stopped && weight == OTHERWISE {
                continue;
            }
            let sum = self.weights.entry(file.clone()).or_default();
            *sum = ENOUGH.min(*sum + weight);
            if *sum == ENOUGH && self.told.insert(file.clone()) {
                given_up.push(file);
            }
        }
        given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Meaning::{Again, Nothing, Stale};

    /// A build in which this file changes.
    #[track_caller]
    fn round(written: &mut Written, by_script: bool, stopped: bool, wanted: Meaning, told: bool) {
        let file = Path::new("src/made.rs");
        assert_eq!(written.changed(file, by_script), wanted);
        assert_eq!(written.ended(stopped), Vec::from_iter(told.then(|| file.to_path_buf())));
    }

    #[test]
    fn what_scripts_write_in_each_build_is_given_up() {
        let mut written = Written::default();
        round(&mut written, true, true, Stale, false);
        round(&mut written, true, false, Again, false);
        round(&mut written, true, false, Again, true);
        round(&mut written, true, false, Nothing, false);
        round(&mut written, true, false, Nothing, false);
        // A build that does not run the script, and one that does.
        assert!(written.ended(false).is_empty());
        round(&mut written, true, false, Again, false);
        round(&mut written, true, false, Nothing, false);
    }

    #[test]
    fn who_saves_while_a_build_runs_is_heard() {
        let mut written = Written::default();
        for _ in 0..100 {
            round(&mut written, false, true, Stale, false);
        }
        // In time with the scripts, but not each time; or in between.
        for _ in 0..100 {
            round(&mut written, true, true, Stale, false);
            round(&mut written, true, false, Again, false);
            assert!(written.ended(false).is_empty());
        }
        for _ in 0..100 {
            round(&mut written, true, true, Stale, false);
            written.saved(Path::new("src/made.rs"));
        }
    }

    #[test]
    fn what_else_writes_in_each_build_is_given_up_later() {
        let mut written = Written::default();
        for _ in 1..ENOUGH {
            round(&mut written, false, false, Stale, false);
        }
        round(&mut written, false, false, Stale, true);
        round(&mut written, false, false, Nothing, false);
    }
}
