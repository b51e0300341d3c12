//! A generation in memory, from the moment its library is opened to the moment it was looked for and
//! not found. It owns nothing of the library.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use hotswap_loader::LibraryPins;
use hotswap_types::{ArtifactHash, Holder, Release};
use parking_lot::Mutex;

/// A generation in memory.
#[derive(Debug)]
pub(crate) struct Resident {
    /// The number it has, or would have got.
    pub(crate) number: u64,
    pub(crate) release: Release<ArtifactHash>,
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

impl Resident {
    /// A library that is being opened.
    pub(crate) fn new(number: u64, release: Release<ArtifactHash>, size: u64) -> Self {
        Self {
            number,
            release,
            size,
            since: Instant::now(),
            pins: OnceLock::new(),
            stage: Mutex::new(Stage::Candidate),
            was_told: AtomicBool::new(false),
        }
    }

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

    /// Whether it goes when nothing holds it any more.
    pub(crate) fn dies(&self) -> bool {
        matches!(&*self.stage.lock(), Stage::Dies { .. })
    }

    /// What keeps it by itself, beside callers and states.
    pub(crate) fn kept_by(&self) -> Vec<Holder> {
        match self.stage.lock().clone() {
            Stage::Serves => vec![Holder::Serves],
            Stage::Ready => vec![Holder::Trial],
            Stage::Stays { held } => vec![held],
            Stage::Dies { .. } => self.pins.get().map(|it| it.holders()).unwrap_or_default(),
            Stage::Candidate | Stage::Replaced { .. } => Vec::new(),
        }
    }
}
