//! What a file looks like from outside.

use std::fs::Metadata;
use std::time::SystemTime;

/// Identity, size and times of a file, as one `stat` reports them.
///
/// Two equal fingerprints do not prove equal content: a write within one tick of the file
/// system's clock, or through a memory map, may leave all of it unchanged. Two different ones
/// prove only that something was done to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    file: Option<Identity>,
    size: u64,
    modified: Option<SystemTime>,
    changed: Option<Moment>,
}

impl Fingerprint {
    /// Takes the fingerprint out of what `stat` said.
    #[must_use]
    pub fn of(meta: &Metadata) -> Self {
        let (file, changed) = identity(meta);
        Self { file, size: meta.len(), modified: meta.modified().ok(), changed }
    }

    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// When the content was last modified, as far as the file system says.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Whether both are the same file (device and inode), whatever its content; `true` where the
    /// platform has no such identity.
    #[must_use]
    pub fn same_file(&self, other: &Self) -> bool {
        self.file == other.file
    }

    /// The first difference in words, or `None` where there is none.
    #[must_use]
    pub fn difference(&self, later: &Self) -> Option<String> {
        if self.file != later.file {
            Some("another file took its place".to_owned())
        } else if self.size != later.size {
            Some(format!("its size went from {} to {} bytes", self.size, later.size))
        } else if self.modified != later.modified {
            Some("its modification time moved".to_owned())
        } else if self.changed != later.changed {
            Some("its change time moved".to_owned())
        } else {
            None
        }
    }
}

/// Device and inode.
type Identity = (u64, u64);
/// Seconds and nanoseconds.
type Moment = (i64, i64);

#[cfg(unix)]
fn identity(meta: &Metadata) -> (Option<Identity>, Option<Moment>) {
    use std::os::unix::fs::MetadataExt as _;
    (Some((meta.dev(), meta.ino())), Some((meta.ctime(), meta.ctime_nsec())))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (Option<Identity>, Option<Moment>) {
    (None, None)
}
