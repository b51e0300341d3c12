//! This build, as text: what has to be equal before `#[same_build]` arguments may cross.
//!
//! A macro runs inside the compiler, so the compiler's own command line says how the interface's
//! crate is being built ([`Command`]): profile, features, and each dependency by a file whose name
//! has cargo's hash of the unit, which covers, all the way down, packages, versions, features,
//! profile, compiler and flags. The compiled dependencies name theirs ([`Unit`]), and beside each
//! lies the list of the files that it was made from: of what is no registry's they are hashed
//! ([`sources`]). Cargo compiles the interface's crate anew whenever any of this changes, so the
//! macro runs again, too.
//!
//! The text has a line for each thing: what it is, a tab, its value (for sources another tab, and
//! the beginning of each file's hash with its name); and a mark in front:
//! - nothing: it must be equal, and so must be the list of all such lines;
//! - `?`: it must be equal where both sides have it; it only says better what differs;
//! - `!`: this description cannot be trusted, for the reason given; where it is about what was
//!   `changed`, another build may be known.
//!
//! A module's crate and a host's program are described by [`packages`], package by package.
//!
//! # Why inside the compiler
//! Only there the truth about a build is known: its flags, features and generated files, and which
//! of several builds of a crate it uses. `cargo metadata` was the other candidate. It takes a
//! process and a JSON parser, and knows the workspace but not this build. The price: the code
//! relies on three habits of cargo (hashes in file names, `.d` lists, `invoked.timestamp`) and one
//! of the compiler (a crate's metadata has its dependencies' file names as text). Each is checked.
//! Where one is not found the build is unknown, and an unknown build equals no other. `TypeId`s are
//! equal on both sides, because `-C metadata` must be.

mod build;
mod command;
mod metadata;
mod packages;
mod script;
mod sources;
mod types;
mod unit;
mod used;

pub(crate) use self::{
    build::build,
    packages::{host_build, of_module},
};
