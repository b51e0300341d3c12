//! What changes from one version of a module to the next.

use std::fmt;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::StateStep;

/// Something that is different in the version that is to serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// Nothing has served before.
    First,
    /// The module's version.
    Version {
        /// What serves.
        from: Version,
        /// What is to serve.
        to: Version,
    },
    /// The version of the interface that it was built against.
    Interface {
        /// What serves.
        from: Version,
        /// What is to serve.
        to: Version,
    },
    /// A method that only the new version has.
    MethodAdded {
        /// As a user writes it.
        method: String,
    },
    /// A method that only the old version has: its default body runs in the host.
    MethodRemoved {
        /// As a user writes it.
        method: String,
    },
    /// The state's version.
    State {
        /// Its name.
        name: String,
        /// What serves.
        from: u32,
        /// What is to serve.
        to: u32,
        /// The steps in between.
        steps: Vec<StateStep>,
    },
    /// A field of the state, in the newest version of each side.
    StateField {
        /// Where.
        at: String,
        /// What serves; `None` where it has nothing.
        from: Option<String>,
        /// What is to serve; `None` where it has nothing.
        to: Option<String>,
    },
    /// The compiler.
    Compiler {
        /// What serves.
        from: String,
        /// What is to serve.
        to: String,
    },
    /// A service that the host has to offer, and that was not asked for before.
    Requires {
        /// The service.
        service: String,
    },
    /// The key that has signed it.
    Signer {
        /// What serves: the key's number.
        from: String,
        /// What is to serve.
        to: String,
    },
    /// The size of the file.
    Size {
        /// In bytes.
        from: u64,
        /// In bytes.
        to: u64,
    },
    /// Nothing that can be seen from outside: the code alone.
    Code,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nothing = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        match self {
            Self::First => f.write_str("the first version"),
            Self::Version { from, to } => write!(f, "version {from} → {to}"),
            Self::Interface { from, to } => write!(f, "built against interface {from} → {to}"),
            Self::MethodAdded { method } => write!(f, "new method `{method}`"),
            Self::MethodRemoved { method } => {
                write!(f, "without method `{method}`: its default body runs in the host")
            }
            Self::State { name, from, to, steps } => {
                write!(f, "state {name} version {from} → {to}")?;
                let sign = |i| if i == 0 { ": step" } else { ", step" };
                steps.iter().enumerate().try_for_each(|(i, step)| write!(f, "{} {step}", sign(i)))
            }
            Self::StateField { at, from, to } => {
                write!(f, "`{at}`: {} → {}", nothing(from), nothing(to))
            }
            Self::Compiler { from, to } => write!(f, "compiler {from} → {to}"),
            Self::Requires { service } => write!(f, "requires the service {service}"),
            Self::Signer { from, to } => write!(f, "signed with key {from} → {to}"),
            Self::Size { from, to } => write!(f, "{from} → {to} bytes"),
            Self::Code => f.write_str("code alone"),
        }
    }
}
