//! Why floors cannot be had.

use std::{io, path::PathBuf};

use hotswap_types::escape;

use super::file::{Damage, FORMAT};
use crate::written::by_another;

/// Why the floors cannot be had.
#[derive(thiserror::Error)]
pub(crate) enum FloorsError {
    #[error("{} cannot be read", escape::path(path))]
    Read { path: PathBuf, source: io::Error },
    #[error("{} cannot be written", escape::path(path))]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "{} is damaged, and was left as it is: bring it back, or remove it to let every version \
         serve again",
        escape::path(path)
    )]
    Damaged { path: PathBuf, source: Damage },
    #[error("{} {}", escape::path(path), by_another(*found, FORMAT, hotswap.as_ref()))]
    Format { path: PathBuf, found: u32, hotswap: Option<String> },
    #[error("they must be the host's user's alone, and {found}; {advice}")]
    Writable { found: String, advice: String },
}

hotswap_abi::debug_in_full!(FloorsError);
