//! The generations of a slot that are in memory, whatever keeps them there.
//!
//! A generation is listed from the moment its library is opened to the moment it was looked for and
//! not found. The list owns nothing of a library.

use std::{
    ptr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use hotswap_gate::{Gate, Occupant};
use hotswap_loader::{LibraryPins, UnloadEvent};
use hotswap_types::{ArtifactHash, Caller, Holder};
use parking_lot::Mutex;
use semver::Version;

use crate::instance::{Code, Generation};

/// The generations of a slot that are in memory.
#[derive(Debug, Default)]
pub(crate) struct Residents(Mutex<Vec<Arc<Resident>>>);

/// A generation in memory.
#[derive(Debug)]
pub(crate) struct Resident {
    /// The number it has, or would have got.
    pub(crate) number: u64,
    pub(crate) module: String,
    pub(crate) version: Version,
    pub(crate) artifact: ArtifactHash,
    /// The size of its file in bytes.
    pub(crate) size: u64,
    pub(crate) since: Instant,
    /// Set once it is known.
    pins: OnceLock<Arc<LibraryPins>>,
    stage: Mutex<Stage>,
    /// Whether it was told who holds it.
    was_told: AtomicBool,
}

/// How far a generation has come.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// It has not served.
    Candidate,
    Serves,
    /// It was replaced, and is kept ready to serve again until the trial of the next one is over.
    Ready,
    /// It was replaced.
    Replaced {
        at: Instant,
    },
    /// Nobody owns its code any more, and it is to be unloaded.
    Dies {
        has_served: bool,
    },
    /// It stays.
    Stays {
        held: Holder,
    },
}

impl Residents {
    /// One more library is opened.
    pub(crate) fn add(
        &self,
        number: u64,
        module: (String, Version),
        artifact: (ArtifactHash, u64),
    ) -> Arc<Resident> {
        let (artifact, size) = artifact;
        let resident = Arc::new(Resident {
            number,
            module: module.0,
            version: module.1,
            artifact,
            size,
            since: Instant::now(),
            pins: OnceLock::new(),
            stage: Mutex::new(Stage::Candidate),
            was_told: AtomicBool::new(false),
        });
        self.0.lock().push(Arc::clone(&resident));
        resident
    }

    /// Its library is gone, or was never opened.
    pub(crate) fn remove(&self, resident: &Arc<Resident>) {
        self.0.lock().retain(|other| !Arc::ptr_eq(other, resident));
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// All of them, in the order in which they were loaded.
    pub(crate) fn all(&self) -> Vec<Arc<Resident>> {
        self.0.lock().clone()
    }

    /// The reaper's news of one of them.
    pub(crate) fn heard(&self, resident: &Arc<Resident>, news: &UnloadEvent) {
        match news {
            UnloadEvent::Draining => {
                let has_served = resident.has_served();
                resident.set_stage(Stage::Dies { has_served });
            }
            UnloadEvent::Held(_) | UnloadEvent::Slow(_) => {}
            UnloadEvent::Stuck(holder) | UnloadEvent::Retained(holder) => {
                resident.set_stage(Stage::Stays { held: holder.clone() });
            }
            UnloadEvent::Unloaded => self.remove(resident),
        }
    }
}

impl Resident {
    pub(crate) fn set_stage(&self, stage: Stage) {
        *self.stage.lock() = stage;
    }

    /// Its library is open.
    pub(crate) fn set_pins(&self, pins: Option<&Arc<LibraryPins>>) {
        if let Some(pins) = pins {
            // Set once: a generation has one library.
            let _ = self.pins.set(Arc::clone(pins));
        }
    }

    /// Whether it has ever served: else its number is somebody else's.
    pub(crate) fn has_served(&self) -> bool {
        match &*self.stage.lock() {
            Stage::Candidate => false,
            Stage::Dies { has_served } => *has_served,
            Stage::Serves | Stage::Ready | Stage::Replaced { .. } | Stage::Stays { .. } => true,
        }
    }

    /// The generation that serves, if its state may refer to this one.
    pub(crate) fn origin_of(&self, gate: &Gate<Generation>) -> Option<u64> {
        let (generation, serves) = gate.current();
        let is_it =
            |code: &Arc<Code>| code.resident().is_some_and(|it| ptr::eq(&raw const **it, self));
        serves.origins().iter().any(is_it).then_some(generation)
    }

    /// Whether it is to be told who holds it: only the first time.
    pub(crate) fn tell_once(&self) -> bool {
        !self.was_told.swap(true, Ordering::Relaxed)
    }

    /// When it was replaced, if that is what keeps it for now.
    pub(crate) fn replaced(&self) -> Option<Instant> {
        match &*self.stage.lock() {
            Stage::Replaced { at } => Some(*at),
            _ => None,
        }
    }

    /// Who or what keeps it.
    pub(crate) fn holders(&self, gate: Option<&Gate<Generation>>) -> Vec<Holder> {
        let stage = self.stage.lock().clone();
        let age = match &stage {
            Stage::Replaced { at } => Some(*at),
            _ => None,
        };
        let mut holders = match stage {
            Stage::Serves => vec![Holder::Serves],
            Stage::Ready => vec![Holder::Trial],
            Stage::Stays { held } => vec![held],
            Stage::Dies { .. } => self.pins.get().map(|it| it.holders()).unwrap_or_default(),
            Stage::Candidate | Stage::Replaced { .. } => Vec::new(),
        };
        if self.has_served()
            && let Some(gate) = gate
        {
            let callers = gate.callers(self.number);
            if !callers.is_empty() {
                let caller = |occupant: &Occupant| caller(occupant, age);
                holders.push(Holder::Callers(callers.iter().map(caller).collect()));
            }
        }
        if let Some(generation) = age.and_then(|_| self.origin_of(gate?)) {
            holders.push(Holder::State { generation });
        }
        if holders.is_empty() {
            holders.push(Holder::Upgrade);
        }
        holders
    }
}

fn caller(occupant: &Occupant, since: Option<Instant>) -> Caller {
    Caller::new(
        occupant.who().map_or_else(|| "a thread".to_owned(), ToString::to_string),
        occupant.depth(),
        occupant.taken(),
        since.map(|since| since.elapsed()),
    )
}
