//! From the magic number to the extents of all segments and sections.

use object::LittleEndian as LE;
use object::elf::{self, FileHeader64};
use object::pod;

use super::{
    ElfError, kind,
    raw::{Section, Segment, entries, is_zero},
};

/// A file whose segments and sections all lie within it.
#[derive(Debug)]
pub(super) struct Headers<'data> {
    pub(super) bytes: &'data [u8],
    pub(super) segments: &'data [Segment],
    /// Empty in a file without a section table.
    pub(super) sections: &'data [Section],
    /// The string table with the sections' names; empty in a file without a section table.
    names: &'data [u8],
}

/// Checks kind and extents.
pub(super) fn read(bytes: &[u8]) -> Result<Headers<'_>, ElfError> {
    if !bytes.starts_with(&elf::ELFMAG) {
        return Err(ElfError::NotElf { found: first_bytes(bytes) });
    }
    let header = &table::<FileHeader64<LE>>(bytes, "the ELF header", 0, 1)?[0];
    kind::check(header)?;

    let count = usize::from(header.e_phnum.get(LE));
    let segments: &[Segment] =
        table(bytes, "the program header table", header.e_phoff.get(LE), count)?;
    if is_zero(pod::bytes_of_slice(segments)) && count > 0 {
        let start = header.e_phoff.get(LE);
        let end = start.saturating_add((count * size_of::<Segment>()) as u64);
        return Err(ElfError::Unwritten { what: "the program header table".into(), start, end });
    }
    for (index, segment) in segments.iter().enumerate() {
        let what = || format!("segment {index} ({})", segment_name(segment.p_type.get(LE)));
        extent(bytes, what, segment.p_offset.get(LE), segment.p_filesz.get(LE))?;
    }
    check_loads(segments)?;

    let count = usize::from(header.e_shnum.get(LE));
    let sections: &[Section] =
        table(bytes, "the section header table", header.e_shoff.get(LE), count)?;
    let names = match sections.get(usize::from(header.e_shstrndx.get(LE).0)) {
        _ if sections.is_empty() => &[],
        Some(section) if section.sh_type.get(LE) == elf::SHT_STRTAB => {
            content(bytes, || "the section-name table".into(), section)?
        }
        _ if is_zero(pod::bytes_of_slice(sections)) => &[],
        _ => {
            return Err(ElfError::Damaged("no section-name table where the header says".into()));
        }
    };
    let headers = Headers { bytes, segments, sections, names };
    headers.check_sections()?;
    Ok(headers)
}

impl<'data> Headers<'data> {
    /// The name of a section, as far as it has one.
    pub(super) fn name(&self, section: &Section) -> &'data [u8] {
        let start = usize::try_from(section.sh_name.get(LE)).unwrap_or(usize::MAX);
        let name = self.names.get(start..).unwrap_or_default();
        // Bounded, so that many sections with one long name cost no more than their number.
        let name = &name[..name.len().min(256)];
        &name[..name.iter().position(|byte| *byte == 0).unwrap_or(name.len())]
    }

    /// The bytes of a section; empty for one that has none in the file.
    pub(super) fn content(&self, section: &Section) -> &'data [u8] {
        content(self.bytes, String::new, section).unwrap_or_default()
    }

    /// The bytes of a segment.
    pub(super) fn segment(&self, segment: &Segment) -> &'data [u8] {
        extent(self.bytes, String::new, segment.p_offset.get(LE), segment.p_filesz.get(LE))
            .unwrap_or_default()
    }

    /// The size of its thread-locals, in bytes.
    pub(super) fn thread_locals(&self) -> u64 {
        let own = self.segments.iter().find(|segment| segment.p_type.get(LE) == elf::PT_TLS);
        own.map_or(0, |segment| segment.p_memsz.get(LE))
    }

    fn check_sections(&self) -> Result<(), ElfError> {
        let mut total = 0_u64;
        for (index, section) in self.sections.iter().enumerate() {
            let what = || format!("section {index} ({})", self.name(section).escape_ascii());
            total = total.saturating_add(content(self.bytes, what, section)?.len() as u64);
        }
        // What walks over sections later is linear in the file's size for this reason.
        if total > self.bytes.len() as u64 {
            let size = self.bytes.len();
            let text = format!("the sections overlap: they add up to {total} of {size} bytes");
            return Err(ElfError::Damaged(text));
        }
        Ok(())
    }
}

/// The loader reserves room from the first to the last loadable segment and relies on their order.
fn check_loads(segments: &[Segment]) -> Result<(), ElfError> {
    let mut end = 0;
    for (index, segment) in segments.iter().enumerate() {
        if segment.p_type.get(LE) != elf::PT_LOAD {
            continue;
        }
        let (start, size) = (segment.p_vaddr.get(LE), segment.p_memsz.get(LE));
        if segment.p_filesz.get(LE) > size {
            let text = format!("segment {index} (LOAD) has more bytes in the file than in memory");
            return Err(ElfError::Damaged(text));
        }
        let (Some(next), true) = (start.checked_add(size), start >= end) else {
            let text = format!("segment {index} (LOAD) overlaps the one before it");
            return Err(ElfError::Damaged(text));
        };
        end = next;
    }
    if end == 0 {
        return Err(ElfError::Damaged("no segment to load".into()));
    }
    Ok(())
}

fn content<'data>(
    bytes: &'data [u8],
    what: impl FnOnce() -> String,
    section: &Section,
) -> Result<&'data [u8], ElfError> {
    match section.sh_type.get(LE) {
        elf::SHT_NULL | elf::SHT_NOBITS => Ok(&[]),
        _ => extent(bytes, what, section.sh_offset.get(LE), section.sh_size.get(LE)),
    }
}

pub(super) fn extent(
    bytes: &[u8],
    what: impl FnOnce() -> String,
    start: u64,
    length: u64,
) -> Result<&[u8], ElfError> {
    let end = start.saturating_add(length);
    let range =
        usize::try_from(start).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
    // An extent of nothing may lie anywhere.
    let missing = if length == 0 { Some(&[][..]) } else { None };
    missing.or_else(|| bytes.get(range)).ok_or_else(|| ElfError::Truncated {
        what: what(),
        end,
        size: bytes.len() as u64,
    })
}

/// `count` entries at `start`, all within the file.
fn table<'data, T: pod::Pod>(
    bytes: &'data [u8],
    what: &'static str,
    start: u64,
    count: usize,
) -> Result<&'data [T], ElfError> {
    let length = (count as u64).saturating_mul(size_of::<T>() as u64);
    let part = extent(bytes, || what.into(), start, length)?;
    entries(part).ok_or_else(|| ElfError::Damaged(format!("{what} cannot be read")))
}

fn first_bytes(bytes: &[u8]) -> String {
    let list: Vec<_> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    if list.is_empty() { "nothing".into() } else { list.join(" ") }
}

fn segment_name(kind: elf::ProgramType) -> String {
    match kind {
        elf::PT_LOAD => "LOAD".into(),
        elf::PT_DYNAMIC => "DYNAMIC".into(),
        elf::PT_INTERP => "INTERP".into(),
        elf::PT_NOTE => "NOTE".into(),
        elf::PT_TLS => "TLS".into(),
        elf::PT_GNU_EH_FRAME => "GNU_EH_FRAME".into(),
        elf::PT_GNU_RELRO => "GNU_RELRO".into(),
        other => format!("type {other:#x}"),
    }
}
