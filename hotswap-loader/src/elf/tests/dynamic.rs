//! What the dynamic section points to, pointed elsewhere.

use object::elf;

use super::{REAL, build};
use crate::elf::examine;

/// Where the value of a tag of the dynamic section lies in the file.
fn value_of(bytes: &[u8], tag: u64) -> Option<usize> {
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let count = usize::from(u16::from_le_bytes(bytes[56..58].try_into().unwrap()));
    let segments = usize::try_from(number(32)).unwrap();
    let dynamic = (0..count).map(|index| segments + index * 56).find(|at| bytes[*at] == 2).unwrap();
    let (start, size) = (number(dynamic + 8) as usize, number(dynamic + 32) as usize);
    (start..start + size).step_by(16).find(|at| number(*at) == tag).map(|at| at + 8)
}

#[test]
fn tables_that_lie_nowhere_are_found() {
    let tags = [
        (elf::DT_SYMTAB, "the dynamic symbol table"),
        (elf::DT_STRTAB, "the dynamic string table"),
        (elf::DT_GNU_HASH, "(DT_GNU_HASH)"),
        (elf::DT_RELA, "(DT_RELA)"),
        (elf::DT_RELASZ, "(DT_RELA)"),
        (elf::DT_JMPREL, "(DT_JMPREL)"),
        (elf::DT_PLTRELSZ, "(DT_JMPREL)"),
        (elf::DT_INIT_ARRAY, "(DT_INIT_ARRAY)"),
        (elf::DT_INIT_ARRAYSZ, "(DT_INIT_ARRAY)"),
        (elf::DT_FINI_ARRAY, "(DT_FINI_ARRAY)"),
        (elf::DT_VERSYM, "(DT_VERSYM)"),
        (elf::DT_VERNEED, "(DT_VERNEED)"),
        (elf::DT_INIT, "(DT_INIT)"),
        (elf::DT_FINI, "(DT_FINI)"),
        (elf::DT_SYMENT, "DT_SYMENT says"),
        (elf::DT_RELAENT, "DT_RELAENT says"),
    ];
    let mut found = 0;
    for (tag, what) in tags {
        let Some(at) = value_of(&REAL, tag.0.cast_unsigned()) else { continue };
        let mut copy = REAL.clone();
        copy[at..at + 8].copy_from_slice(&0x7fff_ffff_0000_u64.to_le_bytes());
        let error = examine(&copy).expect_err(what).to_string();
        assert!(error.starts_with("damaged: ") && error.contains(what), "{error}");
        found += 1;
    }
    assert!(found >= 12, "{found}");
}

/// The loader reads it where its segment is mapped, whatever offset the segment names.
#[test]
fn a_dynamic_section_in_another_place_than_it_is_said_to_be_is_found() {
    let mut copy = REAL.clone();
    let segments = usize::try_from(u64::from_le_bytes(REAL[32..40].try_into().unwrap())).unwrap();
    let dynamic = (0..32).map(|index| segments + index * 56).find(|at| REAL[*at] == 2).unwrap();
    let address = u64::from_le_bytes(REAL[dynamic + 16..dynamic + 24].try_into().unwrap());
    copy[dynamic + 16..dynamic + 24].copy_from_slice(&(address - 16).to_le_bytes());
    let error = examine(&copy).unwrap_err().to_string();
    assert!(error.contains("mapped from another place"), "{error}");
}

#[test]
fn a_name_that_a_terminal_would_obey_is_refused() {
    let source = "#[unsafe(no_mangle)] pub extern \"C\" fn one() -> u64 { 1 }";
    let name = "-Clink-args=-Wl,-soname,arcade-clear.so";
    let mut bytes = build("escape", source, &[name]);
    let place = bytes.windows(15).position(|w| w == b"arcade-clear.so").unwrap();
    bytes[place + 6] = 0x1b;
    let error = examine(&bytes).unwrap_err().to_string();
    assert!(error.contains("the library's own name") && error.ends_with("is no text"), "{error}");
}
