//! How a command ends.

use std::process::ExitCode;

use hotswap_core::abi::__private::text::in_full;

/// How a command has ended: the exit codes, which scripts rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 0: done; the answer is yes.
    Done,
    /// 1: the answer is no. Nothing was changed.
    No,
    /// 2: it could not be done or judged: a file that cannot be read, a wrong argument.
    Unable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::No => Self::from(1),
            Outcome::Unable => Self::from(2),
        }
    }
}

/// Why a command was not done.
#[derive(thiserror::Error)]
pub(crate) enum Error {
    /// Looked at, and refused; nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// Not possible here.
    #[error("{0}")]
    Unable(String),
    /// Not possible here, for a reason that `doctor` takes easily.
    #[error(
        "there is no Cargo.toml in {0}, nor in a folder above it: go to a workspace, or make one \
         with `cargo hotswap new NAME`"
    )]
    NoWorkspace(String),
}

hotswap_core::abi::debug_in_full!(Error);

impl Error {
    /// What a command answers that ends with this.
    pub(crate) const fn outcome(&self) -> Outcome {
        match self {
            Self::Refused(_) => Outcome::No,
            Self::Unable(_) | Self::NoWorkspace(_) => Outcome::Unable,
        }
    }

    /// With what has caused it, for errors whose text does not repeat their source.
    pub(crate) fn unable(error: &dyn std::error::Error) -> Self {
        Self::Unable(in_full(error))
    }
}
