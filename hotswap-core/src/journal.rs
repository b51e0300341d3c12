//! The durable record of a host: what was about to happen, what has, and what is needed to go on
//! after the process has ended in whatever way.
//!
//! Below the folder that the host was given:
//!
//! | what | why |
//! |---|---|
//! | `journal.jsonl` | a line for each step of each upgrade, before the step where that matters |
//! | `journal.1.jsonl` … | older ones, for people; what they have come to stands in the newest |
//! | `artifacts/` | the artifacts that were committed last, to go back to |
//! | `backups/` | states, each a [`Snapshot`] |
//! | `reports/` | what upgrades were, and how they went: see [`report`](crate::report) |
//! | `lock` | locked as long as the host lives |
//!
//! `line` is the codec, `replay` says what lines come to, and both are pure; `file` and
//! `store` are the effects. A state is *acknowledged* when a backup covers it.
//!
//! # Why it decides as it does
//! - A line that a later run decides by is durable before its deed: `Activating` before a
//!   candidate's code takes over, `Committed` before the version before is given up. A file that a
//!   line names is durable before the line, and its hash is compared when it is read back.
//! - Calls are not logged. To write each one down and sync it would cost more than the call, and a
//!   module's code is not made to be run twice. After a crash the slot goes on with its newest
//!   backup and reports its age. `Operator::checkpoint` and an interval bound what may be lost.
//! - A commit is written after a backup of the new version's own state. The backup from before the
//!   upgrade has the older module's version of it, which the newer one may not be able to reach
//!   after a revert. The newest backup that the committed artifact has written is never removed to
//!   make room.
//! - Tries are counted before the deed: a candidate that ends the process cannot be asked
//!   afterwards. Two are allowed by default, because a power cut is nobody's fault. A cancelled
//!   upgrade, and a trial that an orderly end cuts short, do not count.
//! - A rejection outlives its run only from the phase `Loaded` on. Earlier ones are judged from
//!   bytes, cheaply, and may come out otherwise in the next program: a module that was delivered
//!   before the program it is made for is accepted after the program's restart.
//! - An artifact that was reverted is quarantined. It is still at the watched path, and the next
//!   start would take it again.
//! - A torn last line is no error, because the power may go at any time. Any other damage is an
//!   error: something else has written there, and guessing what was committed is worse than asking.
//! - A rotated journal begins with a summary of the old one, so one file is all that is read.

pub(crate) mod error;
#[cfg(all(test, target_os = "linux"))]
mod faults;
pub(crate) mod file;
pub(crate) mod line;
mod lock;
pub(crate) mod record;
pub(crate) mod replay;
mod revert_target;
pub(crate) mod store;

use std::path::{Path, PathBuf};

use hotswap_loader::fs::make_private;
use hotswap_types::{ArtifactHash, Release, Strategy, json};

use self::{file::JournalFile, store::Store};
use crate::{
    config::Config,
    reports,
    snapshot::{Snapshot, SnapshotError},
};

pub use hotswap_types::{BackupReason, Outcome};

pub use crate::{event::Backup, report::HistoryEntry};

pub use self::revert_target::RevertTarget;
pub(crate) use self::{
    error::JournalError,
    line::{What, text},
    record::{AskedStrategy, BackupRecord, Build, Past, Rejection, SlotRecord, Try},
    replay::{ENDED, Recovery},
};

/// The durable record of a host.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    file: JournalFile,
    store: Store,
    most_backups: usize,
    most_artifacts: usize,
    most_tries: u32,
}

impl Journal {
    /// What earlier runs have left; `None` where no folder was given.
    pub(crate) fn open(config: &Config) -> Result<Option<Self>, JournalError> {
        Self::open_with(config, file::LARGE)
    }

    fn open_with(config: &Config, large: u64) -> Result<Option<Self>, JournalError> {
        let Some(folder) = config.journal() else { return Ok(None) };
        // Before anything in it is believed, or removed.
        make_private(&folder).map_err(|source| JournalError::folder(&folder, source))?;
        for place in ["", store::ARTIFACTS, store::BACKUPS, reports::FOLDER] {
            let place = folder.join(place);
            if place.symlink_metadata().is_ok() {
                let checked = config.trust.check_own_files(&place);
                checked.map_err(|it| JournalError::writable(&it))?;
            }
        }
        let file = JournalFile::open(&folder, large)?;
        let store = Store::open(&folder)?;
        let mut journal = Self {
            folder,
            file,
            store,
            most_backups: config.kept_backups,
            most_artifacts: config.kept_artifacts,
            most_tries: config.activation_tries,
        };
        journal.append_durable("", What::Opened)?;
        journal.tidy();
        Ok(Some(journal))
    }

