//! Contents that a linker never leaves zero, and what else is read from sections.
//!
//! A file that was preallocated and is filled from the front has zeros at its end: in the section
//! headers, the names, the symbols, or the tail of the code. One that is filled in any order has
//! zeros anywhere. Each part that is structure, not data, is therefore looked at.

use std::ops::Range;

use object::LittleEndian as LE;
use object::elf::{self, Sym64};

use super::{
    ElfError,
    headers::Headers,
    raw::{MANIFEST_SECTION, Section, entries, is_zero},
};

/// Code ends in an instruction, and no instruction is this long.
const TAIL: usize = 64;

/// What is written and what is not comes in these units, at multiples of this offset.
const PAGE: usize = 4096;

/// What the sections say.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) unique_symbols: usize,
    pub(super) manifest: Option<Range<usize>>,
}

pub(super) fn check(headers: &Headers<'_>) -> Result<Content, ElfError> {
    let mut content = Content::default();
    for (index, section) in headers.sections.iter().enumerate().skip(1) {
        let kind = section.sh_type.get(LE);
        let name = headers.name(section);
        if name.is_empty() {
            let what = if kind == elf::SHT_NULL { "header" } else { "name" };
            return Err(whole(section, format!("the {what} of section {index}")));
        }
        let label = || format!("section {index} ({})", name.escape_ascii());
        let bytes = headers.content(section);
        if is_structure(kind, name) && bytes.len() > 1 && is_zero(bytes) {
            return Err(whole(section, label()));
        }
        match kind {
            elf::SHT_DYNSYM | elf::SHT_SYMTAB => {
                let unique = symbols(headers, section, &label())?;
                if kind == elf::SHT_DYNSYM {
                    content.unique_symbols += unique;
                }
            }
            elf::SHT_PROGBITS if is_code(section) => {
                let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
                if !tail.is_empty() && is_zero(tail) {
                    let from = bytes.len() - tail.len();
                    return Err(unwritten(
                        section,
                        from,
                        bytes.len(),
                        format!("the end of {}", label()),
                    ));
                }
            }
            _ => {}
        }
        let dense = kind == elf::SHT_STRTAB || is_code(section) || name == b".eh_frame";
        if let Some(page) = zero_page(section, bytes).filter(|_| dense) {
            return Err(unwritten(section, page, page + PAGE, format!("a page of {}", label())));
        }
        if name == MANIFEST_SECTION.as_bytes() {
            manifest(&mut content, section, bytes.len())?;
        }
    }
    Ok(content)
}

fn manifest(content: &mut Content, section: &Section, length: usize) -> Result<(), ElfError> {
    if content.manifest.is_some() {
        return Err(ElfError::Damaged(format!("two sections are called {MANIFEST_SECTION}")));
    }
    if length == 0 {
        return Err(ElfError::Damaged(format!("section {MANIFEST_SECTION} has no bytes")));
    }
    let start = usize::try_from(section.sh_offset.get(LE)).unwrap_or(usize::MAX);
    content.manifest = Some(start..start.saturating_add(length));
    Ok(())
}

fn is_code(section: &Section) -> bool {
    section.sh_flags.get(LE).0 & elf::SHF_EXECINSTR.0 != 0
}

/// Where in a section the first page of the file is that has nothing but zeros.
fn zero_page(section: &Section, bytes: &[u8]) -> Option<usize> {
    let offset = usize::try_from(section.sh_offset.get(LE)).ok()?;
    let first = offset.checked_next_multiple_of(PAGE)? - offset;
    let pages = bytes.get(first..)?.chunks_exact(PAGE);
    pages.enumerate().find(|(_, page)| is_zero(page)).map(|(index, _)| first + index * PAGE)
}

/// Kinds whose content is never all zeros. Not among them: data, and arrays of pointers that
/// relocations fill.
fn is_structure(kind: elf::SectionType, name: &[u8]) -> bool {
    matches!(
        kind,
        elf::SHT_STRTAB
            | elf::SHT_DYNSYM
            | elf::SHT_HASH
            | elf::SHT_GNU_HASH
            | elf::SHT_RELA
            | elf::SHT_REL
            | elf::SHT_DYNAMIC
            | elf::SHT_NOTE
            | elf::SHT_GNU_VERNEED
            | elf::SHT_GNU_VERDEF
    ) || [MANIFEST_SECTION.as_bytes(), b".eh_frame_hdr", b".comment"].contains(&name)
}

/// Checks a symbol table; says how many symbols are of the unique binding.
fn symbols(headers: &Headers<'_>, section: &Section, label: &str) -> Result<usize, ElfError> {
    let all: &[Sym64<LE>] = entries(headers.content(section)).unwrap_or_default();
    let link = usize::try_from(section.sh_link.get(LE)).ok();
    let names = link.and_then(|link| headers.sections.get(link));
    let Some(names) = names.filter(|names| names.sh_type.get(LE) == elf::SHT_STRTAB) else {
        return Err(ElfError::Damaged(format!("{label} has no table of names")));
    };
    let text = headers.content(names);
    let mut unique = 0;
    // The first symbol is zero by definition.
    for (index, symbol) in all.iter().enumerate().skip(1) {
        let at = index * size_of::<Sym64<LE>>();
        if is_zero(object::pod::bytes_of(symbol)) {
            let end = at + size_of::<Sym64<LE>>();
            return Err(unwritten(section, at, end, format!("symbol {index} of {label}")));
        }
        let offset = symbol.st_name.get(LE) as usize;
        match text.get(offset) {
            None => {
                let text = format!("the name of symbol {index} of {label} lies outside its table");
                return Err(ElfError::Damaged(text));
            }
            Some(0) if offset != 0 => {
                let what = format!("the name of symbol {index} of {label}");
                return Err(unwritten(names, offset, offset + 1, what));
            }
            Some(_) => {}
        }
        let defined = symbol.st_shndx.get(LE) != elf::SHN_UNDEF;
        unique += usize::from(defined && symbol.st_bind() == elf::STB_GNU_UNIQUE);
    }
    Ok(unique)
}

fn whole(section: &Section, what: String) -> ElfError {
    let start = section.sh_offset.get(LE);
    ElfError::Unwritten { what, start, end: start.saturating_add(section.sh_size.get(LE)) }
}

fn unwritten(section: &Section, from: usize, to: usize, what: String) -> ElfError {
    let start = section.sh_offset.get(LE);
    ElfError::Unwritten {
        what,
        start: start.saturating_add(from as u64),
        end: start.saturating_add(to as u64),
    }
}
