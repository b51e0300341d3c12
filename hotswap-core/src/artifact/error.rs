//! Why a file is no artifact, and why an artifact would not be taken.

use std::{error, fmt, path::Path};

use hotswap_types::{Phase, escape};

use crate::upgrade::{Fault, StageError};

/// Why a file was not read as what it should be.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct ArtifactError(#[from] Reason);

hotswap_abi::debug_in_full!(ArtifactError);

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(transparent)]
    Unread(StageError),
    #[error("{path} is no module that a host would load\n{objection}")]
    Unsound { path: String, objection: Objection },
    #[error(
        "{path} is neither a module nor a host: no interface that a slot is opened for was found \
         in it\n{objection}"
    )]
    Neither { path: String, objection: Objection },
}

impl ArtifactError {
    pub(super) const fn unread(error: StageError) -> Self {
        Self(Reason::Unread(error))
    }

    pub(super) fn unsound(path: &Path, fault: Fault) -> Self {
        let path = escape::path(path).to_string();
        Self(Reason::Unsound { path, objection: fault.into() })
    }

    pub(super) fn neither(self) -> Self {
        match self.0 {
            Reason::Unsound { path, objection } => Self(Reason::Neither { path, objection }),
            reason => Self(reason),
        }
    }

    /// The file could not be read at all: it is not there, say, or being written.
    #[must_use]
    pub const fn is_unread(&self) -> bool {
        matches!(self.0, Reason::Unread(_))
    }

    /// It passes by itself: somebody is writing the file, or was.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(&self.0, Reason::Unread(error) if error.try_again())
    }

    /// What a host would say of the file, if it was read.
    #[must_use]
    pub const fn objection(&self) -> Option<&Objection> {
        match &self.0 {
            Reason::Unread(_) => None,
            Reason::Unsound { objection, .. } | Reason::Neither { objection, .. } => {
                Some(objection)
            }
        }
    }
}

/// Why an artifact would not be taken: what a host would say in a
/// [`Refusal`](crate::event::Refusal).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Objection {
    /// The phase that would not be reached.
    pub phase: Phase,
    /// What was expected and what was found, a line each.
    pub findings: Vec<String>,
    /// What to do.
    pub advice: String,
}

hotswap_abi::debug_in_full!(Objection);

impl From<Fault> for Objection {
    fn from(fault: Fault) -> Self {
        // Nobody waits for the file to change.
        let advice = fault.advice_alone();
        Self { phase: fault.phase, findings: fault.findings, advice }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.findings.iter().flat_map(|finding| finding.lines()) {
            writeln!(f, "  {line}")?;
        }
        write!(f, "  do: {}", self.advice)
    }
}

impl error::Error for Objection {}
