//! Inspected: the file is a sound library with a sound manifest. Nothing of it runs.

use std::sync::Arc;

use hotswap_abi::Manifest;
use hotswap_loader::elf::ElfFacts;
use hotswap_types::Phase;

use super::{
    Fault, Staged,
    contents::{Contents, contents},
    verify_signature::Verified,
};
use crate::trust::{Minisign, Trust};

/// A private copy whose structure and manifest are sound.
#[derive(Debug)]
pub(crate) struct Inspected {
    pub(crate) staged: Staged,
    pub(crate) manifest: Arc<Manifest>,
    /// What the file says of how it can be unloaded.
    pub(crate) facts: ElfFacts,
}

/// Reads a private copy.
pub(crate) fn inspect(verified: Verified, trust: &Trust) -> Result<Inspected, Fault> {
    let Verified { staged, bytes, signed: _ } = verified;
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
