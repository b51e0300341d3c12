mod damage;
mod dynamic;

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use super::{ElfError, examine};

/// A real library, built once: a cdylib with a manifest section.
static REAL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    build(
        "tiny",
        "#[used] #[unsafe(link_section = \".hotswap\")] static M: [u8; 7] = *b\"arcade!\";
         static TABLE: [u64; 600] = [7; 600];
         #[unsafe(no_mangle)] pub extern \"C\" fn pick(n: usize) -> u64 { TABLE[n % 600] }
         #[unsafe(no_mangle)] pub extern \"C\" fn text(n: u8) -> usize { format!(\"{n}\").len() }",
        &[],
    )
});

fn build(name: &str, source: &str, flags: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("tiny.rs"), folder.path().join(format!("lib{name}.so")));
    std::fs::write(&from, source).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=cdylib", "-Cpanic=unwind", "-Cdebuginfo=0"])
        .args(flags)
        .args([Path::new("-o"), &to, &from])
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::read(to).unwrap()
}

#[test]
fn a_real_library_is_described() {
    let facts = examine(&REAL).unwrap();
    let manifest = facts.manifest.clone().unwrap();
    assert_eq!(&REAL[manifest], b"arcade!");
    assert!(facts.needed.iter().any(|name| name.starts_with("libc.so")), "{facts:?}");
    assert_eq!((facts.unique_symbols, facts.no_delete, facts.text_relocations), (0, false, false));
    assert_eq!(facts.pinned_by(), None);
}

/// Its file type is that of a library, and a host may have modules linked in.
#[test]
fn a_program_is_no_library() {
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let error = examine(&program).unwrap_err().to_string();
    assert_eq!(error, "expected file type a shared library (ET_DYN), found a program (DF_1_PIE)");
}

#[test]
fn what_the_linker_was_told_is_found() {
    let source = "#[unsafe(no_mangle)] pub extern \"C\" fn one() -> u64 { 1 }";
    let args = "-Clink-args=-Wl,-z,nodelete,-soname,arcade.so.1,-rpath,$ORIGIN/lib";
    let facts = examine(&build("flags", source, &[args, "-Cstrip=symbols", "-Clto=fat"])).unwrap();
    assert_eq!(facts.soname.as_deref(), Some("arcade.so.1"));
    assert_eq!(facts.run_paths, ["$ORIGIN/lib"]);
    assert!(facts.astray().is_some_and(|it| it.to_string().contains("$ORIGIN/lib")));
    assert_eq!(facts.manifest, None);
    assert!(facts.no_delete && facts.pinned_by().unwrap().contains("nodelete"));
}

/// A library of the system's linker, which knows more entries than the one that rustc brings.
fn linked(source: &str, flags: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("odd.s"), folder.path().join("libodd.so"));
    std::fs::write(&from, source).unwrap();
    let mut linker = Command::new("cc");
    linker.args(["-shared", "-nostdlib"]).args(flags).args([Path::new("-o"), &to, &from]);
    assert!(linker.status().unwrap().success());
    std::fs::read(to).unwrap()
}

/// Each entry that makes the loader open or search something, as linkers write it.
#[test]
fn whatever_leads_the_loader_elsewhere_is_found() {
    let odd = ".data\n.globl odd\nodd: .quad 1\n";
    for flags in [
        "-Wl,-rpath,$ORIGIN/..",
        "-Wl,--disable-new-dtags,-rpath,$ORIGIN/..",
        "-Wl,-rpath,/opt/lib:${ORIGIN}",
        "-Wl,-rpath,deps",
        "-Wl,--auxiliary,$ORIGIN/../libother.so",
        "-Wl,--filter,$ORIGIN/libother.so",
        "-Wl,--audit,$ORIGIN/libother.so",
        "-Wl,--depaudit,deps/libother.so",
    ] {
        let facts = examine(&linked(odd, &[flags])).unwrap();
        assert!(facts.astray().is_some(), "{flags}: {facts:?}");
    }
    assert_eq!(examine(&linked(odd, &["-Wl,-rpath,/opt/lib"])).unwrap().astray(), None);
    let source = "#[unsafe(no_mangle)] pub extern \"C\" fn one() -> usize { format!(\"1\").len() }";
    let facts = examine(&build("rpath", source, &["-Cprefer-dynamic", "-Crpath"])).unwrap();
    assert!(facts.astray().is_some_and(|it| it.to_string().contains("$ORIGIN")), "{facts:?}");
}

