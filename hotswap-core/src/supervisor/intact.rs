//! Files that the journal keeps of artifacts: whether each still is the artifact that it is kept as.
//!
//! A kept copy has its artifact's hash for a name. Whatever takes one (a start, a revert, an offer, a
//! try after that) compares the hash of its own private copy with the name.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use hotswap_loader::fs::read_regular;
use hotswap_types::{ArtifactHash, Phase, escape};
use semver::Version;

use super::{candidate::Candidate, context::Context, slot::SlotSupervisor, trigger::Trigger};
use crate::{
    config::Place,
    event::EventKind,
    journal::Build,
    upgrade::{Fault, Staged},
};

impl SlotSupervisor {
    /// The file of a committed artifact: the copy that the journal keeps, or where that is not what
    /// it should be the one at the slot's own place.
    pub(super) fn as_committed(
        &mut self,
        cx: &mut Context,
        build: &Build,
    ) -> Option<(PathBuf, Vec<u8>)> {
        let shared = Arc::clone(&cx.shared);
        let kept = shared.journal.as_ref()?.lock().artifact(build.artifact);
        let read = |path: &Path| {
            let bytes = read_regular(path, shared.config.max_artifact_bytes);
            let bytes = bytes.map_err(|error| unread(path, &error))?;
            is_named(path, build.artifact, ArtifactHash::of(&bytes)).map(|()| bytes)
        };
        match read(&kept) {
            Ok(bytes) => Some((kept, bytes)),
            Err(fault) => {
                self.refuse_unstaged(cx, &kept, Some(build.artifact), fault);
                let config = &self.core.settings;
                let Some(Place::File(path)) = &config.source else { return None };
                let bytes = read(path).ok()?;
                let why = format!(
                    "what is kept of {build} does not begin again; the same artifact lies at {}, and \
                     is tried",
                    escape::path(path)
                );
                cx.tell(&self.core.name, EventKind::NotRecovered { why });
                Some((path.clone(), bytes))
            }
        }
    }
}

impl Context {
    /// Whether a copy of what the journal keeps is the artifact that it is kept as.
    pub(super) fn is_as_kept(&self, staged: &Staged) -> Result<(), (ArtifactHash, Fault)> {
        let journal = self.shared.journal.as_ref();
        match journal.and_then(|journal| journal.lock().named(staged.origin())) {
            Some(kept) => {
                is_named(staged.origin(), kept, staged.hash()).map_err(|fault| (kept, fault))
            }
            None => Ok(()),
        }
    }

    /// The floor that an artifact must not be below. The one that was committed last has none, and
    /// an older one that takes its place has.
    pub(super) fn floor_of(
        &self,
        candidate: &Candidate,
        module: &str,
        version: &Version,
    ) -> Option<Version> {
        let last = self.shared.journal.as_ref().filter(|_| candidate.trigger == Trigger::Recovery);
        let last = last.and_then(|journal| journal.lock().recovery(&candidate.slot.name).first);
        let is_last = last.is_some_and(|last| last.artifact == candidate.artifact);
        self.shared.floors.lock().of(module, version).filter(|_| !is_last).cloned()
    }
}

/// Whether a file holds the artifact that it is kept as.
fn is_named(path: &Path, expected: ArtifactHash, found: ArtifactHash) -> Result<(), Fault> {
    if found == expected {
        return Ok(());
    }
    Err(not_kept(format!(
        "kept copy  expected artifact {expected} at {}, found {found}: it was damaged or replaced",
        escape::path(path)
    )))
}

fn unread(path: &Path, error: &io::Error) -> Fault {
    not_kept(format!("kept copy  {} cannot be read: {error}", escape::path(path)))
}

fn not_kept(finding: String) -> Fault {
    Fault::rejected(
        Phase::Staged,
        finding,
        "bring the file back from a copy, or deploy the build again",
    )
}
