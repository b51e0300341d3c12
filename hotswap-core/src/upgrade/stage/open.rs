//! Opening an artifact without being caught by what is not one.

use std::fs::{self, File, Metadata};
use std::path::Path;

use super::StageError;

/// Opens a regular file so that nothing else can hang or be disturbed: what it is, is looked at
/// before it is opened (opening a device may do something) and after (it may have been replaced).
pub(super) fn open(origin: &Path) -> Result<File, StageError> {
    let regular = |meta: &Metadata| match kind(meta) {
        None => Ok(()),
        Some(found) => Err(StageError::NotARegularFile { origin: origin.into(), found }),
    };
    regular(&fs::metadata(origin).map_err(|e| StageError::read(origin, e))?)?;
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        // std adds O_CLOEXEC itself.
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits().cast_signed(),
    );
    let file = options.open(origin).map_err(|e| StageError::read(origin, e))?;
    regular(&file.metadata().map_err(|e| StageError::read(origin, e))?)?;
    Ok(file)
}

fn kind(meta: &Metadata) -> Option<&'static str> {
    if meta.is_file() {
        return None;
    }
    if meta.is_dir() {
        return Some("a folder");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = meta.file_type();
        if kind.is_fifo() {
            return Some("a fifo");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
    }
    Some("a device")
}
