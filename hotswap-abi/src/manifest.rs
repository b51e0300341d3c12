//! The manifest: what an artifact says of itself, readable without running it.
//!
//! `#[derive(HotModule)]` puts it into the artifact's `.hotswap` section as bytes that are computed
//! while the module is compiled ([`encode`]). The host reads the section from the file and decodes
//! it ([`Manifest::decode`]); the bytes are taken as hostile.
//!
//! # Format
//! `"HOTSWAP\0"`, the format's number (u16), the length of what follows (u32), then the fields in
//! the order of [`Manifest`]. Numbers are little-endian; a text is a u16 length and UTF-8.
//!
//! # A host's side
//! What a host was compiled with is described in the same way: a [`Schema`] for each interface that
//! it opens slots for, with a beginning of its own ([`SCHEMA_MAGIC`]), so that it can be found in
//! the bytes of a host's executable, which has no section for it.

mod decode;
mod encode;
mod written;

pub use decode::ManifestError;
pub use encode::{Source, encode, encode_schema, encoded_len, schema_len};

use semver::Version;

use crate::{
    same_build::Packages,
    shape::{Shape, Types},
};

/// The name of the section that holds the manifest.
pub const SECTION: &str = ".hotswap";

/// The format that this version reads and writes.
pub const FORMAT: u16 = 4;

pub(crate) const MAGIC: [u8; 8] = *b"HOTSWAP\0";

/// What an interface's description begins with.
pub const SCHEMA_MAGIC: [u8; 8] = *b"HOTFACE\0";

/// The compiler that built this crate, and with it the module or the host.
pub const RUSTC: &str = env!("HOTSWAP_RUSTC");

/// The target that this crate was built for.
pub const TARGET: &str = env!("HOTSWAP_TARGET");

/// The version of this crate.
pub const ABI: &str = env!("CARGO_PKG_VERSION");

/// The version of abi_stable whose layout checker both sides use.
pub const ABI_STABLE: &str = "0.11.3";

/// What an artifact says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// The symbol under which the root is exported.
    pub export: String,
    /// The module: its crate's name.
    pub module: String,
    /// Its version.
    pub version: Version,
    /// The version of the interface it was built against.
    pub interface_version: Version,
    /// Whether panics unwind; a module that aborts would take the host along.
    pub unwinds: bool,
    /// The target triple.
    pub target: String,
    /// The compiler, as `rustc --version` prints it.
    pub rustc: String,
    /// The version of this crate.
    pub abi: Version,
    /// The version of abi_stable.
    pub abi_stable: String,
    /// Services that the host must offer.
    pub requires: Vec<String>,
    /// The interface it implements.
    #[doc(hidden)]
    pub interface: Shape,
    /// Whether it hands its state over as memory, where that can be done.
    pub moves: bool,
    /// The packages that it is built from, where its interface has `#[same_build]` arguments.
    #[doc(hidden)]
    pub packages: Option<Packages>,
    /// Its state, newest version first; empty for none.
    #[doc(hidden)]
    pub states: Vec<StateVersion>,
    /// The definitions that the shapes refer to.
    #[doc(hidden)]
    pub types: Types,
    pub(crate) encoded: Box<[u8]>,
}

/// A version of the module's state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateVersion {
    /// The state's name.
    pub name: String,
    /// The version.
    pub version: u32,
    /// Its shape.
    pub shape: Shape,
}

impl Schema {
    /// Whether it lends values as `#[same_build]`, itself or by an interface that it lends. The
    /// code of such a module stays mapped for ever: what is lent may hold pointers into it.
    #[must_use]
    pub fn lends_rust_types(&self) -> bool {
        self.types.definitions.iter().any(|definition| definition.build.is_some())
    }

    /// The first method that does, as a user would write it.
    #[must_use]
    pub fn first_same_build(&self) -> Option<String> {
        let definitions = self.types.definitions.iter().filter(|it| it.build.is_some());
        let mut methods = definitions.flat_map(|it| it.members.iter().map(move |m| (it, m)));
        let (interface, method) = methods.find(|(_, method)| {
            let mut parts = method.parts.iter();
            parts
                .any(|part| matches!(part, Shape::Container { name, .. } if name.starts_with("#[")))
        })?;
        Some(format!("{}::{}", interface.name, self.types.signature(method)))
    }
}

impl Manifest {
    /// The name of the interface.
    #[must_use]
    pub fn interface_name(&self) -> &str {
        self.types.definition(&self.interface).map_or("?", |definition| &definition.name)
    }

    /// The bytes that it was decoded from.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// What a host would be compiled with that has the module's version of the interface.
    #[doc(hidden)]
    #[must_use]
    pub fn schema(&self) -> Schema {
        Schema {
            version: self.interface_version.clone(),
            target: self.target.clone(),
            rustc: self.rustc.clone(),
            abi: self.abi.clone(),
            abi_stable: self.abi_stable.clone(),
            interface: self.interface.clone(),
            types: self.types.clone(),
        }
    }

    /// The state as this version of the module writes it.
    #[doc(hidden)]
    #[must_use]
    pub fn state(&self) -> Option<&StateVersion> {
        self.states.first()
    }
}

/// An interface as a host was compiled with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schema {
    /// The interface's version.
    pub version: Version,
    /// The host's target triple.
    pub target: String,
    /// The compiler that built it.
    pub rustc: String,
    /// Its version of this crate.
    pub abi: Version,
    /// Its version of abi_stable.
    pub abi_stable: String,
    /// The interface.
    pub interface: Shape,
    /// The definitions that it refers to.
    pub types: Types,
}

impl Schema {
    /// The name of the interface.
    #[must_use]
    pub fn interface_name(&self) -> &str {
        self.types.definition(&self.interface).map_or("?", |definition| &definition.name)
    }
}
