//! What the lines of a journal come to. Pure.

use std::{collections::BTreeMap, ops::RangeInclusive};

use hotswap_types::{ArtifactHash, BackupReason, Outcome, Phase, Strategy};

use super::{
    line::{Line, What},
    record::{AskedStrategy, BackupRecord, Build, Past, Rejection, SlotRecord, Try, UnderWay},
};

/// How many artifacts that were committed are remembered.
pub(crate) const MOST_COMMITTED: usize = 64;
const MOST_TRIES: usize = 64;
/// Phases that are reached or not after a candidate was about to take over.
const COUNTED: RangeInclusive<Phase> = Phase::Quiescing..=Phase::Trial;
const MOST_REJECTED: usize = 256;
const MOST_BACKUPS: usize = 256;
const MOST_HISTORY: usize = 64;
/// Why what was on its way is not gone on with, after an orderly end.
pub(crate) const ENDED: &str = "the host has ended";

/// What a journal has come to, for each slot.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Replay {
    pub(crate) slots: BTreeMap<String, SlotRecord>,
}

/// How a slot begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recovery {
    /// The artifact that was committed last.
    pub(crate) first: Option<Build>,
    /// Candidates that are not tried any more, and how often they were.
    pub(crate) exhausted: Vec<Try>,
    /// A candidate that served when the run ended, without having been committed.
    pub(crate) uncommitted: Option<Build>,
    /// Something served after the last backup, or may have: the backup is older than that.
    pub(crate) is_older: bool,
}

impl Replay {
    /// What is known of a slot.
    pub(crate) fn slot(&self, name: &str) -> Option<&SlotRecord> {
        self.slots.get(name)
    }

    /// Takes one more line into account.
    pub(crate) fn apply(&mut self, line: &Line) {
        match &line.what {
            What::Began => {}
            What::Ended => self.slots.values_mut().for_each(|slot| slot.called_off(line.at)),
            What::Opened => {
                for slot in self.slots.values_mut() {
                    slot.interrupted(line.at);
                }
            }
            What::Carried(carried) => {
                self.slots.insert(line.slot.clone(), (**carried).clone());
            }
            what => self.slots.entry(line.slot.clone()).or_default().apply(line.at, what),
        }
    }
}

impl SlotRecord {
    fn apply(&mut self, at: u64, what: &What) {
        match what {
            What::Began | What::Ended | What::Opened | What::Carried(_) => {}
            What::Staged { artifact, .. } => {
                let artifact = *artifact;
                // One that is on trial stays what is on its way.
                if self.under_way.as_ref().is_none_or(|it| !it.activated) {
                    self.under_way =
                        Some(UnderWay { artifact, build: None, began: at, activated: false });
                }
            }
            What::Inspected(build) => self.on_its_way(at, build),
            What::Phase { .. } | What::Restoring { .. } => {}
            What::BackedUp(backup) => self.backed_up(backup),
            What::Activating { build, attempt, strategy } => {
                self.on_its_way(at, build);
                self.asked_strategy(build.artifact, strategy.as_ref());
                self.tries.retain(|it| it.build.artifact != build.artifact);
                keep_last(&mut self.tries, MOST_TRIES);
                self.tries.push(Try { build: build.clone(), count: *attempt });
            }
            What::Activated { artifact, .. } => {
                self.served = true;
                if let Some(it) = self.under_way.as_mut().filter(|it| it.artifact == *artifact) {
                    it.activated = true;
                }
            }
            What::Committed { build, why, .. } => {
                self.served = true;
                self.forget(build.artifact);
                self.committed.retain(|it| it.artifact != build.artifact);
                self.committed.insert(0, build.clone());
                self.committed.truncate(MOST_COMMITTED);
                self.over(at, build.artifact, Some(build), Outcome::Committed, why);
            }
            What::RolledBack { build, why } => {
                self.reject(build.artifact, Some(build), Phase::Trial, why);
                self.over(at, build.artifact, Some(build), Outcome::RolledBack, why);
            }
            What::Degraded { build, why } => {
                self.reject(build.artifact, Some(build), Phase::Trial, why);
                self.over(at, build.artifact, Some(build), Outcome::Degraded, why);
            }
            What::Rejected { artifact, build, phase, why, quarantined } => {
                self.tries.retain(|it| it.build.artifact != *artifact);
                self.asked_strategy(*artifact, None);
                if *quarantined {
                    self.reject(*artifact, build.as_ref(), *phase, why);
                }
                self.over(at, *artifact, build.as_ref(), Outcome::Rejected, why);
            }
            What::Cancelled { artifact, build, phase, why } => {
                // It was about to take over, and was not to blame. What is cancelled before that
                // takes back no earlier try, which has ended the process.
                if COUNTED.contains(phase) {
                    for it in self.tries.iter_mut().filter(|it| it.build.artifact == *artifact) {
                        it.count = it.count.saturating_sub(1);
                    }
                    self.tries.retain(|it| it.count > 0);
                }
                self.over(at, *artifact, build.as_ref(), Outcome::Cancelled, why);
            }
            What::Cleared { artifact } => self.forget(*artifact),
            What::Recovered { .. } => self.served = true,
        }
    }

