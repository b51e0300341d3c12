//! Inspected: the file is a sound library with a sound manifest. Nothing of it runs.

use std::sync::Arc;

use hotswap_abi::manifest::Manifest;

use super::{Fault, Staged, vouch::Vouched};
use crate::{event::Phase, library::image};

/// A private copy whose structure and manifest are sound.
#[derive(Debug)]
pub(crate) struct Inspected {
    pub(crate) staged: Staged,
    pub(crate) manifest: Arc<Manifest>,
}

/// What a file says of itself.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) manifest: Manifest,
    /// The libraries that the system's loader opens with it, by their names.
    pub(crate) needed: Vec<String>,
    /// What the loader would look for in the process's current folder.
    searched_here: Option<String>,
}

/// Reads a private copy.
pub(crate) fn inspect(vouched: Vouched) -> Result<Inspected, Fault> {
    let Vouched { staged, bytes, signed } = vouched;
    let contents = contents(&bytes)?;
    tracing::debug!(needed = ?contents.needed, "library");
    // Who has signed the artifact has not signed what lies in some folder.
    if let (Some(finding), Some(_)) = (contents.searched_here, signed) {
        let finding = format!("file  {finding}, relative to the host's current folder");
        let advice = "link it by a bare name, an absolute path or $ORIGIN";
        return Err(Fault::rejected(Phase::Inspected, finding, advice));
    }
    Ok(Inspected { staged, manifest: Arc::new(contents.manifest) })
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
    let (needed, searched_here) = match facts {
        image::Image::Elf(facts) => {
            tracing::debug!(pinned_by = ?facts.pinned_by(), "library");
            let here = facts.searched_here();
            (facts.needed, here)
        }
        image::Image::Other { .. } => (Vec::new(), None),
    };
    Ok(Contents { manifest, needed, searched_here })
}
