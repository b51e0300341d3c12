//! Descriptions of types, and their differences in words.
//!
//! A type that crosses the boundary, or that is part of a state, describes itself in constants:
//! an [`Info`] (its name and the names of its parts) and, as a type-level list, the types of these
//! parts ([`Cell`]). From both a tree of [`Node`]s is made at compile time, which the
//! manifest's encoder walks; the host decodes the bytes into [`Types`] and compares them there.
//!
//! # Recursive types
//! `struct Node { kids: Vec<Node> }` must not make a constant that refers to itself (E0391). So a
//! [`Node`] names a type and its arguments, an [`Outline`] adds the nodes of its parts, and the
//! outlines of everything that it is made of are found by a *ladder* of constants: those at step n
//! are the type's own and those that its parts find at step n - 1; at step 0 there are none. A
//! description is complete when the last step has found no more than the one before.

mod diff;
mod ladder;
mod outline;
mod owned;
mod std_types;

pub use diff::{Difference, compare, compare_stored};
pub(crate) use ladder::Nodes;
pub use ladder::{Cell, Join, Ladder, List, Parts, PartsLadder, list};
pub use outline::{Outline, Outlines, Whole};
pub use owned::{Definition, OwnedMember, Shape, Types};
pub use std_types::{Count, FnMutShape, Mut, Ref, SameBuild, SameBuildMut, Slice, SliceMut};

/// The purpose of a description: a type that crosses a call, in declaration order.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Wire;

/// The purpose of a description: a type that is stored in a state, as serde sees it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Stored;

/// What a type is, as far as its description goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// A number, `bool`, `char`, `str`, `String`: its name says it all.
    Scalar = 0,
    /// A type of the standard library that is described by its type arguments.
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

/// A type that describes itself, for the purpose `P`.
///
/// Derived: `Portable` and `Plain` describe a type for [`Wire`], `Shape` and `HotState` for
/// [`Stored`].
///
/// # Safety
/// Two builds of a module and a host call each other with the C signatures that they each derive
/// from their own types, as soon as the descriptions of these types are equal. So a description for
/// [`Wire`] must be of this very type, and determine how its values cross:
/// - where it says a scalar or a type of the standard library, the type is that one;
/// - where it has a layout, the type is plain data of that size and alignment, with fields of these
///   types at these offsets, or variants of these numbers;
/// - where it is of a user's type without a layout, values travel
///   [`Encoded`](crate::portable::Encoded);
/// - [`args`](Self::args) and [`parts`](Self::parts) list the types that [`INFO`](Self::INFO)
///   counts.
///
/// The derives do this. Implementing [`Portable`](crate::Portable) by hand takes a description by
/// hand as well, and with it this promise.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not describe itself",
    label = "derive `Shape` for this type",
    note = "for a type of your own that is part of a state: `#[derive(Shape)]` on it",
    note = "for a type of another crate: `#[shape(opaque)]` on the field; it is then compared by \
            decoding and encoding it",
    note = "for a type that crosses a call: `#[derive(Portable)]`"
)]
pub unsafe trait Shaped<P> {
    /// The names.
    const INFO: Info;
    /// The type arguments, as a list `Cell<A, Cell<B, ()>>`. Never called, and no associated type:
    /// a public type may have fields of private ones, which an associated type must not show
    /// (E0446).
    #[doc(hidden)]
    fn args() -> impl Parts<P>;
    /// The types of the members' parts, in order.
    #[doc(hidden)]
    fn parts() -> impl Parts<P>;
}

/// A type and its arguments.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Node {
    /// The names of the type.
    pub info: &'static Info,
    /// Its type arguments.
    pub args: &'static List,
    /// A hash of the type's name, place and arguments.
    pub id: u64,
}

impl Node {
    pub(crate) const fn new(info: &'static Info, args: &'static List) -> Self {
        let mut id = 0xcbf2_9ce4_8422_2325;
        id = hash(id, info.path.as_bytes());
        id = hash(id, info.name.as_bytes());
        let len = match info.layout {
            Some((len, _)) => len as u64,
            None => 0,
        };
        id = mixed(id, info.kind as u64);
        id = mixed(id, len);
        let mut nodes = Nodes::new(Some(args));
        while let Some(arg) = nodes.next() {
            id = mixed(id, arg.id);
        }
        Self { info, args, id }
    }

    /// Whether the type is the user's: written out once, and referred to.
    pub(crate) const fn is_defined(&self) -> bool {
        matches!(self.info.kind, Kind::Struct | Kind::Enum | Kind::Interface)
    }
}

/// One more text in a hash, with its length. Eight bytes at a time, since the compiler interprets
/// it; folded after each, so that the upper bits of one word reach the lower ones of the hash.
const fn hash(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk() {
        hash = mixed(hash, u64::from_le_bytes(*word));
        rest = after;
    }
    let mut last = bytes.len() as u64;
    while let [byte, after @ ..] = rest {
        last = last << 8 | *byte as u64;
        rest = after;
    }
    mixed(hash, last)
}

const fn mixed(hash: u64, word: u64) -> u64 {
    let hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ hash >> 32
}

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

/// A field whose type may describe itself or not, as [`Probe`] has found out: the type itself, or
/// its name. That it is the type itself, and nothing that stands for it, saves the compiler most of
/// the constants: a `u32` has one description, in whatever field it is.
pub type Maybe<T, N, const KNOWN: bool> = <Choice<T, N> as Choose<KNOWN>>::Part;

/// For [`Maybe`].
#[derive(Debug)]
pub struct Choice<T: ?Sized, N>(std::marker::PhantomData<(N, std::marker::PhantomData<T>)>);

/// For [`Maybe`].
pub trait Choose<const KNOWN: bool> {
    /// What describes itself.
    type Part: ?Sized;
}

impl<T: ?Sized, N> Choose<true> for Choice<T, N> {
    type Part = T;
}

impl<T: ?Sized, N> Choose<false> for Choice<T, N> {
    type Part = Opaque<N>;
}

/// A type that does not describe itself, by its name: the text of the field's type.
#[derive(Debug)]
pub struct Opaque<N>(std::marker::PhantomData<N>);

/// A name carried by a type, for [`Opaque`].
pub trait Named {
    /// The name.
    const NAME: &'static str;
}

// SAFETY: no value of a type that is known by name only crosses, but in a field that travels as bytes.
unsafe impl<P, N: Named> Shaped<P> for Opaque<N> {
    const INFO: Info = Info::opaque(N::NAME);
    fn args() -> impl Parts<P> {}
    fn parts() -> impl Parts<P> {}
}

/// Tells in a constant whether a type describes itself for a purpose.
///
/// `Probe::<T, P>::KNOWN` finds the inherent constant where `T: Shaped<P>`, and the one of
/// [`Unknown`] otherwise.
#[derive(Debug)]
pub struct Probe<T: ?Sized, P>(std::marker::PhantomData<(P, std::marker::PhantomData<T>)>);

impl<T: Shaped<P> + ?Sized, P> Probe<T, P> {
    /// The type describes itself.
    pub const KNOWN: bool = true;
}

/// The other half of [`Probe`].
pub trait Unknown {
    /// The type does not describe itself.
    const KNOWN: bool = false;
}

impl<T: ?Sized, P> Unknown for Probe<T, P> {}
