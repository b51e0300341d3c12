//! What cargo knows of the workspace of the current folder.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use cargo_metadata::{CrateType, DependencyKind, Metadata, MetadataCommand, Package, Target};

use crate::Error;

/// A workspace as cargo sees it: members only, nothing is looked up.
pub(crate) struct Workspace {
    metadata: Metadata,
}

impl Workspace {
    /// The workspace of a folder.
    pub(crate) fn of(folder: &Path) -> Result<Self, Error> {
        Ok(Self { metadata: metadata(folder, &["--no-deps"])? })
    }

    /// The same with all it depends on; cargo may have to look these up.
    pub(crate) fn with_dependencies(folder: &Path) -> Result<Self, Error> {
        Ok(Self { metadata: metadata(folder, &["--filter-platform=host-tuple"])? })
    }

    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    pub(crate) fn target_folder(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    /// The packages of the workspace itself.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.metadata.workspace_packages().into_iter()
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Package> {
        self.members().find(|package| *package.name == *name)
    }

    /// Everything that is built for it.
    pub(crate) fn packages(&self) -> &[Package] {
        &self.metadata.packages
    }

    /// Members that can be loaded: they depend on the contract, and are built as cdylibs.
    pub(crate) fn modules(&self) -> impl Iterator<Item = &Package> {
        self.members()
            .filter(|it| depends_on(it, "hotswap-abi") && has_type(it, &CrateType::CDyLib))
    }

    /// Members with a program that loads modules.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &Package> {
        let is_program = |it: &Package| it.targets.iter().any(Target::is_bin);
        self.members().filter(move |it| depends_on(it, "hotswap-core") && is_program(it))
    }
}

/// Whether its library or program depends on a package of this name.
pub(crate) fn depends_on(package: &Package, name: &str) -> bool {
    let of_build = |kind: DependencyKind| kind == DependencyKind::Normal;
    package.dependencies.iter().any(|it| it.name == name && of_build(it.kind))
}

/// Whether it has a library of this type.
pub(crate) fn has_type(package: &Package, wanted: &CrateType) -> bool {
    package.targets.iter().any(|target| target.crate_types.contains(wanted))
}

/// Its library, of whatever type.
pub(crate) fn library(package: &Package) -> Option<&Target> {
    let types = [CrateType::Lib, CrateType::RLib, CrateType::CDyLib, CrateType::DyLib];
    let is_library = |it: &&Target| {
        !(it.is_bin() || it.is_example() || it.is_test() || it.is_bench())
            && it.crate_types.iter().any(|it| types.contains(it))
    };
    package.targets.iter().find(is_library)
}

/// The folder of a package.
pub(crate) fn folder(package: &Package) -> &Path {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest)
}

/// The cargo that has started us, or the one in `PATH`.
pub(crate) fn cargo() -> Command {
    let own = env::var_os("CARGO").map(PathBuf::from).filter(|program| program.is_file());
    Command::new(own.unwrap_or_else(|| "cargo".into()))
}

fn metadata(folder: &Path, arguments: &[&str]) -> Result<Metadata, Error> {
    let mut command = cargo();
    command.args(["metadata", "--format-version=1", "--color=never"]).args(arguments);
    let output = command.current_dir(folder).stdin(Stdio::null()).output().map_err(|error| {
        Error::Unable(format!("cargo cannot be run ({error}): install it (https://rustup.rs)"))
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("could not find `Cargo.toml`") {
            return Err(Error::NoWorkspace(folder.display().to_string()));
        }
        return Err(Error::Unable(format!("cargo refuses the workspace:\n{}", said.trim_end())));
    }
    MetadataCommand::parse(String::from_utf8_lossy(&output.stdout)).map_err(|error| {
        Error::Unable(format!("what `cargo metadata` says cannot be understood: {error}"))
    })
}
