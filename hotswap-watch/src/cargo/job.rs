//! A running cargo.

use std::time::Instant;

use super::build::Build;
use super::limits::GRACE;
use super::process::Process;

/// A running cargo, for a build.
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) process: Process,
    pub(super) build: Build,
    /// The output of `cargo metadata`; `None` for `cargo build`.
    pub(super) metadata: Option<Vec<u8>>,
    pub(super) stopped: bool,
    pub(super) closed: u8,
    pub(super) ended: bool,
    pub(super) kill_at: Option<Instant>,
    pub(super) drained_at: Option<Instant>,
}

impl Job {
    pub(super) const fn makes_plan(&self) -> bool {
        self.metadata.is_some()
    }

    pub(super) fn progress_due(&self) -> Option<Instant> {
        (!self.stopped).then(|| self.build.progress_due()).flatten()
    }

    /// Tells it to end.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.kill_at = Some(Instant::now() + GRACE);
        self.process.end();
    }

    /// It was told, and had its time.
    pub(super) fn kill(&mut self) {
        self.kill_at = None;
        self.process.kill();
    }
}
