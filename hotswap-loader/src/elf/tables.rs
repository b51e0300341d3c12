//! The tables that the dynamic section points to: the system's loader reads each of them, and
//! trusts that it is there.

use object::LittleEndian as LE;
use object::elf::{self, Dyn64, DynamicTag};

use super::{ElfError, headers::Headers, raw::Segment};

/// Tables whose size stands beside them.
const SIZED: [(DynamicTag, DynamicTag, &str); 6] = [
    (elf::DT_RELA, elf::DT_RELASZ, "the table of relocations (DT_RELA)"),
    (elf::DT_REL, elf::DT_RELSZ, "the table of relocations (DT_REL)"),
    (elf::DT_RELR, elf::DT_RELRSZ, "the table of relocations (DT_RELR)"),
    (elf::DT_JMPREL, elf::DT_PLTRELSZ, "the table of relocations (DT_JMPREL)"),
    (elf::DT_INIT_ARRAY, elf::DT_INIT_ARRAYSZ, "the table of constructors (DT_INIT_ARRAY)"),
    (elf::DT_FINI_ARRAY, elf::DT_FINI_ARRAYSZ, "the table of destructors (DT_FINI_ARRAY)"),
];

/// Tables whose size only their content tells, and how many bytes each of them has at least.
const UNSIZED: [(DynamicTag, u64, &str); 6] = [
    // The loader reads symbols through it whatever else there is.
    (elf::DT_SYMTAB, 24, "the dynamic symbol table"),
    (elf::DT_HASH, 8, "the table of hashes (DT_HASH)"),
    (elf::DT_GNU_HASH, 16, "the table of hashes (DT_GNU_HASH)"),
    (elf::DT_VERSYM, 2, "the table of versions (DT_VERSYM)"),
    (elf::DT_VERNEED, 16, "the table of needed versions (DT_VERNEED)"),
    (elf::DT_VERDEF, 20, "the table of own versions (DT_VERDEF)"),
];

/// Entries have one size, whatever the section says.
const ENTRIES: [(DynamicTag, &str); 2] =
    [(elf::DT_SYMENT, "DT_SYMENT"), (elf::DT_RELAENT, "DT_RELAENT")];
const ENTRY: u64 = 24;

const FUNCTIONS: [(DynamicTag, &str); 2] =
    [(elf::DT_INIT, "the constructor (DT_INIT)"), (elf::DT_FINI, "the destructor (DT_FINI)")];

/// Expects each table within the part of a segment that is in the file.
pub(super) fn check(headers: &Headers<'_>, all: &[Dyn64<LE>]) -> Result<(), ElfError> {
    // Of a tag that is there twice the loader takes the last.
    let value = |wanted: DynamicTag| {
        let mut found = all.iter().rev().filter(|entry| entry.d_tag.get(LE) == wanted);
        found.next().map(|entry| entry.d_val.get(LE))
    };
    for (tag, size, what) in SIZED {
        if let (Some(address), Some(size @ 1..)) = (value(tag), value(size)) {
            mapped(headers, address, size, what)?;
        }
    }
    for (tag, least, what) in UNSIZED {
        if let Some(address) = value(tag) {
            mapped(headers, address, least, what)?;
        }
    }
    for (tag, name) in ENTRIES {
        if let Some(size) = value(tag).filter(|size| *size != ENTRY) {
            return Err(ElfError::Damaged(format!("{name} says {size} bytes instead of {ENTRY}")));
        }
    }
    for (tag, what) in FUNCTIONS {
        let is_code = |segment: &Segment, address: u64| {
            let start = segment.p_vaddr.get(LE);
            segment.p_type.get(LE) == elf::PT_LOAD
                && segment.p_flags.get(LE).0 & elf::PF_X.0 != 0
                && address >= start
                && address - start < segment.p_filesz.get(LE)
        };
        if let Some(address) = value(tag).filter(|address| *address != 0)
            && !headers.segments.iter().any(|segment| is_code(segment, address))
        {
            return Err(ElfError::Damaged(format!("{what} at {address:#x} is no code")));
        }
    }
    Ok(())
}

/// The bytes that the loader will find at `address`, and their place in the file.
pub(super) fn mapped<'data>(
    headers: &Headers<'data>,
    address: u64,
    size: u64,
    what: &str,
) -> Result<(u64, &'data [u8]), ElfError> {
    let within = |segment: &&Segment| {
        let start = segment.p_vaddr.get(LE);
        segment.p_type.get(LE) == elf::PT_LOAD
            && address >= start
            && address - start < segment.p_filesz.get(LE)
    };
    let outside = || ElfError::Damaged(format!("{what} at {address:#x} lies in no segment"));
    let segment = headers.segments.iter().find(within).ok_or_else(outside)?;
    let start = address - segment.p_vaddr.get(LE);
    let end = usize::try_from(start.saturating_add(size)).map_err(|_| outside())?;
    let first = usize::try_from(start).map_err(|_| outside())?;
    let bytes = headers.segment(segment).get(first..end).ok_or_else(outside)?;
    Ok((segment.p_offset.get(LE).saturating_add(start), bytes))
}
