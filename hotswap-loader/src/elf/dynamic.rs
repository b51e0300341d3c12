//! The dynamic section: what the system's loader goes by.

use hotswap_abi::__private::text::is_obeyed;
use object::LittleEndian as LE;
use object::elf::{self, Dyn64};

use super::{
    ElfError,
    headers::Headers,
    raw::{entries, is_zero},
    tables::{self, mapped},
};

/// Bounds that no real library comes near.
const MOST_NAMES: usize = 4096;
const LONGEST_NAME: usize = 4096;

/// What the dynamic section says.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) needed: Vec<String>,
    pub(super) soname: Option<String>,
    pub(super) run_paths: Vec<String>,
    pub(super) no_delete: bool,
    /// A program: position-independent ones have the file type of a library.
    pub(super) is_program: bool,
    pub(super) text_relocations: bool,
    pub(super) static_tls: bool,
}

pub(super) fn read(headers: &Headers<'_>) -> Result<Table, ElfError> {
    let mut dynamics = headers.segments.iter().filter(|s| s.p_type.get(LE) == elf::PT_DYNAMIC);
    let (Some(segment), None) = (dynamics.next(), dynamics.next()) else {
        return Err(ElfError::Damaged("expected exactly one DYNAMIC segment".into()));
    };
    let bytes = headers.segment(segment);
    let start = segment.p_offset.get(LE);
    if is_zero(bytes) {
        let end = start.saturating_add(bytes.len() as u64);
        return Err(ElfError::Unwritten { what: "the dynamic section".into(), start, end });
    }
    let all: &[Dyn64<LE>] = entries(bytes).unwrap_or_default();
    let Some(length) = all.iter().position(|entry| entry.d_tag.get(LE) == elf::DT_NULL) else {
        return Err(ElfError::Damaged("the dynamic section has no end mark".into()));
    };
    let all = &all[..length];
    // The loader does not look where the segment says that it is in the file.
    let (address, size) = (segment.p_vaddr.get(LE), segment.p_filesz.get(LE));
    if mapped(headers, address, size, "the dynamic section")?.0 != start {
        let text = "the dynamic section is mapped from another place than it is said to be at";
        return Err(ElfError::Damaged(text.into()));
    }

    let strings = strings(headers, all)?;
    tables::check(headers, all)?;
    let mut table = Table::default();
    for entry in all {
        let (kind, value) = (entry.d_tag.get(LE), entry.d_val.get(LE));
        match kind {
            // The loader opens what a library stands in for as well, and what watches it.
            elf::DT_NEEDED
            | elf::DT_AUXILIARY
            | elf::DT_FILTER
            | elf::DT_AUDIT
            | elf::DT_DEPAUDIT
            | elf::DT_CONFIG => {
                if table.needed.len() == MOST_NAMES {
                    let text = format!("more than {MOST_NAMES} needed libraries");
                    return Err(ElfError::Damaged(text));
                }
                table.needed.push(strings.name("a needed library", value)?);
            }
            elf::DT_SONAME => table.soname = Some(strings.name("the library's own name", value)?),
            // Which of several a loader heeds is its business.
            elf::DT_RUNPATH | elf::DT_RPATH => {
                if table.run_paths.len() == MOST_NAMES {
                    let text = format!("more than {MOST_NAMES} run paths");
                    return Err(ElfError::Damaged(text));
                }
                table.run_paths.push(strings.name("the run path", value)?);
            }
            elf::DT_TEXTREL => table.text_relocations = true,
            elf::DT_FLAGS => {
                table.text_relocations |= value & elf::DF_TEXTREL.0 != 0;
                table.static_tls |= value & elf::DF_STATIC_TLS.0 != 0;
            }
            elf::DT_FLAGS_1 => {
                table.no_delete |= value & elf::DF_1_NODELETE.0 != 0;
                table.is_program |= value & elf::DF_1_PIE.0 != 0;
            }
            _ => {}
        }
    }
    Ok(table)
}

/// The string table of the dynamic section, and where it lies in the file.
struct Strings<'data> {
    bytes: &'data [u8],
    start: u64,
}

fn strings<'data>(headers: &Headers<'data>, all: &[Dyn64<LE>]) -> Result<Strings<'data>, ElfError> {
    let value = |wanted: elf::DynamicTag, name: &str| {
        let found = all.iter().rev().find(|entry| entry.d_tag.get(LE) == wanted);
        let missing = || ElfError::Damaged(format!("the dynamic section has no {name}"));
        found.map(|entry| entry.d_val.get(LE)).ok_or_else(missing)
    };
    let address = value(elf::DT_STRTAB, "DT_STRTAB")?;
    let size = value(elf::DT_STRSZ, "DT_STRSZ")?;
    value(elf::DT_SYMTAB, "DT_SYMTAB")?;
    let (start, bytes) = mapped(headers, address, size, "the dynamic string table")?;
    if is_zero(bytes) && size > 1 {
        let what = "the dynamic string table".into();
        return Err(ElfError::Unwritten { what, start, end: start.saturating_add(size) });
    }
    Ok(Strings { bytes, start })
}

impl Strings<'_> {
    fn name(&self, what: &str, offset: u64) -> Result<String, ElfError> {
        let place = || format!("the name of {what} at {offset} in the dynamic string table");
        let rest = usize::try_from(offset).ok().and_then(|offset| self.bytes.get(offset..));
        let rest = rest.ok_or_else(|| ElfError::Damaged(format!("{} lies outside", place())))?;
        let rest = &rest[..rest.len().min(LONGEST_NAME)];
        match rest.iter().position(|byte| *byte == 0) {
            None => Err(ElfError::Damaged(format!("{} has no end", place()))),
            Some(0) => {
                let start = self.start.saturating_add(offset);
                Err(ElfError::Unwritten { what: place(), start, end: start.saturating_add(1) })
            }
            // A terminal must not obey an artifact.
            Some(end) => match str::from_utf8(&rest[..end]) {
                Ok(name) if !name.contains(is_obeyed) => Ok(name.to_owned()),
                _ => Err(ElfError::Damaged(format!("{} is no text", place()))),
            },
        }
    }
}