    /// Writes a line that nothing waits for. One that could not be written is caught up on.
    pub(crate) fn append_lazy(&mut self, slot: &str, what: What) -> Result<(), JournalError> {
        self.file.append_lazy(slot, what)
    }

    /// Writes a line before its deed, durably. On an error the deed must not be done.
    pub(crate) fn append_durable(&mut self, slot: &str, what: What) -> Result<(), JournalError> {
        self.file.append_durable(slot, what)
    }

    /// Writes a line of what cannot be taken back any more, durably.
    pub(crate) fn append(&mut self, slot: &str, what: What) -> Result<(), JournalError> {
        self.file.append(slot, what)
    }

    /// Why its file has grown past its size, since this was last asked.
    pub(crate) const fn take_growth(&mut self) -> Option<String> {
        self.file.take_growth()
    }

    /// What is known of a slot.
    pub(crate) fn record(&self, slot: &str) -> Option<&SlotRecord> {
        self.file.replay().slot(slot)
    }

    /// Whether there is a state to begin with.
    pub(crate) fn has_backups(&self, slot: &str) -> bool {
        self.record(slot).is_some_and(|it| !it.backups.is_empty())
    }

    /// How a slot begins.
    pub(crate) fn recovery(&self, slot: &str) -> Recovery {
        self.record(slot).map(|it| it.recovery(self.most_tries)).unwrap_or_default()
    }

    /// The artifacts that a slot may begin with: the one that was committed last, and those kept of
    /// the ones before that are neither rejected nor exhausted.
    pub(crate) fn may_begin(&self, slot: &str) -> Vec<Build> {
        let (Some(record), recovery) = (self.record(slot), self.recovery(slot)) else {
            return Vec::new();
        };
        let is_out = |build: &Build| {
            record.rejected.iter().any(|it| it.artifact == build.artifact)
                || recovery.exhausted.iter().any(|it| it.build.artifact == build.artifact)
        };
        let older = self.kept(slot).into_iter().filter(|build| !is_out(build));
        let older = older.filter(|build| Some(build) != recovery.first.as_ref());
        recovery.first.iter().cloned().chain(older).collect()
    }

