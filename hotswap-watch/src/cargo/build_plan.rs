//! What cargo's metadata means: which packages are built, which crates the host shares, and what
//! is watched for it.

mod places;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use cargo_metadata::{CrateType, DependencyKind, Metadata, Package, PackageId, Target, TargetKind};

use super::watched::Watched;
use super::{CargoError, Request};

/// The crate that every interface crate depends on.
const CONTRACT: &str = "hotswap-abi";

/// What is to be done, as long as no manifest changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) workspace: PathBuf,
    /// Where cargo would build the host, as far as it knows.
    pub(super) host_target_folder: PathBuf,
    /// Where the intermediate files of that go.
    pub(super) host_build_folder: PathBuf,
    /// Where the packages are built.
    pub(super) target_folder: PathBuf,
    /// Where the intermediate files of that go, and cargo's notes on what is fresh.
    pub(super) build_folder: PathBuf,
    /// What is built, in the order of the request.
    pub(super) wanted: Vec<BuildTarget>,
    /// Names of all that is compiled for it, from wherever it is.
    pub(super) compiled: BTreeSet<String>,
    /// Names by cargo's identity, of what is built and its path dependencies.
    pub(super) names: BTreeMap<String, String>,
    /// What is built and its path dependencies: names by folder.
    pub(super) packages: BTreeMap<PathBuf, String>,
    /// Folders of those that have a build script, by cargo's identity.
    pub(super) scripts: BTreeMap<String, PathBuf>,
    /// Folders of the packages that are linked into the host, too, with their names.
    pub(super) shared: BTreeMap<PathBuf, String>,
    pub(super) watched: Watched,
    /// Files of configuration, there or not.
    configuration: BTreeSet<PathBuf>,
    /// The folders of all packages, to know whose a file is.
    folders: BTreeSet<PathBuf>,
}

/// A package that is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BuildTarget {
    pub(super) name: String,
    /// What `-p` takes; a name alone might mean a crate of the registry as well.
    pub(super) id: String,
    pub(super) manifest: PathBuf,
}

impl Plan {
    /// Draws up the plan.
    pub(super) fn of(metadata: &Metadata, request: &Request) -> Result<Self, CargoError> {
        let workspace = metadata.workspace_root.clone().into_std_path_buf();
        let host_target_folder = metadata.target_directory.clone().into_std_path_buf();
        let target_folder = match &request.target_folder {
            Some(folder) => request.folder.join(folder),
            None => host_target_folder.join("hotswap"),
        };
        // Where the configuration has a place for them, one beside those of other cargos.
        let other = metadata.build_directory.as_ref().map(|folder| folder.as_std_path());
        let other = other.filter(|folder| *folder != host_target_folder);
        let build_folder = match (&request.target_folder, other) {
            (None, Some(other)) => other.join("hotswap"),
            _ => target_folder.clone(),
        };
        let configuration = places::configuration(request);
        let graph = Graph::of(metadata)?;
        let wanted = graph.wanted(request, &workspace)?;
        let set = graph.reached(wanted.iter().map(|package| &package.id));
        let shared = graph.shared(&set, &wanted, &request.shared);
        let folders: BTreeSet<PathBuf> = graph.local().map(folder).collect();
        let outputs = [&host_target_folder, &target_folder, &build_folder];
        let mut watched = Watched {
            files: ["Cargo.toml", "Cargo.lock"].map(|file| workspace.join(file)).into(),
            without: outputs.into_iter().cloned().chain(other.map(Path::to_path_buf)).collect(),
            ..Watched::default()
        };
        watched.files.extend(configuration.iter().cloned());
        for package in &set {
            watch(package, &folders, &mut watched);
        }
        Ok(Self {
            workspace,
            host_build_folder: other.map_or(host_target_folder.clone(), Path::to_path_buf),
            host_target_folder,
            target_folder,
            build_folder,
            compiled: graph.names(wanted.iter().map(|package| &package.id)),
            packages: set.iter().map(|p| (folder(p), p.name.to_string())).collect(),
            scripts: set
                .iter()
                .filter(|package| has_script(package))
                .map(|package| (package.id.repr.clone(), folder(package)))
                .collect(),
            names: set.iter().map(|p| (p.id.repr.clone(), p.name.to_string())).collect(),
            wanted: wanted
                .into_iter()
                .map(|package| BuildTarget {
                    name: package.name.to_string(),
                    id: package.id.repr.clone(),
                    manifest: package.manifest_path.clone().into_std_path_buf(),
                })
                .collect(),
            shared,
            watched,
            configuration,
            folders,
        })
    }