    /// How the slot begins. A candidate that was about to take over `most_tries` times without an
    /// end is not tried again.
    pub(crate) fn recovery(&self, most_tries: u32) -> Recovery {
        let first = self.committed.first().cloned();
        let is_first = |build: &Build| first.as_ref().is_some_and(|it| it == build);
        let exhausted = self.tries.iter().filter(|it| it.count >= most_tries).cloned().collect();
        let interrupted = self.history.last().filter(|it| it.outcome == Outcome::Interrupted);
        let interrupted = interrupted.and_then(|it| it.build.clone());
        let was_tried = |build: &Build| self.tries.iter().any(|it| it.build == *build);
        Recovery {
            uncommitted: interrupted.filter(|build| !is_first(build) && was_tried(build)),
            first,
            exhausted,
            is_older: self.served,
        }
    }

    /// How often an artifact was about to take over without an end.
    pub(crate) fn tries_of(&self, artifact: ArtifactHash) -> u32 {
        let found = self.tries.iter().find(|it| it.build.artifact == artifact);
        found.map_or(0, |it| it.count)
    }

    /// Which backups go when there is one more and only `most` are kept. The newest that the
    /// committed artifact has written is not among them: a candidate's may be of no use to it.
    pub(crate) fn superfluous(&self, most: usize) -> Vec<u64> {
        let committed = self.committed.first().map(|build| build.artifact);
        let own =
            self.backups.iter().rfind(|it| it.release.artifact == committed).map(|it| it.number);
        let excess = (self.backups.len() + 1).saturating_sub(most.max(1));
        let may_go = self.backups.iter().map(|it| it.number).filter(|it| Some(*it) != own);
        may_go.take(excess).collect()
    }

    fn backed_up(&mut self, backup: &BackupRecord) {
        self.backups.retain(|it| !backup.dropped.contains(&it.number));
        self.backups.push(BackupRecord { dropped: Vec::new(), ..backup.clone() });
        self.last_backup = self.last_backup.max(backup.number);
        if self.backups.len() > MOST_BACKUPS {
            self.backups.remove(0);
        }
        // After any other the slot went on to serve.
        self.served = backup.reason != BackupReason::End;
    }

    fn on_its_way(&mut self, at: u64, build: &Build) {
        match &mut self.under_way {
            Some(it) if it.artifact == build.artifact => it.build = Some(build.clone()),
            Some(it) if it.activated => {}
            under_way => {
                let (artifact, build) = (build.artifact, Some(build.clone()));
                *under_way = Some(UnderWay { artifact, build, began: at, activated: false });
            }
        }
    }

    /// What is cancelled, or ends with the run, is tried again with it.
    fn asked_strategy(&mut self, artifact: ArtifactHash, strategy: Option<&Strategy>) {
        self.strategies.retain(|it| it.artifact != artifact);
        if let Some(strategy) = strategy.cloned() {
            keep_last(&mut self.strategies, MOST_TRIES);
            self.strategies.push(AskedStrategy { artifact, strategy });
        }
    }

    fn forget(&mut self, artifact: ArtifactHash) {
        self.asked_strategy(artifact, None);
        self.tries.retain(|it| it.build.artifact != artifact);
        self.rejected.retain(|it| it.artifact != artifact);
    }

    fn reject(&mut self, artifact: ArtifactHash, build: Option<&Build>, phase: Phase, why: &str) {
        self.forget(artifact);
        keep_last(&mut self.rejected, MOST_REJECTED);
        let why = why.to_owned();
        self.rejected.push(Rejection { artifact, build: build.cloned(), phase, why });
    }

    fn over(
        &mut self,
        at: u64,
        artifact: ArtifactHash,
        build: Option<&Build>,
        outcome: Outcome,
        why: &str,
    ) {
        let ended = self.under_way.take_if(|it| it.artifact == artifact);
        let began = ended.map_or(at, |it| it.began);
        let past =
            Past { began, at, artifact, build: build.cloned(), outcome, why: why.to_owned() };
        // One that is tried again and again is one upgrade.
        let again = self.history.last_mut().filter(|it| {
            outcome == Outcome::Cancelled && (it.artifact, it.outcome) == (artifact, outcome)
        });
        match again {
            Some(last) => *last = Past { began: last.began, ..past },
            None => {
                keep_last(&mut self.history, MOST_HISTORY);
                self.history.push(past);
            }
        }
    }

    /// The host has ended in order, and something was on its way.
    fn called_off(&mut self, at: u64) {
        let waits = self.under_way.take_if(|it| !it.activated);
        let Some(UnderWay { artifact, build, began, .. }) = waits else { return };
        let why = ENDED.to_owned();
        keep_last(&mut self.history, MOST_HISTORY);
        self.history.push(Past { began, at, artifact, build, outcome: Outcome::Cancelled, why });
    }

    /// The run in which something was on its way is over.
    fn interrupted(&mut self, at: u64) {
        let Some(UnderWay { artifact, build, .. }) = self.under_way.clone() else { return };
        let why = "the run ended out of order";
        self.over(at, artifact, build.as_ref(), Outcome::Interrupted, why);
    }
}

/// Makes room for one more.
fn keep_last<T>(all: &mut Vec<T>, most: usize) {
    if all.len() >= most {
        all.remove(0);
    }
}

#[cfg(test)]
mod tests;
