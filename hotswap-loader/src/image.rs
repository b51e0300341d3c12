//! An artifact of whichever format: told apart by its first bytes.
//!
//! ELF is judged in full ([`elf`]). Of Mach-O and PE only what `object` checks
//! while it reads the tables and finds the manifest is known; nothing of this was run on macOS
//! or Windows.

use std::ops::Range;

use object::{Object as _, ObjectSection as _, ObjectSegment as _};
use thiserror::Error;

use crate::elf::{self, ElfError, ElfFacts};

/// What an artifact is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "hotswap-core answers each of them")]
pub enum Image {
    /// An ELF shared library.
    Elf(ElfFacts),
    /// A library of another format.
    Other {
        /// Its name: `Mach-O` or `PE`.
        format: &'static str,
        /// Where the bytes of its manifest are, if it has one.
        manifest: Option<Range<usize>>,
    },
}

/// Why an artifact cannot be a module of this host.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImageError {
    /// It is not a sound ELF file.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// It is for another system.
    #[error("expected a library for {}, found {found}", std::env::consts::OS)]
    Foreign {
        /// Its format.
        found: &'static str,
    },
    /// It is not a sound file of its own format.
    #[error("damaged {format} file: {detail}")]
    Damaged {
        /// Its format.
        format: &'static str,
        /// What is wrong.
        detail: String,
    },
}

impl Image {
    /// Where the bytes of its manifest are, if it has one.
    pub fn manifest(&self) -> Option<Range<usize>> {
        match self {
            Self::Elf(facts) => facts.manifest.clone(),
            Self::Other { manifest, .. } => manifest.clone(),
        }
    }
}

/// Judges the bytes of an artifact for this host's system.
///
/// # Errors
/// When they are damaged, or made for another system. What starts like nothing known is judged
/// as the host's own format, so that the error says what was expected.
pub fn examine(bytes: &[u8]) -> Result<Image, ImageError> {
    let own = if cfg!(windows) {
        Some("PE")
    } else if cfg!(target_vendor = "apple") {
        Some("Mach-O")
    } else {
        None
    };
    let found = match bytes {
        [b'M', b'Z', ..] => Some("PE"),
        [0xcf, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => Some("Mach-O"),
        [0x7f, b'E', b'L', b'F', ..] => None,
        _ => own,
    };
    match found {
        _ if found != own => Err(ImageError::Foreign { found: found.unwrap_or("ELF") }),
        None => Ok(Image::Elf(elf::examine(bytes)?)),
        Some(format) => {
            let manifest = find(bytes).map_err(|detail| ImageError::Damaged { format, detail })?;
            Ok(Image::Other { format, manifest })
        }
    }
}

/// Finds the manifest in a Mach-O or PE file whose segments all lie within it.
fn find(bytes: &[u8]) -> Result<Option<Range<usize>>, String> {
    let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
    let place = |start: u64, length: u64, what: &str| {
        let end = start.saturating_add(length);
        let range = usize::try_from(start).ok()..usize::try_from(end).ok();
        match (range.start, range.end) {
            (Some(start), Some(end)) if end <= bytes.len() => Ok(start..end),
            _ => Err(format!("{what} ends at byte {end}, the file at byte {}", bytes.len())),
        }
    };
    for segment in file.segments() {
        let (start, length) = segment.file_range();
        place(start, length, "a segment")?;
    }
    let mut found = None;
    for section in file.sections() {
        // Mach-O names it without a dot, in the segment `__DATA`.
        if !matches!(section.name_bytes(), Ok(b".hotswap" | b"__hotswap")) {
            continue;
        }
        let Some((start, length)) = section.file_range() else {
            continue;
        };
        if found.replace(place(start, length, "the manifest")?).is_some() {
            return Err("it has two manifests".into());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart() {
        let of = |bytes: &[u8]| examine(bytes).unwrap_err();
        if cfg!(target_os = "linux") {
            assert_eq!(of(b"MZ"), ImageError::Foreign { found: "PE" });
            let text = of(&[0xcf, 0xfa, 0xed, 0xfe]).to_string();
            assert_eq!(text, "expected a library for linux, found Mach-O");
            assert!(matches!(of(b"\x7fELF"), ImageError::Elf(ElfError::Truncated { .. })));
            assert!(matches!(of(b"plain"), ImageError::Elf(ElfError::NotElf { .. })));
        }
    }

    #[test]
    fn a_foreign_manifest_is_found_within_bounds() {
        // The smallest PE that has one section: headers and eight bytes.
        let mut pe = vec![0; 0x200 + 8];
        pe[..2].copy_from_slice(b"MZ");
        pe[0x3c] = 0x40;
        pe[0x40..0x44].copy_from_slice(b"PE\0\0");
        pe[0x44..0x48].copy_from_slice(&[0x64, 0x86, 1, 0]);
        pe[0x54..0x56].copy_from_slice(&0xf0_u16.to_le_bytes());
        pe[0x58..0x5a].copy_from_slice(&0x20b_u16.to_le_bytes());
        pe[0x58 + 108] = 16;
        let section = 0x58 + 0xf0;
        pe[section..section + 8].copy_from_slice(b".hotswap");
        pe[section + 8] = 8;
        pe[section + 16] = 8;
        pe[section + 20..section + 24].copy_from_slice(&0x200_u32.to_le_bytes());
        assert_eq!(find(&pe), Ok(Some(0x200..0x208)));
        let error = find(&pe[..0x204]).unwrap_err();
        assert!(error.ends_with("ends at byte 520, the file at byte 516"), "{error}");
        for length in 0..0x200 {
            assert!(find(&pe[..length]).is_err());
        }
    }
}