    /// The package linked into the host that this file belongs to.
    pub(super) fn shared_owner(&self, file: &Path) -> Option<&str> {
        // The workspace's files lie in the folder of a package that is its root.
        if self.is_plan(file) && !file.ends_with("Cargo.toml") {
            return None;
        }
        self.shared.get(self.owner(file)?).map(String::as_str)
    }

    /// The folder of the package that this file belongs to.
    pub(super) fn owner<'a>(&self, file: &'a Path) -> Option<&'a Path> {
        file.ancestors().skip(1).find(|folder| self.folders.contains(*folder))
    }

    /// Whether a change of this file may change the plan: those that cargo's metadata is made of.
    pub(super) fn is_plan(&self, file: &Path) -> bool {
        let name = file.file_name().and_then(|name| name.to_str());
        matches!(name, Some("Cargo.toml" | "Cargo.lock")) || self.configuration.contains(file)
    }

    /// Whether cargo writes this file, or something below it. The workspace itself may lie below a
    /// target folder.
    pub(super) fn is_output(&self, file: &Path) -> bool {
        let is_ours =
            |folder: &Path| self.workspace.starts_with(folder) && file.starts_with(&self.workspace);
        [&self.target_folder, &self.build_folder, &self.host_target_folder]
            .iter()
            .any(|folder| file.starts_with(folder) && !is_ours(folder))
    }

    /// What a watch of all files of a package leaves out: what belongs to other packages, and what
    /// is made of them.
    pub(super) fn without(&self, package: &Path) -> impl Iterator<Item = PathBuf> {
        let inner =
            self.folders.iter().filter(move |it| it.starts_with(package) && **it != package);
        inner.cloned().chain(["target", "node_modules"].map(|name| package.join(name)))
    }
}

fn folder(package: &Package) -> PathBuf {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// What its library and its build script are made of: not its tests, examples and programs.
fn watch(package: &Package, packages: &BTreeSet<PathBuf>, watched: &mut Watched) {
    let folder = folder(package);
    watched.files.insert(package.manifest_path.clone().into_std_path_buf());
    for target in &package.targets {
        let source = target.src_path.as_std_path();
        let Some(parent) = source.parent() else { continue };
        if is_library(target) {
            watched.trees.insert(parent.to_path_buf());
            if parent == folder {
                let beside = ["target", "tests", "benches", "examples"];
                watched.without.extend(beside.map(|name| folder.join(name)));
                let inner = packages.iter().filter(|p| p.starts_with(parent) && *p != parent);
                watched.without.extend(inner.cloned());
            }
        } else if target.is_kind(TargetKind::CustomBuild) {
            if parent == folder {
                watched.files.insert(source.to_path_buf());
            } else {
                watched.trees.insert(parent.to_path_buf());
            }
        }
    }
}

fn is_library(target: &Target) -> bool {
    target.kind.iter().any(|kind| {
        !matches!(
            kind,
            TargetKind::Bin
                | TargetKind::Test
                | TargetKind::Bench
                | TargetKind::Example
                | TargetKind::CustomBuild
        )
    })
}

fn has_script(package: &Package) -> bool {
    package.targets.iter().any(|target| target.is_kind(TargetKind::CustomBuild))
}

fn has_cdylib(package: &Package) -> bool {
    package
        .targets
        .iter()
        .any(|target| is_library(target) && target.crate_types.contains(&CrateType::CDyLib))
}

/// The packages, and what each depends on: for its library or its build script, not its tests.
struct Graph<'a> {
    packages: Vec<&'a Package>,
    by_id: HashMap<&'a PackageId, &'a Package>,
    needs: HashMap<&'a PackageId, Vec<&'a PackageId>>,
    members: HashSet<&'a PackageId>,
}

