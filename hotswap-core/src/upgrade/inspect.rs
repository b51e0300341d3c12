//! Inspected: the file is a sound library with a sound manifest. Nothing of it runs.

use std::{fs, sync::Arc};

use hotswap_abi::manifest::Manifest;

use super::{Fault, Staged};
use crate::{
    event::Phase,
    library::{ElfFacts, image},
};

/// A private copy whose structure and manifest are sound.
#[derive(Debug)]
pub(crate) struct Inspected {
    pub(crate) staged: Staged,
    pub(crate) manifest: Arc<Manifest>,
    /// What the file says of how it can be unloaded.
    pub(crate) facts: ElfFacts,
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
    let (facts, manifest) = examine(&bytes)?;
    let (manifest, facts) = (Arc::new(manifest), elf(facts));
    Ok(Inspected { staged, manifest, facts })
}

/// Pure: the bytes of a file → what it says of itself.
pub(crate) fn manifest(bytes: &[u8]) -> Result<Manifest, Fault> {
    examine(bytes).map(|(_, manifest)| manifest)
}

/// Elsewhere nothing is unloaded.
fn elf(image: image::Image) -> ElfFacts {
    match image {
        image::Image::Elf(facts) => facts,
        image::Image::Other { .. } => ElfFacts::default(),
    }
}

fn examine(bytes: &[u8]) -> Result<(image::Image, Manifest), Fault> {
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
    let manifest =
        Manifest::decode(section).map_err(|error| refused(format!("manifest  {error}")))?;
    Ok((facts, manifest))
}
