//! What a host keeps on disk, to go on after it has ended in whatever way.

use std::time::Duration;

use super::Config;

impl Config {
    /// Whether a host with a [data folder](Self::with_data_dir) keeps a journal there: each step of
    /// each upgrade, the artifacts that were committed, and states. A host that starts on it goes on
    /// where the last run has left off, however that ended: with the artifact that was committed
    /// last, whatever lies at the watched path, and its newest backup. Then the path is looked at.
    ///
    /// A state is backed up before each upgrade, at an orderly end,
    /// by [`Operator::checkpoint`](crate::Operator::checkpoint), and at the
    /// [interval](Self::with_checkpoint_interval). What was changed after the last backup is lost in
    /// a crash; [`Recovered`](crate::event::EventKind::Recovered) says so. An artifact whose upgrade
    /// has ended the process [twice](Self::with_activation_tries) is not tried again, nor is one
    /// that was rejected, until [`Operator::clear`](crate::Operator::clear).
    ///
    /// Each upgrade writes the artifact and the state to disk, and waits until they are there.
    #[must_use]
    pub const fn with_journal(mut self, journal: bool) -> Self {
        self.keeps_journal = Some(journal);
        self
    }

    /// Whether a host with a [data folder](Self::with_data_dir) keeps for each module the newest
    /// version that has ever served, and refuses artifacts of the module that are older: an old build
    /// is not brought back by who can put files there, signed or not.
    /// [`Operator::allow_downgrade`](crate::Operator::allow_downgrade) lets one through.
    ///
    /// The floor is raised when an upgrade is committed, not before. A module that is linked into
    /// the program neither has one nor raises it.
    #[must_use]
    pub const fn with_floors(mut self, floors: bool) -> Self {
        self.keeps_floors = Some(floors);
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

    /// Backs each state up at an interval, into the [journal](Self::with_journal); without one
    /// [`Host::new`](crate::Host::new) fails. A state that is as it was is not written again.
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
