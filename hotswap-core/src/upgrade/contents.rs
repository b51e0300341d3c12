//! What an artifact says of itself, read from its bytes. Pure.

use hotswap_abi::Manifest;
use hotswap_loader::{
    elf::{Astray, ElfFacts},
    image,
};
use hotswap_types::Phase;

use super::Fault;

/// What a file says of itself.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) manifest: Manifest,
    /// What its headers say.
    pub(crate) facts: ElfFacts,
}

/// The bytes of a file → what it says of itself.
pub(crate) fn contents(bytes: &[u8]) -> Result<Contents, Fault> {
    let refused =
        |finding: String| Fault::rejected(Phase::Inspected, finding, "build the module again");
    let facts = image::examine(bytes).map_err(|error| refused(format!("file  {error}")))?;
    if let image::Image::Elf(facts) = &facts
        && let Some(astray) = facts.astray()
    {
        return Err(Fault::rejected(Phase::Inspected, astray.to_string(), Astray::ADVICE));
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
    let facts = match facts {
        image::Image::Elf(facts) => facts,
        // Elsewhere nothing is unloaded.
        image::Image::Other { .. } => ElfFacts::default(),
    };
    Ok(Contents { manifest, facts })
}
