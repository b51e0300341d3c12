//! Entry points, found by their methods' names.

use abi_stable::StableAbi;

use crate::portable::Str;

/// One entry point, found by its method's name.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "written out by #[interface] in users' crates")]
pub struct Entry {
    /// The method's name.
    pub name: Str,
    /// A function whose signature follows from the method's; null if it cannot be called here.
    pub entry: *const (),
}

// SAFETY: names and functions of a library are constants.
unsafe impl Sync for Entry {}
// SAFETY: as above.
unsafe impl Send for Entry {}

/// The entry points of one side, with the order they are in.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
pub struct TableRef {
    pub(super) id: [u64; 2],
    pub(super) entries: *const Entry,
    pub(super) count: usize,
}

// SAFETY: the entries are constants.
unsafe impl Sync for TableRef {}
// SAFETY: as above.
unsafe impl Send for TableRef {}

impl TableRef {
    /// The table of an interface.
    #[must_use]
    pub const fn new(methods: &[&str], entries: &'static [Entry]) -> Self {
        Self { id: table_id(methods), entries: entries.as_ptr(), count: entries.len() }
    }
}

/// The entry points of `entries` in the order of `methods`; null for those that are not there.
///
/// # Safety
/// The names in `entries` must be alive.
pub(crate) unsafe fn by_name(methods: &[&str], entries: &[Entry]) -> Box<[*const ()]> {
    methods
        .iter()
        .map(|method| {
            entries
                .iter()
                // SAFETY: alive (caller).
                .find(|entry| unsafe { entry.name.as_str() } == *method)
                .map_or(std::ptr::null(), |entry| entry.entry)
        })
        .collect()
}

/// A hash over the methods' names in order (128-bit FNV-1a): two sides with the same one have the
/// same order of methods.
#[must_use]
pub const fn table_id(methods: &[&str]) -> [u64; 2] {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    let mut i = 0;
    while i < methods.len() {
        let name = methods[i].as_bytes();
        let mut j = 0;
        while j <= name.len() {
            let byte = if j == name.len() { 0 } else { name[j] };
            hash = (hash ^ byte as u128).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
            j += 1;
        }
        i += 1;
    }
    [hash as u64, (hash >> 64) as u64]
}
