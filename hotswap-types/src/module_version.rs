//! A module at a version.

use std::fmt;

use hotswap_abi::Manifest;
use semver::Version;
use serde::{Deserialize, Serialize};

/// A module, by its name, at a version. Its text is both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModuleVersion {
    /// The module.
    pub name: String,
    /// Its version.
    pub version: Version,
}

impl ModuleVersion {
    /// A module at a version.
    #[must_use]
    pub fn new(name: impl Into<String>, version: Version) -> Self {
        Self { name: name.into(), version }
    }
}

impl From<&Manifest> for ModuleVersion {
    fn from(manifest: &Manifest) -> Self {
        Self::new(&*manifest.module, manifest.version.clone())
    }
}

impl fmt::Display for ModuleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}
