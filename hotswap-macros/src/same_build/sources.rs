//! Sources, as a hash of names and contents.

use std::{
    fs,
    hash::{DefaultHasher, Hasher},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::Unit;

/// The sources of a crate.
#[derive(Debug)]
pub(super) struct Sources {
    /// 128 bits. Both sides must have one compiler, and with it one `DefaultHasher`.
    pub(super) hash: String,
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
        let root = unit.files[0].parent().unwrap_or(&unit.files[0]);
        let named = |path: &PathBuf| (name(path, root), path.clone());
        let variables = unit.variables.iter().filter(|variable| {
            let name = variable.split('=').next().unwrap_or_default();
            !PLACES.contains(&name)
        });
        Self::read(unit.files.iter().map(named).collect(), variables.map(String::as_str).collect())
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
        let base = |path: &Path| match out_dir.filter(|out| path.starts_with(out)) {
            Some(out) => out.to_owned(),
            None => root.to_owned(),
        };
        Self::read(files.into_iter().map(|it| (name(&it, &base(&it)), it)).collect(), Vec::new())
    }

    fn read(mut files: Vec<(String, PathBuf)>, mut variables: Vec<&str>) -> Result<Self, String> {
        files.sort();
        variables.sort_unstable();
        let mut hashers = [DefaultHasher::new(), DefaultHasher::new()];
        hashers[1].write_u8(1);
        let mut put = |bytes: &[u8]| {
            for hasher in &mut hashers {
                hasher.write_usize(bytes.len());
                hasher.write(bytes);
            }
        };
        let mut newest = None;
        for (name, path) in &files {
            // The time first: a change after it shows as a newer time, or is in the content.
            let modified = fs::metadata(path).and_then(|it| it.modified());
            let (modified, bytes) =
                modified
                    .and_then(|modified| Ok((modified, fs::read(path)?)))
                    .map_err(|error| format!("the source {}: {error}", path.display()))?;
            put(name.as_bytes());
            put(&bytes);
            newest = newest.max(Some((modified, name.clone())));
        }
        variables.iter().for_each(|variable| put(variable.as_bytes()));
        let hash = hashers.map(|hasher| format!("{:016x}", hasher.finish())).concat();
        Ok(Self { hash, newest, files: files.into_iter().map(|(_, path)| path).collect() })
    }
}

/// A file's name, wherever the workspace lies: below `root`, or alone.
fn name(path: &Path, root: &Path) -> String {
    let short = path.strip_prefix(root).ok().or_else(|| path.file_name().map(Path::new));
    short.unwrap_or(path).to_string_lossy().replace('\\', "/")
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
}
