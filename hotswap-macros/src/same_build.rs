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
