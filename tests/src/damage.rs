//! Where the parts of a built library lie, for tests that damage them.

use std::ops::Range;

fn number(bytes: &[u8], at: usize, len: usize) -> usize {
    let mut raw = [0; 8];
    raw[..len].copy_from_slice(&bytes[at..at + len]);
    usize::try_from(u64::from_le_bytes(raw)).expect("a small number")
}

/// Where a section of an ELF file lies.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn section(bytes: &[u8], wanted: &str) -> Range<usize> {
    let number = |at, len| number(bytes, at, len);
    let (table, size, count, names) = (number(40, 8), number(58, 2), number(60, 2), number(62, 2));
    let header = |index: usize| table + index * size;
    let names = number(header(names) + 24, 8);
    (0..count)
        .map(header)
        .find(|at| {
            let name = &bytes[names + number(*at, 4)..];
            name.starts_with(wanted.as_bytes()) && name[wanted.len()] == 0
        })
        .map(|at| number(at + 24, 8)..number(at + 24, 8) + number(at + 32, 8))
        .expect("the file has the section")
}

/// Where the headers of an ELF file's segments to load lie.
#[must_use]
pub fn segments(bytes: &[u8]) -> Vec<usize> {
    let (table, size, count) = (number(bytes, 32, 8), number(bytes, 54, 2), number(bytes, 56, 2));
    let headers = (0..count).map(|index| table + index * size);
    headers.filter(|at| number(bytes, *at, 4) == 1).collect()
}

/// Replaces a name in the dynamic string table by one of the same length.
///
/// # Panics
/// When it is not there.
pub fn rename(bytes: &mut [u8], from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let names = section(bytes, ".dynstr");
    let name = [b"\0", from.as_bytes(), b"\0"].concat();
    let found = bytes[names.clone()].windows(name.len()).position(|window| window == name);
    let start = names.start + found.expect("the library has the name") + 1;
    bytes[start..start + to.len()].copy_from_slice(to.as_bytes());
}

/// Replaces the run path of a library by a shorter one.
///
/// # Panics
/// When it has none, or a shorter one.
pub fn set_run_path(bytes: &mut [u8], to: &str) {
    const RUN_PATHS: [usize; 2] = [15, 29];
    let entries = section(bytes, ".dynamic").step_by(16);
    let mut tags = entries.map(|at| (number(bytes, at, 8), number(bytes, at + 8, 8)));
    let (_, offset) = tags.find(|(tag, _)| RUN_PATHS.contains(tag)).expect("it has a run path");
    let start = section(bytes, ".dynstr").start + offset;
    let length = bytes[start..].iter().position(|byte| *byte == 0).expect("it has an end");
    assert!(to.len() <= length, "{to} is longer");
    bytes[start..start + length].fill(0);
    bytes[start..start + to.len()].copy_from_slice(to.as_bytes());
}
