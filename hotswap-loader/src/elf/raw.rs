//! What lies in the file: the entries of its tables, as the format defines them.

use object::LittleEndian as LE;
use object::elf::{ProgramHeader64, SectionHeader64};
use object::pod::{self, Pod};

/// The section a module describes itself in.
pub(super) const MANIFEST_SECTION: &str = ".hotswap";

pub(super) type Segment = ProgramHeader64<LE>;
pub(super) type Section = SectionHeader64<LE>;

/// As many whole entries as `bytes` has room for.
pub(super) fn entries<T: Pod>(bytes: &[u8]) -> Option<&[T]> {
    let count = bytes.len() / size_of::<T>();
    pod::slice_from_bytes(bytes, count).ok().map(|(entries, _)| entries)
}

pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
