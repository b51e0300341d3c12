//! Reads a manifest. The bytes are hostile: every length is checked against what is left, nothing
//! is allocated for a count that the bytes cannot back, and size and nesting are bounded, also the
//! nesting that only shows when a type is written out (`written`).

use std::iter;

use semver::Version;

use super::{
    FORMAT, MAGIC, Manifest, SCHEMA_MAGIC, Schema, StateVersion,
    encode::HEADER,
    written::{self, DEEPEST},
};
use crate::same_build::{Build, Packages};
use crate::shape::{Definition, Kind, OwnedMember, Shape, Skipped, Types};
use crate::text::is_obeyed;

/// The most bytes of a manifest or a schema; those of large programs have some ten thousand.
const LARGEST: usize = 4 << 20;

/// The longest text of a type, or of a method's signature.
const LONGEST: usize = 64 << 10;

/// What is reserved for a count before as many items were read.
const AT_ONCE: usize = 64;

/// Why bytes are no manifest.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The bytes do not begin like a manifest.
    #[error("the .hotswap section does not begin with a manifest")]
    Magic,
    /// It is of a format that this version does not read.
    #[error("the manifest has format {found}, this version of hotswap reads format {FORMAT}")]
    Format {
        /// The format's number.
        found: u16,
    },
    /// It is not as long as it says.
    #[error("the manifest says it is {said} bytes long, and {found} are there")]
    Length {
        /// The length in its header.
        said: u64,
        /// The bytes behind the header.
        found: u64,
    },
    /// It says that it is longer than any is.
    #[error("the manifest says it is {said} bytes long, the limit is {LARGEST}")]
    Large {
        /// The length in its header.
        said: u64,
    },
    /// There are two: the module's crate has two structs with `#[derive(HotModule)]`.
    #[error("the artifact has two manifests; a crate can hold one `#[derive(HotModule)]`")]
    Two,
    /// A field is damaged.
    #[error("the manifest is damaged: expected {expected} at byte {at}")]
    Damaged {
        /// What should be there.
        expected: &'static str,
        /// Where, counted from the manifest's beginning.
        at: usize,
    },
}

crate::debug_in_full!(ManifestError);

impl Manifest {
    /// Reads a manifest from an artifact's `.hotswap` section.
    ///
    /// # Errors
    /// When the bytes are no manifest, or not just one.
    pub fn decode(section: &[u8]) -> Result<Self, ManifestError> {
        let (mut input, rest) = Input::open(MAGIC, section)?;
        if rest.starts_with(&MAGIC) {
            return Err(ManifestError::Two);
        }
        // A linker may pad a section.
        if rest.iter().any(|byte| *byte != 0) {
            return Err(input.length(section.len() - HEADER));
        }
        let export = input.text()?;
        let module = input.text()?;
        let version = input.version()?;
        let interface_version = input.version()?;
        let unwinds = input.flag()?;
        let target = input.text()?;
        let rustc = input.text()?;
        let abi = input.version()?;
        let abi_stable = input.text()?;
        let requires = input.many(|input| input.text())?;
        let moves = input.flag()?;
        let packages = input.described("the packages of a module", Packages::parse)?;
        input.table()?;
        let interface = input.shape(0)?;
        input.table()?;
        let states = input.many(|input| {
            Ok(StateVersion {
                name: input.text()?,
                version: u32::try_from(input.number(4)?).unwrap_or(u32::MAX),
                shape: input.shape(0)?,
            })
        })?;
        let types = input.close(states.iter().map(|state| &state.shape))?;
        interface_in(&types, &interface, section.len())?;
        Ok(Self {
            export,
            module,
            version,
            interface_version,
            unwinds,
            target,
            rustc,
            abi,
            abi_stable,
            requires,
            interface,
            moves,
            packages,
            states,
            types,
            encoded: section[..section.len() - rest.len()].into(),
        })
    }
}

