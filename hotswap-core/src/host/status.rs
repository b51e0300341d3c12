//! What a host tells when it is asked.

use std::{fmt, sync::Arc, time::Instant};

use semver::Version;

use crate::{
    event::{Phase, Refusal},
    slot::SlotCore,
    upgrade::ArtifactHash,
};

/// What each slot of a host serves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// The slots that were asked for, by name.
    pub slots: Vec<SlotStatus>,
}

/// What a slot serves, what waits, and what was refused last.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SlotStatus {
    /// The slot.
    pub name: String,
    /// What serves; `None` before the first load.
    pub serving: Option<ServingStatus>,
    /// The phase of the upgrade that is under way.
    pub phase: Option<Phase>,
    /// Whether a prepared artifact waits to be applied.
    pub pending: bool,
    /// How many generations are mapped that were loaded from artifacts.
    pub mapped: usize,
    /// What was refused last.
    pub last_refusal: Option<Arc<Refusal>>,
}

/// What serves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServingStatus {
    /// The number of the generation.
    pub generation: u64,
    /// The module.
    pub module: String,
    /// Its version.
    pub version: Version,
    /// The artifact; `None` for a module that is built into the program.
    pub artifact: Option<ArtifactHash>,
    /// Since when.
    pub since: Instant,
}

impl SlotStatus {
    pub(super) fn new(slot: &SlotCore) -> Self {
        let snapshot = slot.glance();
        Self {
            name: slot.name.to_string(),
            serving: snapshot.serves.map(|serves| ServingStatus {
                generation: serves.code.generation,
                module: serves.code.manifest.module.clone(),
                version: serves.code.manifest.version.clone(),
                artifact: serves.code.artifact,
                since: serves.since,
            }),
            phase: snapshot.phase,
            pending: snapshot.pending,
            mapped: snapshot.retained,
            last_refusal: snapshot.last_refusal,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, slot) in self.slots.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{slot}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SlotStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match &self.serving {
            None => f.write_str("nothing serves yet")?,
            Some(serving) => {
                write!(f, "{} {} ", serving.module, serving.version)?;
                match &serving.artifact {
                    Some(hash) => write!(f, "({}…)", hash.short())?,
                    None => f.write_str("(built in)")?,
                }
                let since = serving.since.elapsed().as_secs();
                write!(f, ", generation {}, for {since} s", serving.generation)?;
            }
        }
        if let Some(phase) = self.phase {
            write!(f, ", upgrading: {phase}")?;
        }
        if self.pending {
            f.write_str(", an upgrade waits for apply_pending")?;
        }
        write!(f, ", {} mapped", self.mapped)?;
        match &self.last_refusal {
            Some(refusal) => write!(f, "\n  last {refusal}"),
            None => Ok(()),
        }
    }
}
