//! For which machines a file is, and what kind of file.

use object::LittleEndian as LE;
use object::elf::{self, FileHeader64, Ident};

use super::error::ElfError;
use super::raw::{Section, Segment};

const LIBRARY: &str = "a shared library (ET_DYN)";

/// What only the dynamic section tells: the system's loader would refuse it, later.
pub(super) fn program() -> ElfError {
    ElfError::Foreign {
        what: "file type",
        expected: LIBRARY.into(),
        found: "a program (DF_1_PIE)".into(),
    }
}

/// Expects a shared library for this machine.
pub(super) fn check(header: &FileHeader64<LE>) -> Result<(), ElfError> {
    // Destructured, so that a field more or less has to be thought of here.
    let Ident { magic: _, class, data, version, os_abi, abi_version: _, padding: _ } =
        header.e_ident;
    let (machine, machine_name) = HOST;
    let (kind, found) = (header.e_type.get(LE), header.e_machine.get(LE));
    let table = [
        ("class", class == elf::ELFCLASS64, "64-bit", class_name(class)),
        ("byte order", data == elf::ELFDATA2LSB, "little-endian", order_name(data)),
        ("ELF version", version == elf::EV_CURRENT, "1", version.0.to_string()),
        ("file type", kind == elf::ET_DYN, LIBRARY, file_type(kind)),
        ("machine", found == machine, machine_name, machine_text(found)),
        // System V and GNU/Linux are one to the loader; others are for other systems.
        (
            "system",
            matches!(os_abi, elf::ELFOSABI_NONE | elf::ELFOSABI_GNU) || !cfg!(target_os = "linux"),
            "System V or GNU/Linux",
            format!("number {}", os_abi.0),
        ),
    ];
    for (what, fits, expected, found) in table {
        if !fits {
            return Err(ElfError::Foreign { what, expected: expected.into(), found });
        }
    }
    let entry = |what, found: u16, expected: usize| {
        let text = || format!("{what} entries of {found} bytes instead of {expected}");
        let fits = usize::from(found) == expected;
        if fits { Ok(()) } else { Err(ElfError::Damaged(text())) }
    };
    entry("program header", header.e_phentsize.get(LE), size_of::<Segment>())?;
    if header.e_shnum.get(LE) > 0 {
        entry("section header", header.e_shentsize.get(LE), size_of::<Section>())?;
    }
    Ok(())
}

fn class_name(class: elf::FileClass) -> String {
    if class == elf::ELFCLASS32 { "32-bit".into() } else { format!("number {}", class.0) }
}

fn order_name(order: elf::DataEncoding) -> String {
    if order == elf::ELFDATA2MSB { "big-endian".into() } else { format!("number {}", order.0) }
}

fn file_type(kind: elf::FileType) -> String {
    match kind {
        elf::ET_REL => "an object file (ET_REL)".into(),
        elf::ET_EXEC => "a program (ET_EXEC)".into(),
        elf::ET_CORE => "a core dump (ET_CORE)".into(),
        other => format!("type {other:#x}"),
    }
}

/// Machines by number and by the name that Rust uses in its targets.
const MACHINES: [(elf::Machine, &str); 8] = [
    (elf::EM_X86_64, "x86_64"),
    (elf::EM_AARCH64, "aarch64"),
    (elf::EM_RISCV, "riscv64"),
    (elf::EM_PPC64, "powerpc64"),
    (elf::EM_LOONGARCH, "loongarch64"),
    (elf::EM_386, "x86"),
    (elf::EM_ARM, "arm"),
    (elf::EM_S390, "s390x"),
];

const HOST: (elf::Machine, &str) = (
    if cfg!(target_arch = "x86_64") {
        elf::EM_X86_64
    } else if cfg!(target_arch = "aarch64") {
        elf::EM_AARCH64
    } else if cfg!(target_arch = "riscv64") {
        elf::EM_RISCV
    } else if cfg!(target_arch = "powerpc64") {
        elf::EM_PPC64
    } else if cfg!(target_arch = "loongarch64") {
        elf::EM_LOONGARCH
    } else {
        elf::EM_NONE
    },
    std::env::consts::ARCH,
);

fn machine_text(machine: elf::Machine) -> String {
    match MACHINES.iter().find(|(number, _)| *number == machine) {
        Some((_, name)) => (*name).into(),
        None => format!("number {}", machine.0),
    }
}
