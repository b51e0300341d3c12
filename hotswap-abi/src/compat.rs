//! Pure: a manifest and what a host requires → a verdict.
//!
//! The semantic version is necessary (same major; same minor below 1.0); the shapes decide. A
//! different compiler is no reason to refuse: values are rebuilt at the boundary, and plain data is
//! `repr(C)` with its offsets compared.

use std::fmt;

use semver::Version;

use crate::{
    manifest::{Manifest, Schema},
    same_build::{Build, BuildDifference},
    shape::{Difference, Types, compare},
};

/// What a host requires of an artifact for one of its slots.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Requirement {
    /// The module's name, if the slot is bound to one.
    pub module: Option<String>,
    /// The interface as the host was compiled with it.
    pub schema: Schema,
    /// Its version.
    pub interface_version: Version,
    /// The host's target triple.
    pub target: String,
    /// The host's compiler: it matters to an interface with `#[same_build]` arguments alone.
    pub rustc: String,
    /// The services that the host offers.
    pub services: Vec<String>,
}

impl Requirement {
    /// Requires interface and target; no module's name and no services.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        Self {
            module: None,
            interface_version: schema.version.clone(),
            target: schema.target.clone(),
            rustc: schema.rustc.clone(),
            schema,
            services: Vec::new(),
        }
    }
}

/// One reason against an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// It is another module than the slot's.
    Module {
        /// The slot's module.
        expected: String,
        /// The artifact's.
        found: String,
    },
    /// It implements another interface.
    Interface {
        /// The host's.
        expected: String,
        /// The artifact's.
        found: String,
    },
    /// It was built against a version of the interface that is not compatible.
    Version {
        /// The interface.
        interface: String,
        /// The host's version.
        expected: Version,
        /// The artifact's.
        found: Version,
    },
    /// A method or a type that crosses differs.
    Shape(Difference),
    /// It was built for another target.
    Target {
        /// The host's.
        expected: String,
        /// The artifact's.
        found: String,
    },
    /// A panic in it would end the process.
    Aborts,
    /// It was built with a version of hotswap-abi that is not compatible.
    Abi {
        /// The host's.
        expected: Version,
        /// The artifact's.
        found: Version,
    },
    /// Its root is described for another version of abi_stable.
    AbiStable {
        /// The host's.
        expected: String,
        /// The artifact's.
        found: String,
    },
    /// It was built otherwise than the host, and the interface has `#[same_build]` arguments.
    Build(BuildDifference),
    /// It needs services that the host does not offer.
    Services {
        /// The missing ones.
        missing: Vec<String>,
    },
}

impl Requirement {
    /// Every reason against an artifact; none if it fits.
    #[must_use]
    pub fn check(&self, manifest: &Manifest) -> Vec<Mismatch> {
        // Destructured, so that a new field of the manifest is decided upon here.
        let Manifest {
            export: _,
            module,
            version: _,
            interface_version,
            unwinds,
            target,
            rustc,
            abi,
            abi_stable,
            requires,
            interface,
            // Where the two sides differ in it the state is encoded.
            moves: _,
            states: _,
            types,
            encoded: _,
        } = manifest;
        let mut found = Vec::new();
        if let Some(expected) = self.module.as_ref().filter(|expected| *expected != module) {
            found.push(Mismatch::Module { expected: expected.clone(), found: module.clone() });
        }
        if *target != self.target {
            found.push(Mismatch::Target { expected: self.target.clone(), found: target.clone() });
        }
        if !unwinds {
            found.push(Mismatch::Aborts);
        }
        let Schema { abi: ours, abi_stable: our_stable, .. } = &self.schema;
        if !compatible(ours, abi) {
            found.push(Mismatch::Abi { expected: ours.clone(), found: abi.clone() });
        }
        if abi_stable != our_stable {
            found.push(Mismatch::AbiStable {
                expected: our_stable.clone(),
                found: abi_stable.clone(),
            });
        }
        let missing: Vec<String> =
            requires.iter().filter(|name| !self.services.contains(name)).cloned().collect();
        if !missing.is_empty() {
            found.push(Mismatch::Services { missing });
        }
        let ours = self.interface_name();
        let theirs = manifest.interface_name();
        if ours != theirs {
            found.push(Mismatch::Interface { expected: ours.to_owned(), found: theirs.to_owned() });
            return found;
        }
        let shapes =
            compare((&self.schema.types, &self.schema.interface), (types, interface), ours);
        found.extend(shapes.into_iter().map(Mismatch::Shape));
        if !compatible(&self.interface_version, interface_version) {
            found.push(Mismatch::Version {
                interface: ours.to_owned(),
                expected: self.interface_version.clone(),
                found: interface_version.clone(),
            });
        }
        found.extend(self.build(rustc, types).map(Mismatch::Build));
        found
    }

    /// The first difference between the builds of an interface with `#[same_build]` arguments, or
    /// of one that it lends.
    fn build(&self, rustc: &str, types: &Types) -> Option<BuildDifference> {
        if !self.schema.lends_rust_types() {
            return None;
        }
        if rustc != self.rustc {
            return Some(BuildDifference::Value {
                what: "compiler".to_owned(),
                host: Some(self.rustc.clone()),
                artifact: Some(rustc.to_owned()),
            });
        }
        let builds = self.schema.types.definitions.iter().filter_map(|definition| {
            let host = definition.build.as_ref()?;
            let mut theirs = types.definitions.iter();
            // Without it the module does not know the interface, and is never lent one.
            let found = theirs.find(|it| it.name == definition.name && it.path == definition.path);
            Some((host, found?.build.as_ref()))
        });
        builds.into_iter().find_map(|(host, artifact)| match artifact {
            Some(artifact) => Build::difference(host, artifact),
            None => Some(BuildDifference::Doubt {
                host: false,
                why: "it has no `#[same_build]` arguments".to_owned(),
                again: false,
            }),
        })
    }

    /// The name of the interface.
    #[must_use]
    pub fn interface_name(&self) -> &str {
        self.schema.interface_name()
    }
}

/// Whether two versions of an interface may talk to each other, by semantic versioning: the same
/// major version, and below 1.0 the same minor one.
#[must_use]
pub fn compatible(a: &Version, b: &Version) -> bool {
    a.major == b.major && (a.major > 0 || a.minor == b.minor)
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module { expected, found } => {
                write!(f, "module  slot: {expected}   artifact: {found}")
            }
            Self::Interface { expected, found } => {
                write!(f, "interface  host: {expected}   artifact: {found}")
            }
            Self::Version { interface, expected, found } => write!(
                f,
                "{interface}  host: version {expected}   artifact: built against {found}, which \
                 is not compatible"
            ),
            Self::Shape(Difference { at, left, right }) => {
                let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".into());
                write!(f, "{at}  host: {}   artifact: {}", side(left), side(right))
            }
            Self::Target { expected, found } => {
                write!(f, "target  host: {expected}   artifact: {found}")
            }
            Self::Aborts => f.write_str(
                "panic strategy  host: needs panic=\"unwind\"   artifact: built with panic=\"abort\"",
            ),
            Self::Abi { expected, found } => {
                write!(f, "hotswap-abi  host: {expected}   artifact: {found}, which is not compatible")
            }
            Self::AbiStable { expected, found } => {
                write!(f, "abi_stable  host: {expected}   artifact: {found}")
            }
            Self::Build(difference) => write!(f, "{difference}"),
            Self::Services { missing } => {
                write!(f, "services  host: without {}   artifact: requires them", missing.join(", "))
            }
        }
    }
}
