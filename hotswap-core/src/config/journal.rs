//! What a host keeps on disk, to go on after it has ended in whatever way.

use std::{path::PathBuf, time::Duration};

use super::Config;

impl Config {
    /// Keeps a journal in this folder: each step of each upgrade, the artifacts that were committed,
    /// and states. A host that starts on it goes on where the last run has left off, however that
    /// ended: with the artifact that was committed last, whatever lies at the watched path, and its
    /// newest backup. Then the path is looked at.
    ///
    /// A state is backed up before each upgrade, at an orderly end,
    /// by [`Operator::checkpoint`](crate::Operator::checkpoint), and at the
    /// [interval](Self::with_checkpoint_interval). What was changed after the last backup is lost in
    /// a crash; [`Recovered`](crate::event::EventKind::Recovered) says so. An artifact whose upgrade
    /// has ended the process [twice](Self::with_activation_tries) is not tried again, nor is one
    /// that was rejected, until [`Operator::clear`](crate::Operator::clear).
    ///
    /// With it the folder of [`with_checkpoints`](Self::with_checkpoints) is only read, for a slot of
    /// which the journal has no backup. One host, one folder, on a local file system.
    #[must_use]
    pub fn with_journal(mut self, folder: impl Into<PathBuf>) -> Self {
        self.journal = Some(folder.into());
        self
    }

    /// How many backups are kept for each slot: 5 unless told otherwise, and at least 1.
    #[must_use]
    pub const fn with_kept_backups(mut self, backups: usize) -> Self {
        self.kept_backups = backups;
        self
    }

    /// How many artifacts that were committed are kept for each slot, the one that serves among
    /// them: 5 unless told otherwise, and at least 1.
    #[must_use]
    pub const fn with_kept_artifacts(mut self, artifacts: usize) -> Self {
        self.kept_artifacts = artifacts;
        self
    }

    /// How often an artifact may be about to take over, or be on trial, when the process ends,
    /// before it is no longer tried: 2 unless told otherwise.
    #[must_use]
    pub const fn with_activation_tries(mut self, tries: u32) -> Self {
        self.activation_tries = tries;
        self
    }

    /// Backs each state up at an interval, where there is a [journal](Self::with_journal). A state
    /// that is as it was is not written again.
    #[must_use]
    pub const fn with_checkpoint_interval(mut self, interval: Duration) -> Self {
        self.checkpoint_interval = Some(interval);
        self
    }

    /// How many [reports](crate::Report) are kept for each slot: 100 unless told otherwise, and at
    /// least 1. Where there is a [journal](Self::with_journal) they are files in its folder, else they
    /// are in memory.
    #[must_use]
    pub const fn with_kept_reports(mut self, reports: usize) -> Self {
        self.kept_reports = reports;
        self
    }
}
