//! Libraries that an artifact needs and this process has loaded already.
//!
//! The system's loader knows a library by its name. One that is loaded is taken again, whatever its
//! file holds by now: a new module would run with old code, and may rely on what that does not have.
//! So before a module is loaded, the files of what it needs are compared with what they held when they
//! were first loaded. Libraries of the system are left out: a new one of the same name is made to take
//! the place of the old one.
//!
//! Where `/proc` is not to be had nothing is found here.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use blake3::Hash;
use hotswap_types::Fingerprint;
use parking_lot::Mutex;

use crate::elf::{self, ElfFacts};

/// A library that is loaded, and whose file has changed since.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "hotswap-core takes it apart")]
pub struct Outdated {
    /// Its name, as the artifact needs it.
    pub name: String,
    /// The file that a new process would load.
    pub file: PathBuf,
}

/// What the file of a library held when it was loaded.
struct Loaded {
    fingerprint: Fingerprint,
    hash: Hash,
}

/// By the names that modules need them by. Libraries are the process's, not a host's.
static LOADED: Mutex<BTreeMap<String, Loaded>> = Mutex::new(BTreeMap::new());

/// More than any module needs.
const MOST: usize = 1024;

/// The first library that this artifact needs, itself or through others, and that is loaded as it was
/// before its file has changed.
pub fn outdated(facts: &ElfFacts) -> Option<Outdated> {
    let maps = maps();
    let mut loaded = LOADED.lock();
    walk(facts, &maps, |name, mapped, file| {
        let now = Fingerprint::of(&fs::metadata(file).ok()?);
        let (same_file, same_bytes) = match loaded.get(name) {
            Some(before) => (before.fingerprint == now, before.hash),
            None if mapped.replaced => return Some(outdated_at(name, file)),
            None => {
                let hash = hash(&mapped.file)?;
                let fingerprint = Fingerprint::of(&fs::metadata(&mapped.file).ok()?);
                loaded.insert(name.to_owned(), Loaded { fingerprint, hash });
                (fingerprint == now, hash)
            }
        };
        (!same_file && hash(file) != Some(same_bytes)).then(|| outdated_at(name, file))
    })
}

/// An artifact was loaded, and what it needs with it.
pub(crate) fn note(facts: &ElfFacts) {
    let maps = maps();
    let mut loaded = LOADED.lock();
    // What is not loaded any more can be loaded anew.
    loaded.retain(|name, _| mapped(&maps, name).is_some());
    walk(facts, &maps, |name, mapped, _| {
        if !mapped.replaced && !loaded.contains_key(name) {
            let fingerprint = Fingerprint::of(&fs::metadata(&mapped.file).ok()?);
            let hash = hash(&mapped.file)?;
            loaded.insert(name.to_owned(), Loaded { fingerprint, hash });
        }
        None::<()>
    });
}

fn maps() -> String {
    let maps = fs::read("/proc/self/maps").unwrap_or_default();
    String::from_utf8_lossy(&maps).into_owned()
}

fn outdated_at(name: &str, file: &Path) -> Outdated {
    Outdated { name: name.to_owned(), file: file.to_path_buf() }
}

fn hash(file: &Path) -> Option<Hash> {
    Some(blake3::hash(&fs::read(file).ok()?))
}

/// Goes through all that is needed and loaded, with the file that a new process would load. Ends
/// when something was found.
fn walk<T>(
    facts: &ElfFacts,
    maps: &str,
    mut look: impl FnMut(&str, &Mapped, &Path) -> Option<T>,
) -> Option<T> {
    let mut open: Vec<(String, Vec<String>)> =
        facts.needed.iter().map(|name| (name.clone(), facts.run_paths.clone())).collect();
    let mut next = 0;
    while let Some((name, run_paths)) = open.get(next).cloned() {
        next += 1;
        let Some(mapped) = mapped(maps, &name).filter(|it| !is_of_the_system(&it.file)) else {
            continue;
        };
        let searched = find(&name, &run_paths).or_else(|| beside(&mapped.file, &name));
        let file = searched.unwrap_or_else(|| mapped.file.clone());
        if let Some(found) = look(&name, &mapped, &file) {
            return Some(found);
        }
        let facts = fs::read(&file).ok().and_then(|bytes| elf::examine(&bytes).ok());
        let ElfFacts { needed, run_paths, .. } = facts.unwrap_or_default();
        for name in needed {
            if open.len() < MOST && !open.iter().any(|(known, _)| *known == name) {
                open.push((name, run_paths.clone()));
            }
        }
    }
    None
}