    /// Keeps an artifact that may be committed.
    pub(crate) fn keep(
        &mut self,
        artifact: ArtifactHash,
        bytes: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<(), JournalError> {
        self.ready()?;
        self.store.keep(artifact, bytes, signature)
    }

    /// Says that an artifact is about to take over, how often it was, and by which strategy somebody wants
    /// it to.
    pub(crate) fn activating(
        &mut self,
        slot: &str,
        build: Build,
        strategy: Option<Strategy>,
    ) -> Result<(), JournalError> {
        let before = self.record(slot).map_or(0, |it| it.tries_of(build.artifact));
        self.append_durable(slot, What::Activating { build, attempt: before + 1, strategy })
    }

    /// Where an artifact is kept.
    pub(crate) fn artifact(&self, artifact: ArtifactHash) -> PathBuf {
        self.store.artifact(artifact)
    }

    /// Which artifact a path must hold, if the journal keeps one there.
    pub(crate) fn named(&self, path: &Path) -> Option<ArtifactHash> {
        self.store.named(path)
    }

    /// An artifact that has been committed in a slot, and is kept.
    pub(crate) fn earlier(&self, slot: &str, earlier: &RevertTarget) -> Option<Build> {
        let committed = &self.record(slot)?.committed;
        let is_meant = |build: &&Build| match earlier {
            RevertTarget::Artifact(hash) => build.artifact == *hash,
            RevertTarget::Version(version) => build.version == *version,
        };
        let kept = |build: &&Build| self.artifact(build.artifact).exists();
        committed.iter().filter(kept).find(is_meant).cloned()
    }

    /// The artifacts that can be gone back to, the newest first.
    pub(crate) fn kept(&self, slot: &str) -> Vec<Build> {
        let committed = self.record(slot).map(|it| it.committed.as_slice()).unwrap_or_default();
        committed.iter().filter(|it| self.artifact(it.artifact).exists()).cloned().collect()
    }

    /// Puts a state aside. A state that is not for the end is not written twice in a row.
    pub(crate) fn back_up(
        &mut self,
        slot: &str,
        artifact: Option<ArtifactHash>,
        state: &Snapshot,
        reason: BackupReason,
    ) -> Result<Backup, JournalError> {
        self.ready()?;
        if matches!(reason, BackupReason::Upgrade | BackupReason::Interval)
            && let Some(last) = self.record(slot).and_then(|record| record.backups.last())
            && (last.content, last.release.artifact) == (ArtifactHash::of(&state.state), artifact)
            && self.store.restore(slot, last).is_ok()
        {
            return Ok(self.backup(slot, last));
        }
        let backup = self.next_backup(slot, artifact, state, reason);
        let number = backup.number;
        self.store.back_up(slot, number, state)?;
        let written = self.file.append_durable(slot, What::BackedUp(backup.clone()));
        match written {
            // Who reads that line must find its file.
            Err(_) if self.file.may_be_there() => self.file.give_up_backup(slot, number),
            Err(_) => self.store.remove_backups(slot, &[number]),
            Ok(()) => {}
        }
        written?;
        self.store.remove_backups(slot, &backup.dropped);
        Ok(self.backup(slot, &backup))
    }

    fn next_backup(
        &self,
        slot: &str,
        artifact: Option<ArtifactHash>,
        state: &Snapshot,
        reason: BackupReason,
    ) -> BackupRecord {
        let nothing = SlotRecord::default();
        let record = self.record(slot).unwrap_or(&nothing);
        BackupRecord {
            number: record.last_backup + 1,
            release: Release::new(state.module(), state.module_version().clone(), artifact),
            taken: json::time::of(state.taken()),
            size: state.size() as u64,
            content: ArtifactHash::of(&state.state),
            reason,
            dropped: record.superfluous(self.most_backups),
        }
    }

    /// The backups of a slot, the newest first.
    pub(crate) fn backups(&self, slot: &str) -> Vec<Backup> {
        let backups = self.record(slot).map(|it| it.backups.as_slice()).unwrap_or_default();
        backups.iter().rev().map(|it| self.backup(slot, it)).collect()
    }

    /// Reads a backup of a slot that [`backups`](Self::backups) names.
    pub(crate) fn state(&self, slot: &str, number: u64) -> Result<Snapshot, SnapshotError> {
        let backups = self.record(slot).map(|it| it.backups.as_slice()).unwrap_or_default();
        let record = backups.iter().find(|it| it.number == number);
        self.store.restore(slot, record.expect("it was looked up there"))
    }

    /// The upgrades of all slots that are over, the newest first.
    pub(crate) fn history(&self) -> Vec<HistoryEntry> {
        let slots = self.file.replay().slots.iter();
        let mut all: Vec<_> = slots
            .flat_map(|(slot, record)| record.history.iter().map(|past| past_upgrade(slot, past)))
            .collect();
        all.reverse();
        all.sort_by_key(|past| std::cmp::Reverse(past.ended));
        all
    }

    /// Removes what nobody can go back to any more; nothing as long as a later run would go by a
    /// file that does not know so.
    pub(crate) fn tidy(&self) {
        if self.file.is_behind() {
            return;
        }
        let (mut artifacts, mut backups) = (Vec::new(), Vec::new());
        for (slot, record) in &self.file.replay().slots {
            let committed = record.committed.iter().take(self.most_artifacts.max(1));
            artifacts.extend(committed.map(|it| it.artifact));
            artifacts.extend(record.tries.iter().map(|it| it.build.artifact));
            artifacts.extend(record.under_way.iter().map(|it| it.artifact));
            backups.extend(record.backups.iter().map(|it| self.store.backup(slot, it.number)));
        }
        self.store.keep_only(&artifacts);
        self.store.keep_only_backups(&backups);
    }

    /// Somebody may have removed the folder, and made it again.
    fn ready(&mut self) -> Result<(), JournalError> {
        self.file.ready()?;
        self.store = Store::open(&self.folder)?;
        Ok(())
    }

    fn backup(&self, slot: &str, record: &BackupRecord) -> Backup {
        let BackupRecord { number, release, taken, size, reason, .. } = record;
        Backup {
            number: *number,
            release: release.clone(),
            taken: json::time::after(*taken),
            size: *size,
            reason: *reason,
            path: self.store.backup(slot, *number),
        }
    }
}

fn past_upgrade(slot: &str, past: &Past) -> HistoryEntry {
    let Past { began, at, artifact, build, outcome, why } = past;
    HistoryEntry {
        slot: slot.to_owned(),
        began: json::time::after(*began),
        ended: json::time::after(*at),
        artifact: *artifact,
        module: build.as_ref().map(Release::module_version),
        outcome: *outcome,
        why: why.clone(),
        report: None,
    }
}
