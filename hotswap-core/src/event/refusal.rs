//! A refused artifact, told so that somebody at 2 a.m. knows what serves and what to do.

use std::fmt;

use hotswap_types::{ArtifactHash, ModuleVersion, Outcome, Phase, escape};
use serde::{Deserialize, Serialize};

use crate::report::Serving;

/// Whose fault it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Exit {
    /// The artifact's: it is not tried again until it changes or is cleared.
    Rejected,
    /// Not the artifact's: it is tried again.
    Cancelled,
    /// It has served, and its trial went wrong: the version before serves again. It is not tried
    /// again until it changes or is cleared.
    RolledBack,
    /// Its trial went wrong, and the way back did as well: it serves on.
    Degraded,
}

impl From<Exit> for Outcome {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Rejected => Self::Rejected,
            Exit::Cancelled => Self::Cancelled,
            Exit::RolledBack => Self::RolledBack,
            Exit::Degraded => Self::Degraded,
        }
    }
}

/// An artifact that was refused or rolled back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refusal {
    /// The slot.
    pub slot: String,
    /// The module and its version, if the manifest could be read.
    pub module: Option<ModuleVersion>,
    /// The artifact; `None` if it could not be read, or is built into the program.
    pub artifact: Option<ArtifactHash>,
    /// Where the artifact was found.
    pub path: String,
    /// The phase that was not reached, or that went wrong.
    pub phase: Phase,
    /// Whose fault it was.
    pub exit: Exit,
    /// What serves; `None` before the first load.
    pub serving: Option<Serving>,
    /// What became of the state, e.g. `state untouched`.
    pub state: String,
    /// What was expected and what was found, a line each.
    pub findings: Vec<String>,
    /// What to do.
    pub advice: String,
    /// It was cancelled, and is tried again by itself.
    #[serde(default)]
    pub tried_again: bool,
    /// Another build of the same sources may be taken.
    #[serde(skip)]
    pub(crate) again: bool,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.exit {
            Exit::Rejected => "refused",
            Exit::Cancelled => "cancelled",
            Exit::RolledBack => "rolled back",
            Exit::Degraded => "DEGRADED: not rolled back",
        };
        match &self.module {
            Some(module) => write!(f, "{word} {module}")?,
            None => write!(f, "{word} {}", escape::path(&self.path))?,
        }
        if let Some(artifact) = &self.artifact {
            write!(f, " ({}…)", artifact.short())?;
        }
        if self.module.as_ref().is_none_or(|module| module.name != self.slot) {
            write!(f, " for slot {}", self.slot)?;
        }
        write!(f, " at {}; ", self.phase)?;
        match &self.serving {
            Some(Serving { version, generation }) => {
                write!(f, "serving {version} (generation {generation}), {}", self.state)?;
            }
            None => f.write_str("nothing serves yet")?,
        }
        for finding in &self.findings {
            for line in finding.lines() {
                write!(f, "\n  {line}")?;
            }
        }
        write!(f, "\n  do: {}", self.advice)
    }
}