impl<'a> Graph<'a> {
    fn of(metadata: &'a Metadata) -> Result<Self, CargoError> {
        let Some(resolve) = &metadata.resolve else {
            return Err(CargoError::Metadata {
                folder: metadata.workspace_root.clone().into(),
                why: "it names no dependencies".into(),
            });
        };
        let needs = resolve.nodes.iter().map(|node| {
            let used = node.deps.iter().filter(|dependency| {
                let kinds = &dependency.dep_kinds;
                kinds.is_empty() || kinds.iter().any(|d| d.kind != DependencyKind::Development)
            });
            (&node.id, used.map(|dependency| &dependency.pkg).collect())
        });
        Ok(Self {
            packages: metadata.packages.iter().collect(),
            by_id: metadata.packages.iter().map(|package| (&package.id, package)).collect(),
            needs: needs.collect(),
            members: metadata.workspace_members.iter().collect(),
        })
    }

    /// Those whose sources are here.
    fn local(&self) -> impl Iterator<Item = &'a Package> {
        self.packages.iter().copied().filter(|package| package.source.is_none())
    }

    fn wanted(&self, request: &Request, workspace: &Path) -> Result<Vec<&'a Package>, CargoError> {
        let mut wanted: Vec<&Package> = Vec::new();
        for name in &request.packages {
            let mut named: Vec<_> = self.local().filter(|p| *p.name == *name).collect();
            // Two of one name: the workspace's own is meant.
            named.sort_by_key(|package| !self.members.contains(&package.id));
            let Some(package) = named.first().copied() else {
                let known: BTreeSet<_> = self.local().map(|p| p.name.to_string()).collect();
                return Err(CargoError::UnknownPackage {
                    package: name.clone(),
                    folder: workspace.into(),
                    nearest: nearest(name, known.iter().map(String::as_str)),
                    known: known.into_iter().collect(),
                });
            };
            if !has_cdylib(package) {
                return Err(CargoError::NoCdylib {
                    package: name.clone(),
                    manifest: package.manifest_path.clone().into(),
                });
            }
            if !wanted.iter().any(|known| known.id == package.id) {
                wanted.push(package);
            }
        }
        if wanted.is_empty() { Err(CargoError::NoPackage) } else { Ok(wanted) }
    }

    /// These and all local packages they depend on, through whatever is between them.
    fn reached(&self, from: impl Iterator<Item = &'a PackageId>) -> Vec<&'a Package> {
        let ids = self.closure(from);
        self.local().filter(|package| ids.contains(&package.id)).collect()
    }

    /// Of these and all that they depend on.
    fn names(&self, from: impl Iterator<Item = &'a PackageId>) -> BTreeSet<String> {
        let ids = self.closure(from);
        let names = ids.iter().filter_map(|id| Some(self.by_id.get(id)?.name.to_string()));
        names.collect()
    }

    fn closure(&self, from: impl Iterator<Item = &'a PackageId>) -> HashSet<&'a PackageId> {
        let mut open: VecDeque<_> = from.collect();
        let mut seen: HashSet<_> = open.iter().copied().collect();
        while let Some(id) = open.pop_front() {
            for need in self.needs.get(id).into_iter().flatten() {
                if seen.insert(need) {
                    open.push_back(need);
                }
            }
        }
        seen
    }

    fn shared(
        &self,
        set: &[&'a Package],
        wanted: &[&'a Package],
        named: &[String],
    ) -> BTreeMap<PathBuf, String> {
        let is_shared = |package: &&&Package| {
            if !named.is_empty() {
                return named.iter().any(|name| *package.name == *name);
            }
            let needs = self.closure(std::iter::once(&package.id));
            !wanted.iter().any(|w| w.id == package.id)
                && !has_cdylib(package)
                && needs.iter().any(|id| self.by_id.get(id).is_some_and(|p| *p.name == CONTRACT))
        };
        set.iter().filter(is_shared).map(|p| (folder(p), p.name.to_string())).collect()
    }
}

/// The known name that takes the fewest changes of a letter, if they are few.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let (changes, nearest) = known.map(|other| (distance(name, other), other)).min()?;
    (changes <= name.len().max(3) / 3).then(|| nearest.to_owned())
}

/// Levenshtein's distance; `-` and `_` are the same.
fn distance(a: &str, b: &str) -> usize {
    let plain = |c: char| if c == '_' { '-' } else { c.to_ascii_lowercase() };
    let b: Vec<char> = b.chars().map(plain).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().map(plain).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
