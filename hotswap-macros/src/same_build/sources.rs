//! Sources, as a hash of names and contents.

use std::{
    fs,
    hash::{DefaultHasher, Hasher},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::unit::Unit;

/// The sources of a crate.
#[derive(Debug)]
pub(super) struct Sources {
    /// 128 bits. Both sides must have one compiler, and with it one `DefaultHasher`.
    pub(super) hash: String,
    /// Each file and variable with the beginning of its own hash; empty where they are too many.
    pub(super) list: String,
    /// The file that was changed last, and when.
    pub(super) newest: Option<(SystemTime, String)>,
    /// The files.
    pub(super) files: Vec<PathBuf>,
}

/// Variables whose values are places: another on each machine, and in each target folder.
const PLACES: [&str; 5] =
    ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_TARGET_TMPDIR", "OUT_DIR"];

impl Sources {
    /// Of a compiled crate: the files that the compiler has read, and the variables.
    pub(super) fn of_unit(unit: &Unit) -> Result<Self, String> {
        Self::of(unit, |_| true)
    }

    /// Of a crate whose own files its version stands for: those that its build script has made, and
    /// the variables.
    pub(super) fn made(unit: &Unit) -> Result<Self, String> {
        let out_dir = unit.out_dir();
        Self::of(unit, |file| out_dir.is_some_and(|it| file.starts_with(it)))
    }

    fn of(unit: &Unit, takes: impl Fn(&Path) -> bool) -> Result<Self, String> {
        let names = Names::of(&unit.files[0], unit.out_dir());
        let variables = unit.variables.iter().filter_map(|it| {
            let name = it.split('=').next().unwrap_or_default();
            (!PLACES.contains(&name)).then_some((name, it.as_str()))
        });
        let files = unit.files.iter().filter(|it| takes(it));
        Self::read(files.map(|it| (names.of_file(it), it.clone())), variables)
    }

    /// Of the crate that is being compiled: what the compiler reads is not known yet, so these are
    /// all files `.rs` beside and below the crate's root, and those that its build script has made.
    pub(super) fn of_crate(root_file: &Path, out_dir: Option<&Path>) -> Result<Self, String> {
        let root = root_file.parent().unwrap_or(root_file);
        let is_library = root_file.ends_with("lib.rs");
        let mut files = Vec::new();
        for folder in [Some(root), out_dir].into_iter().flatten() {
            find(folder, &mut files)?;
        }
        let other_crate = |path: &Path| {
            let Ok(path) = path.strip_prefix(root) else { return false };
            path.starts_with("bin") || path == Path::new("main.rs")
        };
        files.retain(|path| !is_library || !other_crate(path));
        let names = Names::of(root_file, out_dir);
        Self::read(files.into_iter().map(|it| (names.of_file(&it), it)), [].into_iter())
    }

    fn read<'a>(
        files: impl Iterator<Item = (String, PathBuf)>,
        // With their names and as a whole: one that is not set has no `=`.
        variables: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, String> {
        let mut files: Vec<_> = files.collect();
        files.sort();
        let (mut parts, mut newest) = (Vec::new(), None);
        for (name, path) in &files {
            // The time first: a change after it shows as a newer time, or is in the content.
            let modified = fs::metadata(path).and_then(|it| it.modified());
            let (modified, bytes) =
                modified
                    .and_then(|modified| Ok((modified, fs::read(path)?)))
                    .map_err(|error| format!("the source {}: {error}", path.display()))?;
            parts.push((name.clone(), hash(&[&bytes])));
            newest = newest.max(Some((modified, name.clone())));
        }
        let mut variables: Vec<_> = variables.collect();
        variables.sort_unstable();
        parts.extend(
            variables
                .into_iter()
                .map(|(name, whole)| (format!("variable {name}"), hash(&[whole.as_bytes()]))),
        );
        let all: Vec<&[u8]> =
            parts.iter().flat_map(|(name, hash)| [name.as_bytes(), hash.as_bytes()]).collect();
        // A `|` is what stands between two.
        let list: Vec<_> = parts
            .iter()
            .map(|(name, hash)| format!("{} {}", &hash[..SHORT], name.replace('|', "_")))
            .collect();
        Ok(Self {
            hash: hash(&all),
            list: if list.len() > MOST_LISTED { String::new() } else { list.join("|") },
            newest,
            files: files.into_iter().map(|(_, path)| path).collect(),
        })
    }
}

/// How many files of a crate are listed. The manifest has the list: some 45 bytes for each.
const MOST_LISTED: usize = 1000;

/// How much of a file's hash is noted: enough to tell two versions of one file apart.
pub(super) const SHORT: usize = 8;

/// 128 bits, in hexadecimal digits.
pub(super) fn hash(parts: &[&[u8]]) -> String {
    let mut hashers = [DefaultHasher::new(), DefaultHasher::new()];
    hashers[1].write_u8(1);
    for hasher in &mut hashers {
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
    }
    hashers.map(|hasher| format!("{:016x}", hasher.finish())).concat()
}

/// What the files of a crate are called, wherever the workspace lies.
struct Names<'a> {
    root: &'a Path,
    /// In front of what lies there: the folder's name, where it is the usual one.
    folder: &'static str,
    out_dir: Option<&'a Path>,
}

