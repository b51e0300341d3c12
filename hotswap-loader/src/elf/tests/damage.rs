//! Truncated, not filled, and flipped.

use super::REAL;
use crate::elf::{ElfError, ElfFacts, examine, headers};

#[test]
fn every_truncation_is_found() {
    let size = REAL.len();
    let near = (0..200.min(size)).chain(size.saturating_sub(3000)..size);
    for length in near.chain((0..size).step_by(997)) {
        let error = examine(&REAL[..length]).expect_err("a truncated library passed");
        if length >= 64 {
            let found = length as u64;
            assert!(matches!(error, ElfError::Truncated { size, .. } if size == found), "{error}");
        }
    }
    let error = examine(&REAL[..size / 2]).unwrap_err().to_string();
    assert!(
        error.starts_with("truncated: segment ") || error.starts_with("truncated: the "),
        "{error}"
    );
}

/// Preallocated, and filled from the front up to `length`.
#[test]
fn every_zero_tail_is_found() {
    let sections = usize::try_from(u64::from_le_bytes(REAL[40..48].try_into().unwrap())).unwrap();
    for length in (1024..REAL.len()).step_by(509) {
        let mut copy = REAL.clone();
        copy[length..].fill(0);
        // The last bytes of the section headers may be zero in the finished file as well.
        if copy == *REAL {
            continue;
        }
        let result = examine(&copy);
        assert!(result.is_err(), "zeros from {length} of {} passed", REAL.len());
        if length < sections {
            assert!(matches!(result, Err(ElfError::Unwritten { .. })), "{length}: {result:?}");
        }
    }
}

/// Filled in any order: one page of code, of names or of headers is missing.
#[test]
fn a_missing_page_of_structure_is_found() {
    let headers = headers::read(&REAL).unwrap();
    for section in headers.sections {
        let name = String::from_utf8_lossy(headers.name(section)).into_owned();
        if [".text", ".eh_frame", ".strtab", ".symtab"].contains(&&*name) {
            let bytes = headers.content(section);
            let start = bytes.as_ptr() as usize - REAL.as_ptr() as usize;
            let end = start + bytes.len();
            for page in (start.next_multiple_of(4096)..end.saturating_sub(4096)).step_by(4096) {
                let mut copy = REAL.clone();
                copy[page..page + 4096].fill(0);
                let result = examine(&copy);
                assert!(
                    matches!(result, Err(ElfError::Unwritten { .. })),
                    "{name} {page}: {result:?}"
                );
            }
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % bound as u64).unwrap()
    };
    let headers = u64::from_le_bytes(REAL[40..48].try_into().unwrap()) as usize;
    let mut copy = REAL.clone();
    let mut refused = 0;
    for round in 0..10_000 {
        let mut undo = Vec::new();
        for _ in 0..=next(3) {
            // Where structure is, mostly: headers in front and behind, tables near the front.
            let at = match round % 4 {
                0 => next(1024),
                1 => headers + next(REAL.len() - headers),
                2 => next(REAL.len().min(32 * 1024)),
                _ => next(REAL.len()),
            };
            undo.push((at, copy[at]));
            copy[at] = [0, 0xff, copy[at] ^ 1 << next(8), copy[at].wrapping_add(1)][next(4)];
        }
        let facts: Result<ElfFacts, ElfError> = examine(&copy);
        refused += usize::from(facts.is_err());
        if let Ok(ElfFacts { manifest: Some(range), .. }) = facts {
            assert!(copy.get(range).is_some());
        }
        for (at, byte) in undo.into_iter().rev() {
            copy[at] = byte;
        }
    }
    assert!(refused > 1000 && copy == *REAL);
}
