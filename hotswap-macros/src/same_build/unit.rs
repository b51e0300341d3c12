//! Compiled crates, as cargo has left them: which there are, and what they were made from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Component, Path, PathBuf},
    time::SystemTime,
};

use super::metadata::{self, hash_in};

/// A compiled crate.
#[derive(Debug)]
pub(super) struct Unit {
    /// The package's name.
    pub(super) package: String,
    /// Its version.
    pub(super) version: String,
    /// Where its sources are from: `local`, a registry, or a revision of a repository.
    pub(super) source: String,
    /// Cargo's hash of the unit; empty for a module, whose file has none in its name.
    pub(super) hash: String,
    /// The files that it was made from, the crate's root first.
    pub(super) files: Vec<PathBuf>,
    /// The variables that it has read, `NAME=value`.
    pub(super) variables: Vec<String>,
    folder: PathBuf,
    krate: String,
}

/// Why a package is not known that is built as a module: the hash would cover its features.
pub(super) fn without_hash(package: &str) -> String {
    format!("cargo gives {package} no hash, as its crate-type has cdylib")
}

/// What a compiled file is known by: cargo's hash, or its crate's name where it has none.
fn key_of(file: &Path) -> &str {
    let stem = file.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
    hash_in(file).unwrap_or(stem.strip_prefix("lib").unwrap_or(stem))
}

/// When cargo began to build a unit into a folder `deps`.
pub(super) fn begun(folder: &Path, hash: &str) -> Option<SystemTime> {
    fs::metadata(note(folder, hash)?.join("invoked.timestamp")).ok()?.modified().ok()
}

/// The folder in which cargo keeps its notes of a unit.
fn note(folder: &Path, hash: &str) -> Option<PathBuf> {
    let suffix = format!("-{hash}");
    notes(folder).find(|note| {
        note.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(&suffix))
    })
}

/// The folders of cargo's notes of the units in a folder `deps`.
pub(super) fn notes(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let notes = folder.parent().and_then(|it| fs::read_dir(it.join(".fingerprint")).ok());
    notes.into_iter().flatten().filter_map(Result::ok).map(|note| note.path())
}

impl Unit {
    /// These dependencies, and all below them, which lie in `folders`.
    pub(super) fn closure(
        externs: &[(String, PathBuf)],
        folders: &[PathBuf],
    ) -> Result<Vec<Self>, String> {
        let lists = lists(folders)?;
        let toolchain = metadata::toolchain()?;
        let missing =
            |krate: &str| format!("the list of files that {krate} was made from is not there");
        let mut wanted = BTreeSet::new();
        for (krate, file) in externs {
            let key = key_of(file);
            if !lists.contains_key(key) {
                return Err(missing(krate));
            }
            wanted.insert(key.to_owned());
            // A macro's own dependencies are inside of it.
            if file.extension().is_some_and(|it| it == "rmeta" || it == "rlib") {
                let mut named = metadata::named(file)?;
                // What only looks like a crate's name has no list; cargo writes one for each crate.
                let is_crate = |key: &String| metadata::is_hash(key) || lists.contains_key(key);
                named.retain(|key| !toolchain.contains(key) && is_crate(key));
                if let Some(key) = named.iter().find(|key| !lists.contains_key(*key)) {
                    return Err(missing(&format!("a dependency of {krate} ({key})")));
                }
                wanted.extend(named);
            }
        }
        let mut units = Vec::new();
        for key in wanted {
            units.push(Self::read(&lists[&key])?);
        }
        units.sort_by(|a, b| {
            (&a.package, &a.version, &a.hash).cmp(&(&b.package, &b.version, &b.hash))
        });
        Ok(units)
    }