/// Where the system's loader would look first.
fn find(name: &str, run_paths: &[String]) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    let list = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let run_paths = run_paths.iter().flat_map(|path| path.split(':')).map(PathBuf::from);
    let folders = env::split_paths(&list).chain(run_paths).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A link of that name may lead to another file by now.
fn beside(file: &Path, name: &str) -> Option<PathBuf> {
    let link = file.parent()?.join(name);
    link.is_file().then_some(link)
}

fn is_of_the_system(file: &Path) -> bool {
    ["/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64"]
        .iter()
        .any(|folder| file.starts_with(folder))
}

/// A library in the memory of this process.
#[derive(Debug, PartialEq, Eq)]
struct Mapped {
    /// Where it was when it was loaded, with all links resolved.
    file: PathBuf,
    /// Something else is there now, or nothing.
    replaced: bool,
}

/// A library that was loaded by this name, out of the table of mappings.
fn mapped(maps: &str, name: &str) -> Option<Mapped> {
    let name = Path::new(name).file_name()?.to_str()?;
    maps.lines().find_map(|line| {
        // Five fields, and the path after blanks.
        let path = &line[line.find(" /")? + 1..];
        let (path, replaced) = match path.strip_suffix(" (deleted)") {
            Some(path) => (path, true),
            None => (path, false),
        };
        let rest = path.rsplit('/').next()?.strip_prefix(name)?;
        // `libfoo.so.1` is a link to `libfoo.so.1.2` most of the time.
        let is_it = rest.is_empty() || rest.starts_with('.');
        is_it.then(|| Mapped { file: path.into(), replaced })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
55d0a000-55d0b000 r--p 00000000 fe:01 1311 /usr/bin/host
7f1200000000-7f1200001000 r--p 00000000 fe:01 77 /w/my target/libfoo.so.1.2
7f1200001000-7f1200002000 rw-p 00000000 00:00 0
7f1200003000-7f1200004000 r-xp 00000000 fe:01 78                /w/deps/libbar.so (deleted)
7f1200005000-7f1200006000 r-xp 00000000 fe:01 79                /usr/lib/libc.so.6
7ffd00000000-7ffd00001000 rw-p 00000000 00:00 0                 [stack]
";

    #[test]
    fn what_is_loaded_is_found_by_its_name() {
        let found = |name| mapped(MAPS, name);
        let at = |file: &str, replaced| Some(Mapped { file: file.into(), replaced });
        assert_eq!(found("libfoo.so.1"), at("/w/my target/libfoo.so.1.2", false));
        assert_eq!(found("libfoo.so.1.2"), at("/w/my target/libfoo.so.1.2", false));
        assert_eq!(found("libbar.so"), at("/w/deps/libbar.so", true));
        assert_eq!(found("/elsewhere/libbar.so"), at("/w/deps/libbar.so", true));
        for name in ["libfoo.so.1.", "libfo", "libba.so", "bar.so", "[stack]", ""] {
            assert_eq!(found(name), None, "{name}");
        }
        assert!(is_of_the_system(&found("libc.so.6").unwrap().file));
        assert!(!is_of_the_system(Path::new("/usr/library/libx.so")));
    }

    #[test]
    fn of_this_process_nothing_is_outdated() {
        let needed = vec!["libc.so.6".to_owned(), "libnot-there.so".to_owned()];
        assert_eq!(outdated(&ElfFacts { needed, ..ElfFacts::default() }), None);
    }
}
