//! Inspected: the file is a sound library with a sound manifest. Nothing of it runs.

use std::sync::Arc;

use hotswap_abi::manifest::Manifest;

use super::{Fault, Staged, vouch::Vouched};
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

/// What a file says of itself.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) manifest: Manifest,
    /// What its headers say.
    pub(crate) facts: ElfFacts,
}

/// Reads a private copy.
pub(crate) fn inspect(vouched: Vouched) -> Result<Inspected, Fault> {
    let Vouched { staged, bytes, signed } = vouched;
    let contents = contents(&bytes)?;
    tracing::debug!(needed = ?contents.facts.needed, "library");
    // Who has signed the artifact has not signed what lies in some folder.
    if let (Some(finding), Some(_)) = (contents.facts.searched_here(), signed) {
        let finding = format!("file  {finding}, relative to the host's current folder");
        let advice = "link it by a bare name, an absolute path or $ORIGIN";
        return Err(Fault::rejected(Phase::Inspected, finding, advice));
    }
    let Contents { manifest, facts } = contents;
    Ok(Inspected { staged, manifest: Arc::new(manifest), facts })
}

/// Pure: the bytes of a file → what it says of itself.
pub(crate) fn contents(bytes: &[u8]) -> Result<Contents, Fault> {
    let refused =
        |finding: String| Fault::rejected(Phase::Inspected, finding, "build the module again");
    let facts = image::examine(bytes).map_err(|error| refused(format!("file  {error}")))?;
    let section = facts.manifest().and_then(|range| bytes.get(range)).ok_or_else(|| {
        Fault::rejected(
            Phase::Inspected,
            "file  expected a .hotswap section, found none: it is no hotswap module",
            "derive HotModule in a crate with crate-type = [\"cdylib\", \"rlib\"]",
        )
    })?;
    let manifest =
        Manifest::decode(section).map_err(|error| refused(format!("manifest  {error}")))?;
    let facts = match facts {
        image::Image::Elf(facts) => facts,
        // Elsewhere nothing is unloaded.
        image::Image::Other { .. } => ElfFacts::default(),
    };
    Ok(Contents { manifest, facts })
}
