//! Inspected: the file is a sound library with a sound manifest. Nothing of it runs.

use std::sync::Arc;

use hotswap_abi::Manifest;
use hotswap_loader::{
    elf::{Astray, ElfFacts},
    image,
};
use hotswap_types::Phase;

use super::{Fault, Staged, vouch::Vouched};
use crate::trust::{Minisign, Trust};

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
pub(crate) fn inspect(vouched: Vouched, trust: &Trust) -> Result<Inspected, Fault> {
    let Vouched { staged, bytes, signed: _ } = vouched;
    let Contents { manifest, facts } = contents(&bytes)?;
    tracing::debug!(needed = ?facts.needed, "library");
    if let Trust::Minisign(minisign) = trust {
        reached(&facts, minisign)?;
    }
    Ok(Inspected { staged, manifest: Arc::new(manifest), facts })
}

/// Who has signed an artifact has not signed what the loader opens with it.
pub(crate) fn reached(facts: &ElfFacts, minisign: &Minisign) -> Result<(), Fault> {
    minisign.check_libraries(facts).map_err(|unsound| {
        let finding = format!("needed libraries  {unsound}");
        Fault::rejected(Phase::Inspected, finding, &unsound.advice())
    })
}

/// Pure: the bytes of a file → what it says of itself.
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