    fn read(list: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(list)
            .map_err(|error| format!("the list {}: {error}", list.display()))?;
        let (files, variables) = parse(&text);
        let root = files.first().ok_or_else(|| format!("the list {} is empty", list.display()))?;
        let hash = hash_in(list).unwrap_or_default().to_owned();
        let krate = list.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
        let krate = krate.strip_suffix(&format!("-{hash}")).unwrap_or(krate).to_owned();
        let origin = Origin::of(root);
        let (package, version) = match &origin {
            Origin::Registry { package, version, .. } => Some((package.clone(), version.clone())),
            Origin::Repository { .. } | Origin::Local => of_manifest(root),
        }
        .unwrap_or((krate.clone(), "?".into()));
        let source = origin.to_string();
        let folder = list.parent().unwrap_or(list).to_owned();
        Ok(Self { package, version, source, hash, files, variables, folder, krate })
    }

    #[cfg(test)]
    pub(super) fn of(files: Vec<PathBuf>, variables: Vec<String>) -> Self {
        let (package, version) = ("world".to_owned(), "0.1.0".to_owned());
        let (hash, folder, krate) = (String::new(), PathBuf::new(), "world".to_owned());
        let source = LOCAL.to_owned();
        Self { package, version, source, hash, files, variables, folder, krate }
    }

    /// Its version, and the revision where it is a repository's.
    pub(super) fn shown_version(&self) -> String {
        match self.source.strip_prefix("git ") {
            Some(revision) => format!("{} ({revision})", self.version),
            None => self.version.clone(),
        }
    }

    /// Whether its sources may change under one version: it comes from no registry or repository.
    pub(super) fn is_local(&self) -> bool {
        self.source == LOCAL
    }

    /// Whether it is what was compiled into this file.
    pub(super) fn is(&self, file: &Path) -> bool {
        key_of(file) == if self.hash.is_empty() { &self.krate } else { &self.hash }
    }

    /// Its features, where cargo has noted them already.
    pub(super) fn features(&self) -> Option<String> {
        features(&fs::read_to_string(self.note()?).ok()?)
    }

    /// Where cargo notes what it was built from, when it is built in full.
    pub(super) fn note(&self) -> Option<PathBuf> {
        Some(note(&self.folder, &self.hash)?.join(format!("lib-{}.json", self.krate)))
    }

    /// Where its build script has put what it has made, if it reads of that.
    pub(super) fn out_dir(&self) -> Option<&Path> {
        self.variables.iter().find_map(|it| it.strip_prefix("OUT_DIR=")).map(Path::new)
    }

    /// The folder `deps` that it is in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// When cargo began to build it.
    pub(super) fn begun(&self) -> Option<SystemTime> {
        begun(&self.folder, &self.hash)
    }
}

