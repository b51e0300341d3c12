//! Compiled crates, as cargo has left them: which there are, and what they were made from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
    time::SystemTime,
};

use super::metadata::{self, hash_in};

/// A compiled crate.
#[derive(Debug)]
pub(super) struct Unit {
    /// The package's name.
    pub(super) package: String,
    /// Its version, or the revision of a repository.
    pub(super) version: String,
    /// Cargo's hash of the unit.
    pub(super) hash: String,
    /// The files that it was made from, the crate's root first.
    pub(super) files: Vec<PathBuf>,
    /// The variables that it has read, `NAME=value`.
    pub(super) variables: Vec<String>,
    folder: PathBuf,
    krate: String,
}

/// When cargo began to build a unit into a folder `deps`.
pub(super) fn begun(folder: &Path, hash: &str) -> Option<SystemTime> {
    fs::metadata(note(folder, hash)?.join("invoked.timestamp")).ok()?.modified().ok()
}

/// The folder in which cargo keeps its notes of a unit.
fn note(folder: &Path, hash: &str) -> Option<PathBuf> {
    let notes = fs::read_dir(folder.parent()?.join(".fingerprint")).ok()?;
    let suffix = format!("-{hash}");
    notes
        .filter_map(Result::ok)
        .find(|note| note.file_name().to_str().is_some_and(|name| name.ends_with(&suffix)))
        .map(|note| note.path())
}

impl Unit {
    /// These dependencies, and all below them, which lie in `folders`.
    pub(super) fn closure(
        externs: &[(String, PathBuf)],
        folders: &[PathBuf],
    ) -> Result<Vec<Self>, String> {
        let lists = lists(folders)?;
        let toolchain = metadata::toolchain()?;
        let mut wanted = BTreeSet::new();
        for (krate, file) in externs {
            let hash = hash_in(file)
                .ok_or_else(|| format!("{} of {krate} is not named by cargo", file.display()))?;
            if !lists.contains_key(hash) {
                return Err(format!("the list of files that {krate} was made from is not there"));
            }
            wanted.insert(hash.to_owned());
            // A macro's own dependencies are inside of it.
            if file.extension().is_some_and(|it| it == "rmeta" || it == "rlib") {
                let mut named = metadata::named(file)?;
                named.retain(|hash| !toolchain.contains(hash));
                if let Some(hash) = named.iter().find(|hash| !lists.contains_key(*hash)) {
                    return Err(format!(
                        "the list of files of a dependency of {krate} ({hash}) is not there"
                    ));
                }
                wanted.extend(named);
            }
        }
        let mut units = Vec::new();
        for hash in wanted {
            units.push(Self::read(&lists[&hash], hash)?);
        }
        units.sort_by(|a, b| {
            (&a.package, &a.version, &a.hash).cmp(&(&b.package, &b.version, &b.hash))
        });
        Ok(units)
    }

    fn read(list: &Path, hash: String) -> Result<Self, String> {
        let text = fs::read_to_string(list)
            .map_err(|error| format!("the list {}: {error}", list.display()))?;
        let (files, variables) = parse(&text);
        let root = files.first().ok_or_else(|| format!("the list {} is empty", list.display()))?;
        let krate = list.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
        let krate = krate.strip_suffix(&format!("-{hash}")).unwrap_or(krate).to_owned();
        let (package, version) =
            of_registry(root).or_else(|| of_manifest(root)).unwrap_or((krate.clone(), "?".into()));
        let folder = list.parent().unwrap_or(list).to_owned();
        Ok(Self { package, version, hash, files, variables, folder, krate })
    }

    #[cfg(test)]
    pub(super) fn of(files: Vec<PathBuf>, variables: Vec<String>) -> Self {
        let (package, version) = ("world".to_owned(), "0.1.0".to_owned());
        let (hash, folder, krate) = (String::new(), PathBuf::new(), "world".to_owned());
        Self { package, version, hash, files, variables, folder, krate }
    }

    /// Whether its sources may change under one version: it comes from no registry or repository.
    pub(super) fn is_local(&self) -> bool {
        of_registry(&self.files[0]).is_none()
    }

    /// Its features, where cargo has noted them already.
    pub(super) fn features(&self) -> Option<String> {
        let note = note(&self.folder, &self.hash)?.join(format!("lib-{}.json", self.krate));
        features(&fs::read_to_string(note).ok()?)
    }

    /// When cargo began to build it.
    pub(super) fn begun(&self) -> Option<SystemTime> {
        begun(&self.folder, &self.hash)
    }
}

/// The lists of files in these folders, by the hash of the unit, which is the same in each target
/// folder: one folder too many, and the host's build is taken for the module's.
fn lists(folders: &[PathBuf]) -> Result<BTreeMap<String, PathBuf>, String> {
    let mut lists = BTreeMap::new();
    // The compiler may be told of folders that are not there.
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let entries = fs::read_dir(folder)
            .map_err(|error| format!("the folder {}: {error}", folder.display()))?;
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.extension().is_some_and(|it| it == "d")
                && let Some(hash) = hash_in(&path)
            {
                lists.entry(hash.to_owned()).or_insert(path);
            }
        }
    }
    Ok(lists)
}

