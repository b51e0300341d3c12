//! Tests of a module: it is loaded, started and called as a host does it.
//!
//! A [`Harness`] says where the module comes from. What it starts is a whole [`Host`] with one
//! slot, so manifest, migrations, `prepare`, `start`, `self_test` and the boundary are the real
//! ones. An artifact that is refused fails at once, with the text that an operator would see.
//!
//! ```no_run
//! use hotswap_core::{harness::Harness, snapshot::Snapshot};
//! # #[hotswap_core::abi::interface] pub trait Shop { fn count(&self) -> u64; }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let harness = Harness::package("corner-shop");
//! // What a running version has stored long ago becomes the state of this one.
//! let stored = Snapshot::read("tests/snapshots/version-1.snapshot")?;
//! let shop = harness.restore::<dyn Shop>(&stored)?;
//! assert_eq!(shop.slot().pin().count()?, 12);
//! # Ok(())
//! # }
//! ```

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use hotswap_abi::{HotModule, Interface};
use hotswap_loader::fs::make_private;
#[cfg(feature = "cargo")]
use hotswap_watch::cargo::{Level, Report};
use tempfile::TempDir;

use crate::{
    checkpoint::{self, EarlierState},
    config::{Config, SlotConfig},
    error::{Error, Reason},
    event::{EventKind, Live},
    host::Host,
    slot::Slot,
    snapshot::Snapshot,
};

/// Where a module under test comes from, and how its host is set up.
#[derive(Debug, Clone)]
pub struct Harness {
    slot: String,
    config: Config,
}

/// A module that was started, in a host of its own.
pub struct Loaded<I: Interface + ?Sized> {
    slot: Slot<I>,
    live: Live,
    host: Host,
    states: PathBuf,
    data: TempDir,
}

impl Harness {
    /// The module as it is linked into the test: no cargo, no library; the quick way to test
    /// calls, state and migrations.
    #[must_use]
    pub fn builtin<M: HotModule>() -> Self {
        Self::new("module", SlotConfig::builtin::<M>())
    }

    /// The package of that name in the workspace of the current folder, built by cargo as for
    /// [`SlotConfig::cargo`] and loaded as a library.
    #[cfg(feature = "cargo")]
    #[must_use]
    pub fn package(name: &str) -> Self {
        Self::new(name, SlotConfig::cargo(name))
    }

    /// An artifact that was built before.
    #[must_use]
    pub fn artifact(path: impl Into<PathBuf>) -> Self {
        Self::new("module", SlotConfig::artifact(path))
    }

    fn new(name: &str, slot: SlotConfig) -> Self {
        // A build may take long; what is refused fails at once.
        let config = Config::production()
            .with_first_artifact_deadline(Duration::from_secs(1800))
            .with_one_try()
            .slot(name, slot);
        Self { slot: name.to_owned(), config }
    }

    /// Sets up the host otherwise than [`Config::production`] does: services, deadlines, drift.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(Config) -> Config) -> Self {
        self.config = change(self.config);
        self
    }

    /// Starts the module without a state.
    ///
    /// # Errors
    /// When it does not build, is refused or does not start.
    pub fn start<I: Interface + ?Sized>(&self) -> Result<Loaded<I>, Error> {
        self.load(None)
    }

    /// Starts the module with a state that was stored before, by this version of it or an older
    /// one: decoded, migrated, and given to `start` as
    /// [`Restored`](hotswap_abi::Start::Restored).
    ///
    /// # Errors
    /// As [`start`](Self::start); and when the state does not fit, with the differences.
    pub fn restore<I: Interface + ?Sized>(&self, state: &Snapshot) -> Result<Loaded<I>, Error> {
        self.load(Some(state))
    }

    fn load<I: Interface + ?Sized>(&self, state: Option<&Snapshot>) -> Result<Loaded<I>, Error> {
        let data = tempfile::tempdir().map_err(Reason::Scratch)?;
        let (sender, told) = mpsc::channel();
        let config = self.config.clone().with_data_dir(data.path()).with_journal(false);
        let config = config.on_event(move |event| {
            // Fails only when nobody waits any more.
            let _ = sender.send(event.kind.clone());
        });
        let states = config.checkpoints().expect("there is a data folder");
        if let Some(state) = state {
            make_private(&states).map_err(Reason::Scratch)?;
            let left = checkpoint::leave(&states, &self.slot, state);
            left.map_err(|source| Reason::Checkpoint { name: self.slot.clone(), source })?;
        }
        let host = Host::new(config)?;
        let slot = host.slot::<I>(&self.slot).map_err(|error| self.in_words(error, &told))?;
        let live = told.try_iter().find_map(|kind| match kind {
            EventKind::Live(live) => Some(live),
            _ => None,
        });
        let live = live.expect("a slot is handed out after its first generation was told");
        Ok(Loaded { slot, live, host, states, data })
    }

    /// A build that fails is told by the compiler.
    fn in_words(&self, error: Error, told: &mpsc::Receiver<EventKind>) -> Error {
        #[cfg(feature = "cargo")]
        {
            let found: Vec<String> = told
                .try_iter()
                .filter_map(|kind| match kind {
                    EventKind::Build(Report::Diagnostic(found)) if found.level == Level::Error => {
                        Some(found.rendered)
                    }
                    _ => None,
                })
                .collect();
            if !found.is_empty() {
                let package = self.slot.clone();
                return Reason::NotBuilt { package, found: found.join("\n") }.into();
            }
        }
        let _ = told;
        error
    }
}

impl<I: Interface + ?Sized> Loaded<I> {
    /// What calls go through.
    #[must_use]
    pub const fn slot(&self) -> &Slot<I> {
        &self.slot
    }

    /// How it went live: what became of the state, how long it took.
    #[must_use]
    pub const fn live(&self) -> &Live {
        &self.live
    }

    /// Ends the module in order: `suspend`, `state`, `stop`. Returns its state, to be looked at, to
    /// be restored, or to be stored for the tests of later versions; `None` if it has none.
    ///
    /// # Errors
    /// When one of the steps fails, or somebody is still inside.
    pub fn end(self) -> Result<Option<Snapshot>, Error> {
        let Self { slot, live: _, host, states, data: _data } = self;
        let name = slot.name().to_owned();
        host.shutdown()?;
        Self::left(&states, &name)
    }

    fn left(states: &Path, slot: &str) -> Result<Option<Snapshot>, Error> {
        match checkpoint::look(states, slot) {
            Ok(EarlierState::Checkpoint(left)) => Ok(Some(left.snapshot)),
            Ok(EarlierState::Used(_) | EarlierState::Nothing) => Ok(None),
            Err(source) => Err(Reason::Checkpoint { name: slot.to_owned(), source }.into()),
        }
    }
}

impl<I: Interface + ?Sized> fmt::Debug for Loaded<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("live", &self.live).finish_non_exhaustive()
    }
}