impl<'a> Names<'a> {
    fn of(root_file: &'a Path, out_dir: Option<&'a Path>) -> Self {
        let root = root_file.parent().unwrap_or(root_file);
        let folder = root.file_name().filter(|it| *it == "src").map_or("", |_| "src/");
        Self { root, folder, out_dir }
    }

    /// Below what the build script has made, below the root, or alone.
    fn of_file(&self, path: &Path) -> String {
        let made =
            self.out_dir.and_then(|out| path.strip_prefix(out).ok()).map(|it| ("OUT_DIR/", it));
        let own = || path.strip_prefix(self.root).ok().map(|it| (self.folder, it));
        let alone = || ("", path.file_name().map_or(path, Path::new));
        let (folder, path) = made.or_else(own).unwrap_or_else(alone);
        folder.to_owned() + &path.to_string_lossy().replace('\\', "/")
    }
}

/// The files `.rs` in a folder and below, without hidden ones.
fn find(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("the folder {}: {error}", folder.display()))?;
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let hidden = path.file_name().is_none_or(|it| it.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            find(&path, found)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("hotswap-macros-{}-{name}", std::process::id()));
        for (file, text) in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn hash(folder: &Path) -> String {
        Sources::of_crate(&folder.join("src/lib.rs"), None).unwrap().hash
    }

    #[test]
    fn the_place_of_a_crate_does_not_matter_and_its_sources_do() {
        let files = [("src/lib.rs", "pub mod a;"), ("src/a/mod.rs", "pub struct A;")];
        let (one, two) = (folder("one", &files), folder("two", &files));
        assert_eq!(hash(&one), hash(&two));
        assert_eq!(hash(&one).len(), 32);
        // Other crates of the package, and what editors leave, are not part of it.
        folder(
            "two",
            &[("src/bin/x.rs", "1"), ("src/main.rs", "1"), ("src/.a.rs", ""), ("src/a.rs~", "")],
        );
        assert_eq!(hash(&one), hash(&two));
        folder("two", &[("src/a/mod.rs", "pub struct A; ")]);
        assert_ne!(hash(&one), hash(&two));
        // The same bytes in files of other names.
        let three = folder("three", &[("src/lib.rs", "pub mod a;"), ("src/a.rs", "pub struct A;")]);
        assert_ne!(hash(&one), hash(&three));
        for folder in [one, two, three] {
            fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn each_file_and_variable_is_listed_with_its_hash() {
        let root =
            folder("listed", &[("src/lib.rs", "1"), ("src/a/b.rs", "1"), ("out/made.rs", "2")]);
        let file = |name: &str| root.join(name);
        let out_dir = format!("OUT_DIR={}", file("out").display());
        let mut unit = Unit::of(
            vec![file("src/lib.rs"), file("src/a/b.rs"), file("out/made.rs")],
            vec!["LEVEL=3".to_owned(), out_dir],
        );
        let list = |unit: &Unit| {
            let list = Sources::of_unit(unit).unwrap().list;
            let parts = list.split('|').map(|part| part.split_once(' ').unwrap());
            parts.map(|(hash, name)| (name.to_owned(), hash.to_owned())).collect::<Vec<_>>()
        };
        let listed = list(&unit);
        let names: Vec<_> = listed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["OUT_DIR/made.rs", "src/a/b.rs", "src/lib.rs", "variable LEVEL"]);
        assert!(listed.iter().all(|(_, hash)| hash.len() == SHORT));
        assert_eq!(listed[1].1, listed[2].1);
        assert_ne!(listed[0].1, listed[1].1);
        // That it is not set is something else than that it is empty.
        let level = |unit: &Unit| list(unit)[3].1.clone();
        let before = (Sources::of_unit(&unit).unwrap().hash, level(&unit));
        unit.variables[0] = "LEVEL".to_owned();
        let unset = level(&unit);
        unit.variables[0] = "LEVEL=".to_owned();
        assert_ne!(unset, level(&unit));
        assert_ne!(before, (Sources::of_unit(&unit).unwrap().hash, level(&unit)));

        // Too many for a manifest: only whether they differ is known.
        unit.files = vec![file("src/lib.rs"); MOST_LISTED];
        assert_eq!(Sources::of_unit(&unit).unwrap().list, "");
        assert_eq!(Sources::of_unit(&unit).unwrap().hash.len(), 32);
        fs::remove_dir_all(root).unwrap();
    }
}
