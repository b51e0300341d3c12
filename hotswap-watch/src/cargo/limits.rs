//! How long things may take.

use std::time::Duration;

/// How long a file that is being written, or has gone away, is left alone.
pub(super) const SETTLE: Duration = Duration::from_millis(50);

/// How long builds are ended early, one after the other, before one may run to its end.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How long another cargo is waited for that builds in the folder of the host's.
pub(super) const OTHER_CARGO: Duration = Duration::from_secs(2);

/// How long a build that is told to end has, before it is killed.
pub(super) const GRACE: Duration = Duration::from_millis(300);
