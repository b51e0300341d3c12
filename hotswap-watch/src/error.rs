//! Why something cannot be watched.

use std::io;
use std::path::{Path, PathBuf};

use hotswap_types::escape;
use thiserror::Error;

/// Why something cannot be watched.
#[derive(Error)]
#[non_exhaustive]
pub enum WatchError {
    /// A source's path cannot be made absolute.
    #[error("cannot tell which path {path:?} is")]
    NoPath {
        /// The path as it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The user's inotify watches are used up.
    #[error(
        "cannot watch {}: all inotify watches of this user are taken ({}): raise the limit with \
         `sysctl fs.inotify.max_user_watches=524288`, or look at an interval: `with_polling`",
        escape::path(folder),
        limit("max_user_watches")
    )]
    NoWatchLeft {
        /// The folder that was to be watched.
        folder: PathBuf,
    },
    /// The user's inotify instances, or the process's descriptors, are used up.
    #[error(
        "cannot start to watch: all inotify instances of this user are taken ({}), or this \
         process has no file descriptor left (`ulimit -n`): raise the limit with \
         `sysctl fs.inotify.max_user_instances=1024`, or look at an interval: `with_polling`",
        limit("max_user_instances")
    )]
    NoInstanceLeft {
        /// What the system said.
        source: io::Error,
    },
    /// The system refuses to watch a folder.
    #[error("cannot watch {}", escape::path(folder))]
    Refused {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system's notification service failed.
    #[error("the file system's events cannot be read; look at an interval instead: `with_polling`")]
    Service {
        /// What it said.
        source: io::Error,
    },
}

hotswap_abi::debug_in_full!(WatchError);

impl WatchError {
    pub(super) fn starting(source: io::Error) -> Self {
        if is_table_full(&source) {
            Self::NoInstanceLeft { source }
        } else {
            Self::Service { source }
        }
    }

    pub(super) fn adding(folder: &Path, source: io::Error) -> Self {
        let folder = folder.to_path_buf();
        // What it means for inotify, it means on Linux only.
        if cfg!(target_os = "linux") && source.kind() == io::ErrorKind::StorageFull {
            Self::NoWatchLeft { folder }
        } else {
            Self::Refused { folder, source }
        }
    }

    pub(crate) fn from_notify(folder: Option<&Path>, error: notify::Error) -> Self {
        let folder = folder.or(error.paths.first().map(PathBuf::as_path));
        let folder = folder.unwrap_or(Path::new("")).to_path_buf();
        match error.kind {
            notify::ErrorKind::MaxFilesWatch => Self::NoWatchLeft { folder },
            notify::ErrorKind::Io(source) if folder.as_os_str().is_empty() => {
                Self::starting(source)
            }
            notify::ErrorKind::Io(source) => Self::adding(&folder, source),
            other => Self::Refused { folder, source: io::Error::other(notify::Error::new(other)) },
        }
    }
}

/// Whether no descriptor, and so no instance of inotify, is left.
#[cfg(target_os = "linux")]
fn is_table_full(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

#[cfg(not(target_os = "linux"))]
fn is_table_full(_: &io::Error) -> bool {
    false
}

/// `fs.inotify.<name> = <value>`, as far as it can be read.
fn limit(name: &str) -> String {
    let value = std::fs::read_to_string(format!("/proc/sys/fs/inotify/{name}"));
    let value = value.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned());
    format!("fs.inotify.{name} = {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An old kernel does not have them, and a container's filter of system calls may forbid them.
    #[test]
    fn where_there_are_no_events_an_interval_is_offered() {
        for code in [libc::ENOSYS, libc::EPERM] {
            let error = WatchError::starting(io::Error::from_raw_os_error(code));
            assert!(error.to_string().contains("with_polling"), "{error}");
        }
    }
}
