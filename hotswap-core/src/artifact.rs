//! Artifacts and hosts as files: read, and judged as a running host would judge them. Nothing of
//! them runs, and nothing is copied.
//!
//! ```no_run
//! use hotswap_core::{StateDrift, artifact::Artifact};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let old = Artifact::read("deployed/libarcade.so")?;
//! let new = Artifact::read("target/release/libarcade.so")?;
//! println!("{} -> {}", old.manifest().version, new.manifest().version);
//! match new.succeeds(&old, StateDrift::Refuse) {
//!     Ok(fate) => println!("would be taken; {fate}"),
//!     Err(objection) => println!("would be refused\n{objection}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The verdicts are those of an upgrade's own phases, up to `Assessed`. What only a running host
//! knows is not in them: its configuration (the drift is given here, the services too), and
//! whether the module's code does what it should.

mod error;
mod fate;
pub(crate) mod program;

pub use error::{ArtifactError, Objection};
pub use fate::StateFate;
pub use program::{File, Program};

#[doc(hidden)]
pub use hotswap_types::escape;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use hotswap_abi::{__private::compat::Requirement, Manifest};
use hotswap_loader::elf::ElfFacts;
use hotswap_types::ArtifactHash;

use crate::{
    config::StateDrift,
    trust::{Minisign, Signed, signature_of},
    upgrade::{self, Contents, FileRead, Incumbent, ReadLimits, StageError, Unverified},
};

/// A file that is a sound module.
#[derive(Debug, Clone)]
pub struct Artifact {
    path: PathBuf,
    hash: ArtifactHash,
    size: u64,
    built: Option<SystemTime>,
    manifest: Arc<Manifest>,
    needed: Arc<[String]>,
    signed: Option<Signed>,
}

impl Artifact {
    /// Reads a file, once nobody has it open for writing.
    ///
    /// # Errors
    /// When the file cannot be read (see [`ArtifactError::is_unread`]), and when a host would
    /// refuse it for what it is.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ArtifactError> {
        let path = path.as_ref();
        let (whole, bytes) = read(path)?;
        Ok(Self::of(path, &whole, &bytes)?.0)
    }

    /// Reads a file that must be signed, as a host of this user with these keys does: before anything
    /// in it is looked at, who can write it and its signature, and whether a key has signed it.
    ///
    /// # Errors
    /// As [`read`](Self::read), and when the host would not trust it.
    pub fn read_signed(path: impl AsRef<Path>, trust: &Minisign) -> Result<Self, ArtifactError> {
        let path = path.as_ref();
        let (whole, bytes) = read(path)?;
        let origin = std::path::absolute(path)
            .map_err(|source| ArtifactError::unread(StageError::read(path, source)))?;
        let signed =
            upgrade::signer(&origin, &bytes, trust).map_err(|unvouched| match unvouched {
                Unverified::BeingWritten(origin) => {
                    ArtifactError::unread(StageError::BeingWritten { origin })
                }
                Unverified::Refused(fault) => ArtifactError::unsound(path, fault),
            })?;
        let (artifact, facts) = Self::of(path, &whole, &bytes)?;
        upgrade::reached(&facts, trust).map_err(|fault| ArtifactError::unsound(path, fault))?;
        Ok(Self { signed: Some(signed), ..artifact })
    }

    fn of(path: &Path, whole: &FileRead, bytes: &[u8]) -> Result<(Self, ElfFacts), ArtifactError> {
        let contents =
            upgrade::contents(bytes).map_err(|fault| ArtifactError::unsound(path, fault))?;
        let Contents { manifest, facts } = contents;
        let artifact = Self {
            path: path.into(),
            hash: whole.hash,
            size: whole.size,
            built: whole.built,
            manifest: Arc::new(manifest),
            needed: facts.needed.clone().into(),
            signed: None,
        };
        Ok((artifact, facts))
    }

    /// The path that was asked for.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is known by.
    #[must_use]
    pub const fn hash(&self) -> ArtifactHash {
        self.hash
    }

    /// Its size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// When the file was last modified, as far as its file system says.
    #[must_use]
    pub const fn built(&self) -> Option<SystemTime> {
        self.built
    }

    /// What it says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The libraries that the system's loader opens with it, by the names that it gives them. A host
    /// makes nothing of them; the loader looks for them as it does for every program.
    #[must_use]
    pub fn needed(&self) -> &[String] {
        &self.needed
    }

    /// The signature file that a host with [`Trust::minisign`](crate::Trust::minisign) would look
    /// for, if it is there. It is not judged here: that takes the host's keys, and
    /// [`read_signed`](Self::read_signed).
    #[must_use]
    pub fn signature(&self) -> Option<PathBuf> {
        let path = signature_of(&self.path);
        path.exists().then_some(path)
    }

    /// Who has signed it, if it was read by [`read_signed`](Self::read_signed): the number of the key,
    /// as minisign shows it, and the trusted comment.
    #[must_use]
    pub fn signed_by(&self) -> Option<(String, &str)> {
        let signed = self.signed.as_ref()?;
        Some((signed.key.to_string(), &signed.comment))
    }

    /// Whether a slot with this requirement would take it, were nothing serving there.
    ///
    /// # Errors
    /// With everything that speaks against it.
    pub fn fits(&self, requirement: &Requirement) -> Result<(), Objection> {
        Ok(upgrade::fits(&self.manifest, requirement)?)
    }

    /// Whether it would replace `old` in a host that was built with the interface as `old` has it
    /// and offers the services that it needs; and what would become of the state.
    ///
    /// # Errors
    /// With everything that speaks against it.
    pub fn succeeds(&self, old: &Self, drift: StateDrift) -> Result<StateFate, Objection> {
        let mut requirement = Requirement::new(old.manifest.schema());
        requirement.services.clone_from(&self.manifest.requires);
        requirement.packages.clone_from(&old.manifest.packages);
        self.fits(&requirement)?;
        let before = Incumbent::serving(&old.manifest, true);
        let handover = upgrade::handover(&self.manifest, Some(&before), drift)?;
        Ok(StateFate::of(handover, || upgrade::drift(&self.manifest, &before)))
    }
}

fn read(path: &Path) -> Result<(FileRead, Vec<u8>), ArtifactError> {
    // Grows with what is there: a length is no reason to allocate.
    let read = upgrade::read_whole(path, ReadLimits::default(), |_| Ok(Vec::new()));
    read.map_err(ArtifactError::unread)
}