impl Schema {
    /// Reads an interface's description; whatever stands behind it is left alone.
    ///
    /// # Errors
    /// When the bytes do not begin with one.
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        let (mut input, _) = Input::open(SCHEMA_MAGIC, bytes)?;
        let version = input.version()?;
        let target = input.text()?;
        let rustc = input.text()?;
        let abi = input.version()?;
        let abi_stable = input.text()?;
        input.table()?;
        let interface = input.shape(0)?;
        let types = input.close(iter::empty())?;
        interface_in(&types, &interface, bytes.len())?;
        Ok(Self { version, target, rustc, abi, abi_stable, interface, types })
    }
}

/// What is described must be an interface.
fn interface_in(types: &Types, shape: &Shape, at: usize) -> Result<(), ManifestError> {
    match types.definition(shape) {
        Some(definition) if definition.kind == Kind::Interface => Ok(()),
        _ => Err(ManifestError::Damaged { expected: "an interface", at }),
    }
}

/// With how many arguments a type of this name is written at least.
fn least_arguments(name: &str) -> usize {
    match name {
        "BTreeMap" | "HashMap" | "indexmap::IndexMap" => 2,
        _ => 1,
    }
}

/// What a member of a struct or an enum says.
enum Either {
    Stored(OwnedMember),
    Skipped(Skipped),
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
    definitions: Vec<Definition>,
    /// One more than the highest number by which a definition is referred to.
    referred: usize,
}

impl<'a> Input<'a> {
    /// Checks the header; returns the fields, and what stands behind the manifest.
    fn open(magic: [u8; 8], section: &'a [u8]) -> Result<(Self, &'a [u8]), ManifestError> {
        let mut input = Input { bytes: section, at: 0, definitions: Vec::new(), referred: 0 };
        if input.take(magic.len()).is_none_or(|bytes| bytes != magic) {
            return Err(ManifestError::Magic);
        }
        let format = input.number(2)? as u16;
        if format != FORMAT {
            return Err(ManifestError::Format { found: format });
        }
        let said = input.number(4)?;
        if said > LARGEST as u64 {
            return Err(ManifestError::Large { said });
        }
        let found = section.len() - HEADER;
        let end = usize::try_from(said).ok().filter(|said| *said <= found);
        let Some(end) = end else {
            return Err(ManifestError::Length { said, found: found as u64 });
        };
        let (bytes, rest) = section.split_at(HEADER + end);
        input.bytes = bytes;
        Ok((input, rest))
    }

