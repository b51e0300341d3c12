//! A version of a module, and the artifact that has it.

use std::fmt;

use hotswap_abi::Manifest;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{ArtifactHash, ModuleVersion};

/// A version of a module, and the artifact that has it. Its text is all three.
///
/// `A` is [`ArtifactHash`] where there is an artifact for certain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Release<A = Option<ArtifactHash>> {
    /// The module.
    pub module: String,
    /// Its version.
    pub version: Version,
    /// The artifact; `None` for a module that is built into the program.
    pub artifact: A,
}

impl<A> Release<A> {
    /// A version of a module.
    #[must_use]
    pub fn new(module: impl Into<String>, version: Version, artifact: A) -> Self {
        Self { module: module.into(), version, artifact }
    }

    /// What a manifest names.
    #[must_use]
    pub fn of(manifest: &Manifest, artifact: A) -> Self {
        Self::new(&*manifest.module, manifest.version.clone(), artifact)
    }

    /// The module and its version alone.
    #[must_use]
    pub fn module_version(&self) -> ModuleVersion {
        ModuleVersion::new(&*self.module, self.version.clone())
    }
}

impl From<Release<ArtifactHash>> for Release {
    fn from(release: Release<ArtifactHash>) -> Self {
        Self::new(release.module, release.version, Some(release.artifact))
    }
}

impl<A: Copy + Into<Option<ArtifactHash>>> fmt::Display for Release<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.module, self.version)?;
        match self.artifact.into() {
            Some(hash) => write!(f, " ({}…)", hash.short()),
            None => f.write_str(" (built in)"),
        }
    }
}
