//! Pure: a manifest and what a host requires → a verdict.
//!
//! The semantic version is necessary (same major; same minor below 1.0); the shapes decide. A
//! different compiler is no reason to refuse: values are rebuilt at the boundary, and plain data is
//! `repr(C)` with its offsets compared.
//!
//! # What must match, and what may differ
//! [`Requirement::check`] takes the manifest apart without `..`: a new field does not compile until
//! somebody has decided about it here.
//!
//! | field | rule | why |
//! |---|---|---|
//! | magic, format | must be known | another format cannot be read |
//! | `export` | any | it says where the root is; the root is checked when it is found |
//! | `module` | must be the slot's, where the slot names one or reads a folder | a folder holds several modules |
//! | `version` | any, also an older one; where the host keeps floors, not below the module's | going back is an upgrade like any other; with floors it must be on purpose |
//! | `interface` name | must match | another trait |
//! | `interface_version` | same major; below 1.0 same minor | necessary, not sufficient |
//! | methods | by name: each of the host's must be there, or have a default body; more do not matter | modules and hosts age differently |
//! | `&mut self`, number of arguments | must match | it decides about the lock, and the C signature |
//! | argument and result types, recursively | must match: fields and variants by name and order; plain data also size, alignment, offsets and `#[repr]` | values are decoded without names |
//! | supertraits of an interface, `Send` and `Sync` | what the host's has, the module's must have; more does not matter | the caller's proxy promises them |
//! | interfaces that are lent | as above, with the sides swapped | there the module calls |
//! | anything else that generated code assumes | the list below | what nothing carries would be undefined behaviour |
//! | `target` | must match | machine code and C convention |
//! | `unwinds` | must be true | a panic could not be contained |
//! | `rustc` | may differ; must match where the interface has `#[same_build]` arguments | values are rebuilt, plain data is `repr(C)`; nothing else relies on Rust's own layout |
//! | an interface's `build`, and the path of its trait | must match where the host's has a build, line by line, and be known | `#[same_build]` arguments are looked at in place |
//! | `packages` | those that both sides have must match where the interface has `#[same_build]` arguments, and be known | what is lent may hold their values, found by `TypeId` |
//! | `abi` (version of hotswap-abi) | same major; below 1.0 same minor | encoding and calling convention are its business |
//! | `abi_stable` | must match | its layouts are compared in memory |
//! | `requires` | each must be offered by the host | |
//! | `moves` | any | where one of the two does not offer it the state is encoded |
//! | `states` | the table below | |
//!
//! What becomes of the state is decided by the host, as the slot's policy for states says:
//!
//! | the serving state, and the artifact's | what becomes of it |
//! |---|---|
//! | no version serves and the last run left no state, or the one that serves has no state | the module starts fresh |
//! | same name, version known to the artifact, same shape | handed over, and migrated if the artifact's is newer |
//! | same name, version known, another shape | `StateDrift`: refused with a migration to paste, carried by name, or started afresh |
//! | same name, newer than the artifact's, and the serving module's chain has a version that the artifact knows | downgraded by the serving module to the newest such version, in the pause; where a step cannot go back, refused |
//! | same name, no version that both know | refused, or started afresh |
//! | another name, or none | refused, or started afresh |
//! | the serving version's own code hangs in its state | refused, or started afresh |
//!
//! # What generated code assumes of the other side
//! Each side calls the other one through C functions whose signatures it derives from its own copy of
//! the interface. Whatever the generated code relies on is in this list, with what carries it. An
//! assumption that nothing carries would be undefined behaviour from safe code: who adds one to the
//! generated code adds it here, to the description and to the comparison.
//!
//! | assumed | carried by | compared |
//! |---|---|---|
//! | a method of this name is there, or has a default body | [`OwnedMember::name`], `default` in its `attrs` | what the caller has must be on the other side; see [`compare`] for who calls |
//! | `&self` or `&mut self` | `&mut` in the method's `attrs` | equal |
//! | number, order and types of arguments and result | the method's [`parts`](crate::shape::OwnedMember::parts) | equal, all the way down |
//! | the form of an argument: `T`, `&str`, `&T`, `&mut T`, `&[T]`, `&mut [T]`, `&dyn I`, `&mut dyn I`, `&mut dyn FnMut`, `#[same_build]` | the name of the part's [`Shape::Container`] (`&`, `&mut`, `&[]`, …) | equal |
//! | what is called is `Send`, `Sync`: the caller's proxy implements what its trait requires | the interface's [`Definition::attrs`] | what the caller's side requires, the other one must require; both at the top and in what is lent |
//! | a closure makes no promise: its bounds do not compile | the part's name `FnMut` | equal |
//! | an instance is `Send`, `Sync` and `'static` | the bounds of `Module`, by [`Manifest::abi`] | compatible |
//! | what is lent, lives for the call: receivers get references that live as long as the entry point's frame | `&` and `&mut` are the only forms, without lifetimes | – |
//! | a value crosses as it is, or as bytes | [`Definition::layout`]: there for plain data only; for scalars the name | equal |
//! | size and alignment of plain data | [`Definition::layout`] | equal |
//! | where its fields are, which types they have | [`OwnedMember::offset`], `parts` | equal |
//! | its representation: `C`, `transparent`, `u8`, `i8`, `align(8)` | [`Definition::attrs`] | equal |
//! | which values are valid: `bool`, `char`, the variants of an enum with their numbers | the scalar's name; [`OwnedMember::offset`] of each variant | equal, none more and none fewer |
//! | how plain data is passed by value | size, alignment, offsets and scalars: it is passed as a C struct that holds it | equal |
//! | the calling convention, byte order, width of pointers | [`Manifest::target`] | equal |
//! | bytes spell a value of the type | nothing: they are checked when they are decoded, as are those of `#[portable(serde)]` and `#[portable(with = …)]` | – |
//! | order of fields and variants in the bytes | order of the members | equal |
//! | layouts of our own types: `Sink`, `Reply`, `Lent`, `Entry`, the root | [`Manifest::abi`]; for the root [`Manifest::abi_stable`] as well | compatible; equal |
//! | no panic leaves an entry point | [`Manifest::unwinds`]: a module that aborts is refused; a host that is built to abort ends with its own panic, and no frame of the other side is unwound | must hold |
//! | the types of `#[same_build]` arguments, with their auto traits, `TypeId`s and allocator | [`Definition::build`], [`Definition::path`] and [`Manifest::rustc`] | equal ([`Build::difference`]) |
//! | the code of what was lent is mapped | nothing: who calls is inside, and the gate keeps the generation | – |
//!
//! Not assumed, and so not compared: the names of arguments, `#[since]`, `#[fold]`, `#[expected]`, docs, what a
//! default body does, the compiler and its flags (overflow checks, debug assertions, optimisation),
//! the order of methods, the hasher of a map.
//!
//! [`OwnedMember::name`]: crate::shape::OwnedMember::name
//! [`OwnedMember::offset`]: crate::shape::OwnedMember::offset
//! [`Definition::attrs`]: crate::shape::Definition::attrs
//! [`Definition::layout`]: crate::shape::Definition::layout
//! [`Definition::path`]: crate::shape::Definition::path
//! [`Definition::build`]: crate::shape::Definition::build
//! [`Shape::Container`]: crate::shape::Shape::Container

