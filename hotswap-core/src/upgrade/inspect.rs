//! Inspected: the file is a sound library with a sound manifest. Nothing of it runs.

use std::{fs, sync::Arc};

use hotswap_abi::manifest::Manifest;

use super::{Fault, Staged};
use crate::{event::Phase, library::image};

/// A private copy whose structure and manifest are sound.
#[derive(Debug)]
pub(crate) struct Inspected {
    pub(crate) staged: Staged,
    pub(crate) manifest: Arc<Manifest>,
}

/// Reads a private copy.
pub(crate) fn inspect(staged: Staged) -> Result<Inspected, Fault> {
    let bytes = fs::read(staged.path()).map_err(|error| {
        Fault::cancelled(
            Phase::Inspected,
            format!("the private copy {} cannot be read: {error}", staged.path().display()),
            "look after the private folder",
        )
    })?;
    let manifest = Arc::new(manifest(&bytes)?);
    Ok(Inspected { staged, manifest })
}

/// Pure: the bytes of a file → what it says of itself.
pub(crate) fn manifest(bytes: &[u8]) -> Result<Manifest, Fault> {
    let refused =
        |finding: String| Fault::rejected(Phase::Inspected, finding, "build the module again");
    let facts = image::examine(bytes).map_err(|error| refused(format!("file  {error}")))?;
    if let image::Image::Elf(facts) = &facts {
        tracing::debug!(needed = ?facts.needed, pinned_by = ?facts.pinned_by(), "library");
    }
    let section = facts.manifest().and_then(|range| bytes.get(range)).ok_or_else(|| {
        Fault::rejected(
            Phase::Inspected,
            "file  expected a .hotswap section, found none: it is no hotswap module",
            "derive HotModule in a crate with crate-type = [\"cdylib\", \"rlib\"]",
        )
    })?;
    Manifest::decode(section).map_err(|error| refused(format!("manifest  {error}")))
}
