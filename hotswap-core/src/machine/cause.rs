//! What to do about an error of the system: by what the system says, and by nothing else.

use std::{error::Error, io};

/// What helps against an error, for a user who may know no more than its text.
pub(crate) fn remedy(error: &io::Error) -> &'static str {
    use io::ErrorKind as Kind;
    let error = of_system(error);
    #[cfg(unix)]
    if let Some(remedy) = of_errno(error) {
        return remedy;
    }
    match error.kind() {
        Kind::StorageFull => "make room on the disk",
        Kind::QuotaExceeded => "make room within the disk quota, or raise it",
        Kind::FileTooLarge => "raise the limit on the size of files (`ulimit -f`)",
        Kind::ReadOnlyFilesystem => "choose a folder on a file system that can be written",
        Kind::OutOfMemory => "make room in memory, or raise the limit (`ulimit -v`)",
        Kind::PermissionDenied => {
            "give the host's user the permission; in a container, look at its filter of system calls"
        }
        Kind::NotFound => "look whether what the message names is there",
        _ => "look at what the system says, and mend that",
    }
}

/// The error of the system that another one tells of; itself, where it tells of none.
fn of_system(error: &io::Error) -> &io::Error {
    let mut deepest = error;
    let mut cause = wrapped(error);
    while let Some(at) = cause {
        cause = match at.downcast_ref() {
            Some(io) => {
                deepest = io;
                wrapped(io)
            }
            None => at.source(),
        };
    }
    deepest
}

/// What it was made of; its `source` would be the cause of that.
fn wrapped(error: &io::Error) -> Option<&(dyn Error + 'static)> {
    error.get_ref().map(|inner| inner as _)
}

#[cfg(unix)]
fn of_errno(error: &io::Error) -> Option<&'static str> {
    use rustix::io::Errno;
    Some(match Errno::from_io_error(error)? {
        Errno::MFILE => "raise the limit of open files (`ulimit -n`)",
        Errno::NFILE => "raise the system's limit of open files (fs.file-max)",
        Errno::AGAIN => "end some processes, or raise the limit of them (`ulimit -u`, pids.max)",
        Errno::NOMEM => "make room in memory, or raise the limit (`ulimit -v`)",
        Errno::NOSYS => "use a newer kernel, or allow this system call in the container's filter",
        _ => return None,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    /// An error that tells of another one.
    #[derive(Debug, thiserror::Error)]
    #[error("the file cannot be written")]
    struct Unwritten {
        source: io::Error,
    }

    #[test]
    fn each_cause_has_its_own_remedy() {
        let table = [
            (Errno::MFILE, "ulimit -n"),
            (Errno::AGAIN, "ulimit -u"),
            (Errno::NOMEM, "ulimit -v"),
            (Errno::FBIG, "ulimit -f"),
            (Errno::NOSPC, "room on the disk"),
            (Errno::DQUOT, "quota"),
            (Errno::ROFS, "can be written"),
            (Errno::PERM, "filter of system calls"),
            (Errno::NOSYS, "newer kernel"),
        ];
        for (errno, says) in table {
            let error = io::Error::from(errno);
            assert!(remedy(&error).contains(says), "{error}: {}", remedy(&error));
            let error = io::Error::other(Unwritten { source: io::Error::other(error) });
            assert!(remedy(&error).contains(says), "{error}: {}", remedy(&error));
        }
    }
}
