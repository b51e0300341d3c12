//! How an artifact stands with a slot.

use std::{fmt, path::PathBuf, sync::Arc};

use hotswap_types::{ArtifactHash, ModuleVersion, Phase, escape, share_of_calls};

use crate::{event::Refusal, plan::Plan};

/// How an artifact stands with a slot that it was offered to
/// ([`Operator::offer`](crate::Operator::offer)). Its text begins with the artifact.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Offered {
    /// Its file.
    pub path: PathBuf,
    /// The artifact; `None` if it could not be read.
    pub artifact: Option<ArtifactHash>,
    /// Its module and version, if the manifest could be read.
    pub module: Option<ModuleVersion>,
    /// How it stands.
    pub standing: Standing,
}

impl Offered {
    /// The artifact, as far as it is known, and where it lies.
    pub(crate) fn name(&self) -> String {
        let mut name = String::new();
        if let Some(module) = &self.module {
            name.push_str(&format!("{module} "));
        }
        if let Some(artifact) = self.artifact {
            name.push_str(&format!("({}…) ", artifact.short()));
        }
        if !name.is_empty() {
            name.push_str("at ");
        }
        name + &escape::path(&self.path).to_string()
    }
}

impl fmt::Display for Offered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.standing)
    }
}

/// How an artifact stands with a slot.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Standing {
    /// It serves, and is the stable version.
    Serves {
        /// The number of the generation.
        generation: u64,
    },
    /// It serves on trial.
    OnTrial {
        /// The number of the generation.
        generation: u64,
    },
    /// It serves beside the stable version ([`Config::with_strategy`](crate::Config::with_strategy)).
    Canary {
        /// The number of the generation.
        generation: u64,
        /// The share of the calls that it gets: from 0 up to, but not including, 1.
        weight: f64,
    },
    /// It waits for somebody's word.
    AwaitsApproval(Arc<Plan>),
    /// It is ready, and waits for its time.
    Pending,
    /// It was not taken.
    Refused(Arc<Refusal>),
    /// It is on its way.
    UnderWay(Option<Phase>),
    /// It is looked at later.
    Later {
        /// When.
        why: String,
    },
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serves { generation } => write!(f, "it serves as generation {generation}"),
            Self::OnTrial { generation } => write!(f, "it is on trial as generation {generation}"),
            Self::Canary { generation, weight } => {
                let calls = share_of_calls(*weight);
                write!(
                    f,
                    "it is the canary, generation {generation}, {calls}; commit gives it all calls"
                )
            }
            Self::AwaitsApproval(plan) => write!(f, "it waits for approval, risk {}", plan.level()),
            Self::Pending => f.write_str("it is pending: ready, and waits for its time"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::UnderWay(Some(Phase::Rehearsed)) => {
                f.write_str("it is on its way, and is rehearsed now")
            }
            Self::UnderWay(Some(phase)) => write!(f, "it is on its way: {phase}"),
            Self::UnderWay(None) => f.write_str("it is on its way"),
            Self::Later { why } => write!(f, "it is looked at later: {why}"),
        }
    }
}
