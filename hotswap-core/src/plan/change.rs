//! What changes from one version of a module to the next. Pure.

use std::fmt;

use hotswap_abi::{
    __private::shape::{Difference, compare_stored},
    Manifest,
};
use hotswap_types::json;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Side, StateStep, state_step::state_steps};
use crate::event::RehearsalReport;

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
        #[serde(with = "json::text")]
        from: Version,
        /// What is to serve.
        #[serde(with = "json::text")]
        to: Version,
    },
    /// The version of the interface that it was built against.
    Interface {
        /// What serves.
        #[serde(with = "json::text")]
        from: Version,
        /// What is to serve.
        #[serde(with = "json::text")]
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

/// What changes. A rehearsal has tried which steps of the state can go back.
pub(crate) fn changes(
    from: Option<Side<'_>>,
    to: Side<'_>,
    rehearsal: Option<&RehearsalReport>,
) -> Vec<Change> {
    let Some(from) = from else { return vec![Change::First] };
    let (old, new) = (from.manifest, to.manifest);
    let mut changes = Vec::new();
    if old.version != new.version {
        changes.push(Change::Version { from: old.version.clone(), to: new.version.clone() });
    }
    if old.interface_version != new.interface_version {
        let (from, to) = (old.interface_version.clone(), new.interface_version.clone());
        changes.push(Change::Interface { from, to });
    }
    let (had, has) = (methods(old), methods(new));
    let only = |here: &[(String, String)], there: &[(String, String)]| -> Vec<String> {
        let missing = here.iter().filter(|(name, _)| there.iter().all(|(other, _)| other != name));
        missing.map(|(_, method)| method.clone()).collect()
    };
    let added = only(&has, &had).into_iter().map(|method| Change::MethodAdded { method });
    changes.extend(added);
    let removed = only(&had, &has).into_iter().map(|method| Change::MethodRemoved { method });
    changes.extend(removed);
    state(&mut changes, old, new, rehearsal);
    if old.rustc != new.rustc {
        changes.push(Change::Compiler { from: old.rustc.clone(), to: new.rustc.clone() });
    }
    for service in new.requires.iter().filter(|service| !old.requires.contains(service)) {
        changes.push(Change::Requires { service: service.clone() });
    }
    if let (Some(from), Some(to)) = (from.signer, to.signer)
        && from != to
    {
        changes.push(Change::Signer { from: from.to_owned(), to: to.to_owned() });
    }
    if changes.is_empty() {
        changes.push(Change::Code);
    }
    if let (Some(from), Some(to)) = (from.size, to.size)
        && from != to
    {
        changes.push(Change::Size { from, to });
    }
    changes
}

/// The interface's methods: names, and as a user writes them.
fn methods(manifest: &Manifest) -> Vec<(String, String)> {
    let interface = manifest.types.definition(&manifest.interface);
    let members = interface.map(|it| it.members.as_slice()).unwrap_or_default();
    let written = |method| manifest.types.signature(method).to_string();
    members.iter().map(|method| (method.name.clone(), written(method))).collect()
}

fn state(
    changes: &mut Vec<Change>,
    old: &Manifest,
    new: &Manifest,
    rehearsal: Option<&RehearsalReport>,
) {
    let (Some(from), Some(to)) = (old.state(), new.state()) else { return };
    if from.name != to.name {
        return;
    }
    if from.version != to.version {
        let steps = state_steps((old, from.version), (new, to.version), rehearsal);
        let name = to.name.clone();
        changes.push(Change::State { name, from: from.version, to: to.version, steps });
    }
    let found = compare_stored((&old.types, &from.shape), (&new.types, &to.shape), &to.name);
    let field =
        |Difference { at, left, right, .. }| Change::StateField { at, from: left, to: right };
    changes.extend(found.into_iter().map(field));
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
