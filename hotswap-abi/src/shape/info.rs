//! The names that describe a type.

/// What a type is, as far as its description goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// A number, `bool`, `char`, `str`, `String`, `uuid::Uuid`: its name says it all.
    Scalar = 0,
    /// A type of the standard library, or of a crate that this one has a feature for, that is described
    /// by its type arguments.
    Container = 1,
    /// A user's struct; its members are the fields.
    Struct = 2,
    /// A user's enum; its members are the variants.
    Enum = 3,
    /// An interface; its members are the methods.
    Interface = 4,
    /// A type that does not describe itself, known by its name only.
    Opaque = 5,
}

impl Kind {
    /// The kind with this number in a manifest.
    pub(crate) const fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Scalar,
            1 => Self::Container,
            2 => Self::Struct,
            3 => Self::Enum,
            4 => Self::Interface,
            5 => Self::Opaque,
            _ => return None,
        })
    }
}

/// The names that describe a type; the types of its parts are in a list beside it.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "written out by the derives in users' crates")]
pub struct Info {
    /// What the type is.
    pub kind: Kind,
    /// Its name without path or arguments.
    pub name: &'static str,
    /// The module path in which it was declared; empty for types of the standard library.
    pub path: &'static str,
    /// Attributes of the whole type that change its representation: `serde(tag = "t")`, `repr(C)`.
    /// For an interface, its supertraits: `Send Sync`.
    pub attrs: &'static str,
    /// How many type arguments it has.
    pub args: usize,
    /// Fields, variants or methods, in order of declaration.
    pub members: &'static [Member],
    /// Size and alignment in bytes, for plain data and arrays (length in `size`).
    pub layout: Option<(usize, usize)>,
    /// The build of the crate that declares an interface with `#[same_build]` arguments, as
    /// [`Build`](crate::same_build::Build) reads it; empty for everything else.
    pub build: &'static str,
}

/// A field, a variant or a method.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "written out by the derives in users' crates")]
pub struct Member {
    /// Its name; `"0"`, `"1"`, … for the fields of a tuple struct.
    pub name: &'static str,
    /// What changes its representation or its meaning: serde attributes, `&mut self`, `since = …`.
    pub attrs: &'static str,
    /// The names of its parts: the fields of a variant, the arguments of a method. A method has
    /// one part more, its result; a field has exactly one part and no label.
    pub labels: &'static [&'static str],
    /// How many parts belong to it.
    pub parts: usize,
    /// Its offset in bytes, for the fields of plain data; a variant of plain data has its number here.
    pub offset: u64,
}

impl Info {
    /// A type whose name says it all.
    #[must_use]
    pub const fn scalar(name: &'static str) -> Self {
        Self::named(Kind::Scalar, name, 0)
    }

    /// A type of the standard library with `args` type arguments.
    #[must_use]
    pub const fn container(name: &'static str, args: usize) -> Self {
        Self::named(Kind::Container, name, args)
    }

    /// A type that is known by its name only.
    #[must_use]
    pub const fn opaque(name: &'static str) -> Self {
        Self::named(Kind::Opaque, name, 0)
    }

    const fn named(kind: Kind, name: &'static str, args: usize) -> Self {
        Self { kind, name, path: "", attrs: "", args, members: &[], layout: None, build: "" }
    }
}

/// Whether two texts are one, in constants.
pub(crate) const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
