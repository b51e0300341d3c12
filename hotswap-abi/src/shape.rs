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

pub mod attrs;
mod diff;
mod info;
mod ladder;
mod node;
mod outline;
mod owned;
mod probe;
mod std_types;

pub use diff::{Difference, compare, compare_stored};
pub(crate) use info::equal;
pub use info::{Info, Kind, Member};
pub use ladder::{Cell, Join, Ladder, Parts, PartsLadder, Shaped, list};
pub(crate) use node::Nodes;
pub use node::{List, Node};
pub use outline::{Outline, Outlines, Whole};
pub use owned::{Definition, OwnedMember, Shape, Skipped, Types};
pub use probe::{Choice, Choose, Maybe, Named, Nameless, Opaque, Probe, Unknown};
pub use std_types::{Count, FnMutShape, Mut, Ref, SameBuild, SameBuildMut, Slice, SliceMut};

/// The purpose of a description: a type that crosses a call, in declaration order.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Wire;

/// The purpose of a description: a type that is stored in a state, as serde sees it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Stored;
