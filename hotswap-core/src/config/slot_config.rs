//! What a configuration has of one slot. What is `None` is as for the whole host.

use std::{any::TypeId, fmt, path::PathBuf};

use hotswap_abi::{__private::module::Export, Manifest};
use hotswap_types::{Intent, escape::shown};

use super::{
    approval::Approval, policies::Retire, rehearsal::Rehearsal, timing::Timing, trial::Trial,
};
use crate::instance::PanicPolicy;

#[derive(Debug, Clone, Default)]
pub(crate) struct SlotConfig {
    pub(crate) source: Option<Place>,
    /// The module that the slot takes; any, if `None`.
    pub(crate) module: Option<String>,
    pub(crate) builtin: Option<Builtin>,
    /// The host's, if `None`.
    pub(crate) retire: Option<Retire>,
    /// The host's, if `None`.
    pub(crate) panics: Option<PanicPolicy>,
    /// The host's, if `None`.
    pub(crate) trial: Option<Trial>,
    /// The host's, if `None`.
    pub(crate) rehearsal: Option<Rehearsal>,
    /// The host's, if `None`.
    pub(crate) approval: Option<Approval>,
    /// The host's, if `None`.
    pub(crate) timing: Option<Timing>,
    /// The host's, if `None`.
    pub(crate) intent: Option<Intent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Folder(PathBuf),
    /// Built by cargo.
    #[cfg(feature = "cargo")]
    Package(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => shown(path).fmt(f),
            Self::Folder(path) => write!(f, "folder {}", shown(path)),
            #[cfg(feature = "cargo")]
            Self::Package(package) => write!(f, "package {package}, built by cargo"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Builtin {
    pub(crate) export: &'static Export,
    pub(crate) manifest: &'static [u8],
    pub(crate) interface: TypeId,
}

impl fmt::Display for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Manifest::decode(self.manifest) {
            Ok(it) => write!(f, "the built-in module {} {}", it.module, it.version),
            Err(_) => f.write_str("a built-in module"),
        }
    }
}

/// A slot of which something was said twice.
#[derive(Debug, Clone)]
pub(crate) struct Conflict {
    pub(super) slot: String,
    pub(super) first: String,
    pub(super) second: String,
}

impl Conflict {
    pub(super) fn of(slot: String, first: &dyn fmt::Display, second: &dyn fmt::Display) -> Self {
        Self { slot, first: first.to_string(), second: second.to_string() }
    }
}
