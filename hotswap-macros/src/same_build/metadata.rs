//! What compiled crates say of those that they depend on: cargo puts a hash of the unit behind each
//! crate's name, the compiler calls the file so, and notes it in what depends on it.

use std::{
    collections::BTreeSet,
    env, fs,
    io::BufRead,
    path::{Path, PathBuf},
};

/// Cargo's hash in the name of a compiled file: `libutil-dbe8f10e3f5b4e8d.rmeta`.
pub(super) fn hash_in(file: &Path) -> Option<&str> {
    let (_, hash) = file.file_stem()?.to_str()?.rsplit_once('-')?;
    is_hash(hash).then_some(hash)
}

const HASH: usize = 16;

pub(super) fn is_hash(text: impl AsRef<[u8]>) -> bool {
    let text = text.as_ref();
    text.len() == HASH && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The hashes of all crates that a compiled one depends on, directly or not; of those that cargo
/// gives no hash (modules) the names.
pub(super) fn named(file: &Path) -> Result<Vec<String>, String> {
    // The metadata of an `.rlib` lies beside it, and is shorter.
    let beside = file.with_extension("rmeta");
    let file = if beside.exists() { &beside } else { file };
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut found = scan(&bytes);
    // The standard library's crates have such names, too, and every crate depends on them.
    if found.is_empty() {
        return Err(format!("{} does not name its dependencies as expected", file.display()));
    }
    found.extend(scan_unhashed(&bytes));
    Ok(found)
}

/// The texts `-<hash>` in a crate's metadata: each has its length in front, and a mark at its end.
fn scan(metadata: &[u8]) -> Vec<String> {
    const LENGTH: u8 = 1 + HASH as u8;
    const END: u8 = 0xc1;
    let (mut rest, mut found) = (metadata, Vec::new());
    // `skip_until` is compiled into std, and fast also where this crate is not optimised.
    while rest.skip_until(LENGTH).is_ok_and(|skipped| skipped > 0) {
        if let Some([b'-', hash @ .., END]) = rest.get(..HASH + 2)
            && is_hash(hash)
        {
            found.push(String::from_utf8_lossy(hash).into_owned());
        }
    }
    found
}

/// The names of crates whose files have no hash, in a crate's metadata: a name with its length in
/// front and a mark at its end, 16 bytes, no other hash, a number up to 2, and a text that is empty.
fn scan_unhashed(metadata: &[u8]) -> Vec<String> {
    const END: u8 = 0xc1;
    let (mut at, mut found) = (0, Vec::new());
    while let Ok(skipped @ 1..) = (&metadata[at..]).skip_until(END) {
        at += skipped;
        let end = at - 1;
        if let Some([0, 0..=2, 0, END]) = metadata.get(at + 16..at + 20)
            && let Some(start) = metadata[..end].iter().rposition(|byte| !is_of_name(*byte))
            && usize::from(metadata[start]) == end - start - 1
            && metadata.get(start + 1).is_some_and(|byte| !byte.is_ascii_digit())
        {
            found.push(String::from_utf8_lossy(&metadata[start + 1..end]).into_owned());
        }
    }
    found
}

fn is_of_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// The hashes of the standard library's crates.
pub(super) fn toolchain() -> Result<BTreeSet<String>, String> {
    let missing = || "the compiler's own libraries are not where they should be".to_owned();
    // `bin/rustc`, `lib/rustlib/<target>/lib`.
    let compiler = env::current_exe().map_err(|_| missing())?;
    let root = compiler.ancestors().nth(2).ok_or_else(missing)?;
    let targets = fs::read_dir(root.join("lib/rustlib")).map_err(|_| missing())?;
    let mut found = BTreeSet::new();
    for target in targets.filter_map(Result::ok) {
        let Ok(files) = fs::read_dir(target.path().join("lib")) else { continue };
        let files: Vec<PathBuf> = files.filter_map(Result::ok).map(|file| file.path()).collect();
        found.extend(files.iter().filter_map(|file| hash_in(file)).map(str::to_owned));
    }
    if found.is_empty() { Err(missing()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_compiled_file_has_its_hash() {
        let hash = |file: &str| hash_in(Path::new(file)).map(str::to_owned);
        assert_eq!(hash("/t/libutil-dbe8f10e3f5b4e8d.rmeta").as_deref(), Some("dbe8f10e3f5b4e8d"));
        assert_eq!(hash("/t/libutil.rmeta"), None);
        assert_eq!(hash("/t/libutil-DBE8f10e3f5b4e8d.rmeta"), None);
    }

    #[test]
    fn dependencies_are_found_in_metadata_and_nothing_else_is() {
        let bytes = b"rust\0\0\0\n\x11\x11-dbe8f10e3f5b4e8d\xc1 -0123456789abcdef \x11-0123";
        assert_eq!(scan(bytes), ["dbe8f10e3f5b4e8d"]);
        assert_eq!(scan(&bytes[..20]), [""; 0]);
    }

    #[test]
    fn dependencies_without_a_hash_are_found_by_their_names() {
        let bytes = b"rust\0\0\0\n\0\x05scene\xc10123456789abcdef\0\x02\0\xc1\0";
        assert_eq!(scan_unhashed(bytes), ["scene"]);
        assert_eq!(scan_unhashed(&bytes[..bytes.len() - 2]), [""; 0]);
        let number = b"\0\x03160\xc10123456789abcdef\0\x02\0\xc1\0";
        assert_eq!(scan_unhashed(number), [""; 0]);
        let hashed = b"\0\x05scene\xc10123456789abcdef\0\x02\x11-dbe8f10e3f5b4e8d\xc1\0";
        assert_eq!(scan_unhashed(hashed), [""; 0]);
    }
}