    fn close<'s>(self, others: impl Iterator<Item = &'s Shape>) -> Result<Types, ManifestError> {
        if self.at != self.bytes.len() {
            return Err(self.damaged("the end"));
        }
        if self.referred > self.definitions.len() {
            return Err(self.damaged("the definition of a type that is referred to"));
        }
        if !written::is_bounded(&self.definitions, others, LONGEST) {
            return Err(self.damaged("types that can be written in a few lines"));
        }
        Ok(Types { definitions: self.definitions })
    }

    fn length(&self, found: usize) -> ManifestError {
        ManifestError::Length { said: (self.bytes.len() - HEADER) as u64, found: found as u64 }
    }

    fn damaged(&self, expected: &'static str) -> ManifestError {
        ManifestError::Damaged { expected, at: self.at }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let bytes = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(bytes)
    }

    fn number(&mut self, width: usize) -> Result<u64, ManifestError> {
        let bytes = self.take(width).ok_or_else(|| self.damaged("a number"))?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn flag(&mut self) -> Result<bool, ManifestError> {
        match self.number(1)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.damaged("0 or 1")),
        }
    }

    fn text(&mut self) -> Result<String, ManifestError> {
        let len = self.number(2)? as usize;
        let bytes = self.take(len).ok_or_else(|| self.damaged("a text"))?;
        // A terminal must not obey an artifact.
        match str::from_utf8(bytes) {
            Ok(text) if !text.contains(is_obeyed) => Ok(text.to_owned()),
            _ => Err(self.damaged("a text without control characters")),
        }
    }

    fn version(&mut self) -> Result<Version, ManifestError> {
        Version::parse(&self.text()?).map_err(|_| self.damaged("a semantic version"))
    }

    fn many<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, ManifestError>,
    ) -> Result<Vec<T>, ManifestError> {
        let count = self.number(2)?;
        let mut items = Vec::with_capacity((count as usize).min(AT_ONCE));
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    fn shape(&mut self, depth: usize) -> Result<Shape, ManifestError> {
        if depth > DEEPEST {
            return Err(self.damaged("types that are nested less deeply"));
        }
        let tag = self.number(1)? as u8;
        if tag == 0xff {
            let number = self.number(2)? as usize;
            self.referred = self.referred.max(number + 1);
            return Ok(Shape::Defined(number));
        }
        let kind = Kind::from_u8(tag).ok_or_else(|| self.damaged("a kind of type"))?;
        let name = self.text()?;
        match kind {
            Kind::Scalar | Kind::Opaque | Kind::Container => {
                let len = self.number(8)?.checked_sub(1);
                let args = self.many(|input| input.shape(depth + 1))?;
                match kind {
                    Kind::Scalar => Ok(Shape::Scalar(name)),
                    Kind::Opaque => Ok(Shape::Opaque(name)),
                    // Who reads a type by its name relies on these.
                    _ if args.len() < least_arguments(&name) => {
                        Err(self.damaged("a type's arguments"))
                    }
                    _ => Ok(Shape::Container { name, len, args }),
                }
            }
            Kind::Struct | Kind::Enum | Kind::Interface => Err(self.damaged("a type's number")),
        }
    }

    /// The definitions that are referred to by their numbers.
    fn table(&mut self) -> Result<(), ManifestError> {
        let table = self.many(Self::definition)?;
        self.definitions.extend(table);
        Ok(())
    }

    fn definition(&mut self) -> Result<Definition, ManifestError> {
        let Some(kind @ (Kind::Struct | Kind::Enum | Kind::Interface)) =
            Kind::from_u8(self.number(1)? as u8)
        else {
            return Err(self.damaged("a struct, an enum or an interface"));
        };
        let name = self.text()?;
        let path = self.text()?;
        let attrs = self.text()?;
        let layout = if self.flag()? { Some((self.number(8)?, self.number(8)?)) } else { None };
        let args = self.many(|input| input.shape(0))?;
        let build = match kind {
            Kind::Interface => self.described("the description of a build", Build::parse)?,
            _ => None,
        };
        let all = self.many(|input| input.member(kind))?;
        let (mut members, mut skipped) = (Vec::new(), Vec::new());
        for member in all {
            match member {
                Either::Stored(member) => members.push(member),
                Either::Skipped(field) => skipped.push(field),
            }
        }
        Ok(Definition { kind, name, path, attrs, layout, args, members, skipped, build })
    }

    /// A long text that something is read from; `None` where there is none.
    fn described<T>(
        &mut self,
        expected: &'static str,
        read: fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ManifestError> {
        let len = self.number(4)? as usize;
        let bytes = self.take(len).ok_or_else(|| self.damaged("a text"))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let found = str::from_utf8(bytes).ok().and_then(read);
        found.map(Some).ok_or_else(|| self.damaged(expected))
    }

    fn member(&mut self, kind: Kind) -> Result<Either, ManifestError> {
        let name = self.text()?;
        let attrs = self.text()?;
        let offset = self.number(8)?;
        let labels = self.many(|input| input.text())?;
        let parts = self.many(|input| input.shape(0))?;
        if let (Kind::Struct | Kind::Enum, Some(attrs), [], []) =
            (kind, attrs.strip_prefix("skip "), &*labels, &*parts)
        {
            let (variant, name) = match name.split_once('.') {
                Some((variant, name)) => (Some(variant.to_owned()), name.to_owned()),
                None => (None, name),
            };
            return Ok(Either::Skipped(Skipped { variant, name, attrs: attrs.to_owned() }));
        }
        let expected = match kind {
            Kind::Struct => 1,
            Kind::Interface => labels.len() + 1,
            _ => labels.len(),
        };
        if parts.len() != expected || (kind == Kind::Struct && !labels.is_empty()) {
            return Err(self.damaged("as many types as names"));
        }
        Ok(Either::Stored(OwnedMember { name, attrs, offset, labels, parts }))
    }
}