#[test]
fn unique_symbols_are_counted() {
    let odd = ".data\n.globl odd\n.type odd, %gnu_unique_object\n.size odd, 8\nodd: .quad 1\n";
    let facts = examine(&linked(odd, &[])).unwrap();
    assert_eq!(facts.unique_symbols, 1);
    assert!(facts.pinned_by().unwrap().contains("STB_GNU_UNIQUE"));
}

#[test]
fn a_shared_standard_library_is_seen() {
    let source = "#[unsafe(no_mangle)] pub extern \"C\" fn one() -> usize { format!(\"1\").len() }";
    let facts = examine(&build("shared", source, &["-Cprefer-dynamic"])).unwrap();
    assert!(facts.dynamic_std().is_some(), "{facts:?}");
}

#[test]
fn other_files_are_named() {
    let of = |bytes: &[u8]| examine(bytes).unwrap_err().to_string();
    assert!(of(b"").contains("found nothing"));
    assert!(of(b"not a library").contains("found 6e 6f 74 20"));
    assert!(of(&[0; 4096]).contains("found 00 00 00 00"));
    let with = |at: usize, bytes: &[u8]| {
        let mut copy = REAL.clone();
        copy[at..at + bytes.len()].copy_from_slice(bytes);
        of(&copy)
    };
    assert_eq!(with(4, &[1]), "expected class 64-bit, found 32-bit");
    assert_eq!(with(5, &[2]), "expected byte order little-endian, found big-endian");
    assert!(with(16, &[2, 0]).contains("found a program (ET_EXEC)"));
    let machine = if cfg!(target_arch = "x86_64") { (183_u8, "aarch64") } else { (62, "x86_64") };
    let text = with(18, &[machine.0, 0]);
    let (host, other) = (std::env::consts::ARCH, machine.1);
    assert_eq!(text, format!("expected machine {host}, found {other}"));
}

/// What is on this machine was all built by somebody, and works.
#[test]
fn no_sound_library_is_refused() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = Command::new(rustc).args(["--print", "sysroot"]).output().unwrap().stdout;
    let sysroot = String::from_utf8(sysroot).unwrap();
    let places = [format!("{}/lib", sysroot.trim()), "/usr/lib/x86_64-linux-gnu".into()];
    let mut sound = 0;
    for entry in places.iter().flat_map(std::fs::read_dir).flatten().flatten() {
        let Ok(bytes) = std::fs::read(entry.path()) else {
            continue;
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        if bytes.starts_with(b"\x7fELF") && bytes.get(16..18) == Some(&[3, 0]) {
            let result = examine(&bytes);
            assert!(result.is_ok(), "{name}: {result:?}");
            sound += 1;
        }
    }
    assert!(sound > 0);
}

#[test]
fn two_manifests_are_refused() {
    // Renames another section of nine letters' room to the manifest's name, in the names' table.
    let place = REAL
        .windows(10)
        .position(|w| w == b".hotswap\0\0")
        .or_else(|| REAL.windows(9).position(|w| w == b".hotswap\0"));
    let name = place.expect("the names are in the file");
    let offset = u64::from_le_bytes(REAL[40..48].try_into().unwrap()) as usize;
    let count = usize::from(u16::from_le_bytes(REAL[60..62].try_into().unwrap()));
    let header = |index: usize| offset + index * 64;
    let names = usize::from(u16::from_le_bytes(REAL[62..64].try_into().unwrap()));
    let base = u64::from_le_bytes(REAL[header(names) + 24..][..8].try_into().unwrap()) as usize;
    let of_name = u32::try_from(name - base).unwrap().to_le_bytes();
    let mut copy = REAL.clone();
    for index in (1..count).filter(|index| *index != names) {
        let kind = u32::from_le_bytes(copy[header(index) + 4..][..4].try_into().unwrap());
        if kind == 1 {
            copy[header(index)..][..4].copy_from_slice(&of_name);
        }
    }
    let error = examine(&copy).unwrap_err();
    assert_eq!(error, ElfError::Damaged("two sections are called .hotswap".into()));
}

#[test]
fn misaligned_input_is_read_as_well() {
    let mut shifted = vec![0];
    shifted.extend_from_slice(&REAL);
    assert_eq!(examine(&shifted[1..]), examine(&REAL));
}