/// Files and variables in a list that the compiler has written for `make`.
fn parse(text: &str) -> (Vec<PathBuf>, Vec<String>) {
    let files = text.lines().filter_map(|line| line.strip_suffix(':'));
    let files = files.map(|path| PathBuf::from(path.replace("\\ ", " "))).collect();
    let variables = text.lines().filter_map(|line| line.strip_prefix("# env-dep:"));
    (files, variables.map(str::to_owned).collect())
}

/// Package and version by the folder of a file in cargo's registry, or in a repository's checkout.
fn of_registry(file: &Path) -> Option<(String, String)> {
    let parts: Vec<&str> = file
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let after = |folders: [&str; 2]| {
        parts.windows(2).position(|it| it == folders).map(|at| &parts[at + 2..])
    };
    if let Some([_, folder, ..]) = after(["registry", "src"]) {
        let mut dashes = folder.match_indices('-').map(|(at, _)| folder.split_at(at));
        return dashes.find_map(|(name, version)| {
            let version = &version[1..];
            semver::Version::parse(version).is_ok().then(|| (name.to_owned(), version.to_owned()))
        });
    }
    let [name, revision, ..] = after(["git", "checkouts"])? else { return None };
    Some(((*name).to_owned(), (*revision).to_owned()))
}

/// Package and version by the `Cargo.toml` above a file.
fn of_manifest(file: &Path) -> Option<(String, String)> {
    let text =
        file.ancestors().skip(1).find_map(|it| fs::read_to_string(it.join("Cargo.toml")).ok())?;
    let package = text.split("[package]").nth(1)?.split("\n[").next()?;
    let value = |key: &str| {
        package.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    // The version may be the workspace's: it is in the unit's hash in any case.
    Some((value("name")?, value("version").unwrap_or_else(|| "of the workspace".to_owned())))
}

/// The features in cargo's note of a unit: a list as JSON, inside a text in JSON.
fn features(note: &str) -> Option<String> {
    let list = note.split_once("\"features\":\"[")?.1.split_once("]\"")?.0;
    let list = list.replace(['\\', '"'], "").replace(',', "");
    Some(if list.is_empty() { "none".to_owned() } else { list })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compilers_list_is_read() {
        let text = "/t/libu-1.rmeta: a\\ b/src/lib.rs a\\ b/src/x.rs\n\n\
                    a\\ b/src/lib.rs:\na\\ b/src/x.rs:\n\n# env-dep:LEVEL=3\n# env-dep:NONE\n";
        let (files, variables) = parse(text);
        assert_eq!(files, [Path::new("a b/src/lib.rs"), Path::new("a b/src/x.rs")]);
        assert_eq!(variables, ["LEVEL=3", "NONE"]);
    }

    #[test]
    fn a_list_is_that_of_the_first_folder_which_has_it() {
        let root =
            std::env::temp_dir().join(format!("hotswap-macros-{}-lists", std::process::id()));
        let (own, macros) = (root.join("hotswap/debug/deps"), root.join("debug/deps"));
        for (folder, names) in [
            (&own, ["world-0123456789abcdef.d", "world.d"]),
            (&macros, ["world-0123456789abcdef.d", "derive-fedcba9876543210.d"]),
        ] {
            fs::create_dir_all(folder).unwrap();
            names.iter().for_each(|name| fs::write(folder.join(name), "").unwrap());
        }
        let found = lists(&[own.clone(), macros.clone(), root.join("none")]).unwrap();
        fs::remove_dir_all(root).unwrap();
        let wanted = [
            ("0123456789abcdef".to_owned(), own.join("world-0123456789abcdef.d")),
            ("fedcba9876543210".to_owned(), macros.join("derive-fedcba9876543210.d")),
        ];
        assert_eq!(found, BTreeMap::from(wanted));
    }

    #[test]
    fn a_registrys_package_is_told_by_its_folder() {
        let of =
            |path: &str| of_registry(Path::new(path)).map(|(name, version)| name + " " + &version);
        let table = [
            ("/h/registry/src/index-1/semver-1.0.28/src/lib.rs", Some("semver 1.0.28")),
            ("/h/registry/src/index-1/md-5-0.10.6-rc.1/src/lib.rs", Some("md-5 0.10.6-rc.1")),
            ("/h/git/checkouts/world-19a/8f3c/src/lib.rs", Some("world-19a 8f3c")),
            ("world/src/lib.rs", None),
            ("/home/ada/registry/src/lib.rs", None),
        ];
        for (path, wanted) in table {
            assert_eq!(of(path).as_deref(), wanted, "{path}");
        }
    }

    #[test]
    fn features_are_read_from_cargos_note() {
        let note = r#"{"rustc":1,"features":"[\"fast\", \"std\"]","declared_features":"[]"}"#;
        assert_eq!(features(note).as_deref(), Some("fast std"));
        assert_eq!(features(r#"{"features":"[]","x":"[\"y\"]"}"#).as_deref(), Some("none"));
        assert_eq!(features("{}"), None);
    }
}