/// The lists of files in these folders, by the hash of the unit, or the name of the crate where cargo
/// gives it none. The hash is the same in each target folder: one folder too many, and the host's build is taken for the module's.
fn lists(folders: &[PathBuf]) -> Result<BTreeMap<String, PathBuf>, String> {
    let mut lists = BTreeMap::new();
    // The compiler may be told of folders that are not there.
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let entries = fs::read_dir(folder)
            .map_err(|error| format!("the folder {}: {error}", folder.display()))?;
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.extension().is_some_and(|it| it == "d")
                && let Some(key) = hash_in(&path).or(path.file_stem().and_then(|it| it.to_str()))
            {
                lists.entry(key.to_owned()).or_insert(path);
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

/// Where a package comes from.
#[derive(Debug, PartialEq, Eq)]
enum Origin {
    /// A registry. Its folder there says which package it is.
    Registry { registry: String, package: String, version: String },
    /// A checkout of a repository.
    Repository { name: String, revision: String },
    /// Any other folder.
    Local,
}

/// Sources that may change under one version.
const LOCAL: &str = "local";

impl Origin {
    /// By the folders that cargo keeps sources in.
    fn of(file: &Path) -> Self {
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
        if let Some([registry, folder, ..]) = after(["registry", "src"]) {
            let mut dashes = folder.match_indices('-').map(|(at, _)| folder.split_at(at));
            let found = dashes.find(|(_, version)| semver::Version::parse(&version[1..]).is_ok());
            return found.map_or(Self::Local, |(package, version)| Self::Registry {
                registry: (*registry).to_owned(),
                package: package.to_owned(),
                version: version[1..].to_owned(),
            });
        }
        match after(["git", "checkouts"]) {
            Some([name, revision, ..]) => {
                Self::Repository { name: (*name).to_owned(), revision: (*revision).to_owned() }
            }
            _ => Self::Local,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry { registry, .. } => write!(f, "registry {registry}"),
            Self::Repository { name, revision } => write!(f, "git {name} {revision}"),
            Self::Local => f.write_str(LOCAL),
        }
    }
}

/// Package and version by the `Cargo.toml` above a file.
fn of_manifest(file: &Path) -> Option<(String, String)> {
    let mut manifests = file
        .ancestors()
        .skip(1)
        .filter_map(|it| fs::read_to_string(it.join("Cargo.toml")).ok())
        .skip_while(|text| value_of(text, "package", "name").is_none());
    let text = manifests.next()?;
    let version = value_of(&text, "package", "version").filter(|it| !it.starts_with('{'));
    // The version may be the workspace's.
    let version = version
        .or_else(|| manifests.find_map(|text| value_of(&text, "workspace.package", "version")));
    Some((value_of(&text, "package", "name")?, version.unwrap_or_else(|| "0.0.0".to_owned())))
}

/// The value of a key in a table of a `Cargo.toml`.
fn value_of(text: &str, table: &str, key: &str) -> Option<String> {
    let table = text.split(&format!("[{table}]")).nth(1)?.split("\n[").next()?;
    table.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let value = value.split('#').next().unwrap_or_default();
        (name.trim() == key).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    })
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
            ("world".to_owned(), own.join("world.d")),
        ];
        assert_eq!(found, BTreeMap::from(wanted));
    }

    #[test]
    fn where_a_package_is_from_is_told_by_its_folder() {
        let registry = |package: &str, version: &str| Origin::Registry {
            registry: "index-1".to_owned(),
            package: package.to_owned(),
            version: version.to_owned(),
        };
        let repository =
            Origin::Repository { name: "world-19a".to_owned(), revision: "8f3c".to_owned() };
        let table = [
            ("/h/registry/src/index-1/semver-1.0.28/src/lib.rs", registry("semver", "1.0.28")),
            (
                "/h/registry/src/index-1/md-5-0.10.6-rc.1/src/lib.rs",
                registry("md-5", "0.10.6-rc.1"),
            ),
            ("/h/git/checkouts/world-19a/8f3c/src/lib.rs", repository),
            ("world/src/lib.rs", Origin::Local),
            ("/home/ada/registry/src/lib.rs", Origin::Local),
        ];
        for (path, wanted) in table {
            assert_eq!(Origin::of(Path::new(path)), wanted, "{path}");
        }
    }

    #[test]
    fn a_local_package_is_told_by_its_manifest_or_the_workspaces() {
        let root =
            std::env::temp_dir().join(format!("hotswap-macros-{}-manifest", std::process::id()));
        fs::create_dir_all(root.join("world/src")).unwrap();
        fs::write(
            root.join("Cargo.toml"),
            "[workspace]\n[workspace.package]\nedition = \"2024\"\nversion = \"0.3.0\" # all\n",
        )
        .unwrap();
        for (version, wanted) in [
            ("version = '1.2.0'", "1.2.0"),
            ("version.workspace = true", "0.3.0"),
            ("version = { workspace = true }", "0.3.0"),
        ] {
            let text = format!("[package]\nname = \"world\"\n{version}\n\n[lib]\nname = \"w\"\n");
            fs::write(root.join("world/Cargo.toml"), text).unwrap();
            let found = of_manifest(&root.join("world/src/lib.rs"));
            assert_eq!(found, Some(("world".to_owned(), wanted.to_owned())), "{version}");
        }
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn features_are_read_from_cargos_note() {
        let note = r#"{"rustc":1,"features":"[\"fast\", \"std\"]","declared_features":"[]"}"#;
        assert_eq!(features(note).as_deref(), Some("fast std"));
        assert_eq!(features(r#"{"features":"[]","x":"[\"y\"]"}"#).as_deref(), Some("none"));
        assert_eq!(features("{}"), None);
    }
}
