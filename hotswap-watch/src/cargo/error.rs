//! Why a builder cannot start.

use std::fmt;
use std::io;
use std::path::PathBuf;

use hotswap_types::escape;
use thiserror::Error;

use crate::error::WatchError;

/// Why a builder cannot start.
#[derive(Error)]
#[non_exhaustive]
pub enum CargoError {
    /// No package was named.
    #[error("no package to build was named")]
    NoPackage,
    /// The folder is not there, or is no folder.
    #[error("cargo cannot be run in {}: no such folder", escape::path(folder))]
    NoFolder {
        /// The folder of the request.
        folder: PathBuf,
    },
    /// There is no such program.
    #[error(
        "{} was not found: install it (https://rustup.rs), put it into PATH, or name it with \
         Request::with_cargo",
        escape::path(program)
    )]
    NoCargo {
        /// What was to be run.
        program: PathBuf,
    },
    /// The program is there and cannot be run.
    #[error("{} cannot be run", escape::path(program))]
    Cargo {
        /// What was to be run.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder is in no workspace.
    #[error("there is no Cargo.toml in {}, nor in a folder above it", escape::path(folder))]
    NoWorkspace {
        /// The folder of the request.
        folder: PathBuf,
    },
    /// Cargo refuses the workspace.
    #[error("cargo refuses the workspace of {}:\n{said}", escape::path(folder))]
    Refused {
        /// The folder of the request.
        folder: PathBuf,
        /// What cargo said.
        said: String,
    },
    /// Cargo's answer cannot be understood.
    #[error("what `cargo metadata` says of {} cannot be understood: {why}", escape::path(folder))]
    Metadata {
        /// The folder of the request.
        folder: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is no package of this name.
    #[error(
        "no package {package} in the workspace of {}{}",
        escape::path(folder),
        Known(nearest, known)
    )]
    UnknownPackage {
        /// The name that was given.
        package: String,
        /// The workspace.
        folder: PathBuf,
        /// The name that is most like it.
        nearest: Option<String>,
        /// All names there are.
        known: Vec<String>,
    },
    /// A package cannot be built as a module.
    #[error(
        "package {package} has no library of type cdylib: add\n[lib]\ncrate-type = [\"cdylib\", \
         \"rlib\"]\nto {}",
        escape::path(manifest)
    )]
    NoCdylib {
        /// The package.
        package: String,
        /// Its manifest.
        manifest: PathBuf,
    },
    /// The sources cannot be watched.
    #[error("the sources cannot be watched")]
    Watch(#[from] WatchError),
    /// A thread cannot be started.
    #[error("a thread to build with cannot be started")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
}

hotswap_abi::debug_in_full!(CargoError);

/// What else could be meant.
struct Known<'a>(&'a Option<String>, &'a [String]);

impl fmt::Display for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nearest) = self.0 {
            write!(f, "; did you mean {nearest}?")?;
        }
        match self.1 {
            [] => f.write_str("; it has none"),
            known => write!(f, "; there are: {}", known.join(", ")),
        }
    }
}
