//! How changes are learnt of.

use std::time::Duration;

/// How to learn of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// The system's events: inotify on Linux. Costs nothing while nothing happens.
    #[default]
    Events,
    /// Looks at every source at this interval: for file systems that send no events (network,
    /// some containers' mounts), or where inotify's limits cannot be raised. A change that leaves
    /// size, inode and times as they were is not seen.
    Poll(Duration),
}