use std::fmt;

use semver::Version;

use crate::{
    manifest::{Manifest, Schema},
    same_build::{Build, BuildDifference, Packages},
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
    /// The packages that the host is built from: they matter to the same interfaces.
    pub packages: Option<Packages>,
    /// The services that the host offers.
    pub services: Vec<String>,
}

impl Requirement {
    /// Requires interface and target; no module's name and no services. A host with `#[same_build]`
    /// arguments has to say which packages it is built from.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        Self {
            module: None,
            interface_version: schema.version.clone(),
            target: schema.target.clone(),
            rustc: schema.rustc.clone(),
            schema,
            packages: None,
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
            packages,
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
        let build = self.build(rustc, types).or_else(|| self.packages(packages.as_ref()));
        found.extend(build.map(Mismatch::Build));
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

    /// The first difference between the packages that host and module have, where the interface has
    /// `#[same_build]` arguments.
    fn packages(&self, artifact: Option<&Packages>) -> Option<BuildDifference> {
        if !self.schema.lends_rust_types() {
            return None;
        }
        match (&self.packages, artifact) {
            (Some(host), Some(artifact)) => Packages::difference(host, artifact),
            (host, _) => Some(BuildDifference::Doubt {
                host: host.is_none(),
                why: "it does not say which packages it is built from".to_owned(),
                again: false,
            }),
        }
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
