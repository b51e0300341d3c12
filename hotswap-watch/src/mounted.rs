//! Files that may be written under another name, which a watch of their folder does not see.

use std::path::Path;

/// Whether a file is a mount of its own, as a container's single files are: what is done to it
/// elsewhere is told to who watches the file, not to who watches the folder.
#[cfg(target_os = "linux")]
pub(crate) fn is_mounted(file: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    statx(CWD, file, AtFlags::empty(), StatxFlags::BASIC_STATS)
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_mounted(_: &Path) -> bool {
    false
}
