//! Runs of a program that keeps a journal, one after the other.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    ArtifactHash, Config, Host, Slot, SlotConfig, Trial,
    event::{Event, EventKind, Recovered},
};
use hotswap_tests::{Fixture, Told, file_name, patient, replace};

/// A place that outlives the runs of a program.
pub(crate) struct Place(tempfile::TempDir);

/// One run of it.
pub(crate) struct Run {
    pub(crate) slot: Slot<dyn Counter>,
    pub(crate) told: Told,
    /// What was told before the slot was open.
    pub(crate) before: Vec<Event>,
    pub(crate) host: Host,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Where else there is room for files of a test.
    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.path().join("journal")
    }

    pub(crate) fn lines(&self) -> PathBuf {
        self.journal().join("journal.jsonl")
    }

    pub(crate) fn artifact(&self) -> PathBuf {
        self.0.path().join(file_name("module"))
    }

    pub(crate) fn put(&self, build: &Fixture) {
        replace(&self.artifact(), build.bytes());
    }

    pub(crate) fn config(&self) -> Config {
        self.config_with(|slot| slot)
    }

    /// The same, with something of its own for the slot.
    pub(crate) fn config_with(&self, own: impl FnOnce(SlotConfig) -> SlotConfig) -> Config {
        let slot = own(SlotConfig::artifact(self.artifact()));
        patient().slot("main", slot).with_data_dir(self.root())
    }

    pub(crate) fn run(&self) -> Run {
        Run::of(self.config())
    }

    /// What a run would find that comes after a crash at this moment.
    pub(crate) fn image(&self) -> Self {
        let image = Self::new();
        for folder in ["", "artifacts", "backups"] {
            let (from, to) = (self.journal().join(folder), image.journal().join(folder));
            fs::create_dir_all(&to).unwrap();
            for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_file() {
                    fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
                }
            }
        }
        fs::copy(self.artifact(), image.artifact()).unwrap();
        image
    }

    pub(crate) fn kept(&self) -> usize {
        fs::read_dir(self.journal().join("artifacts")).unwrap().count()
    }
}

impl Run {
    pub(crate) fn of(config: Config) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let host = Host::new(config.on_event(move |event| {
            listener.lock().unwrap().push(event.clone());
        }));
        let host = host.unwrap_or_else(|error| panic!("{error:?}"));
        let slot = host.slot("main").unwrap_or_else(|error| panic!("{error}"));
        let told = Told::of(&host);
        let before = heard.lock().unwrap().clone();
        Self { slot, told, before, host }
    }

    /// How the slot has begun.
    pub(crate) fn recovered(&self) -> Recovered {
        let found = self.before.iter().find_map(|event| match &event.kind {
            EventKind::Recovered(recovered) => Some(recovered.clone()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("nothing was recovered: {:?}", self.before))
    }

    pub(crate) fn add(&self, n: u64) {
        self.slot.pin_mut().add(n).unwrap();
    }
}

pub(crate) fn hash(build: &Fixture) -> ArtifactHash {
    ArtifactHash::of(build.bytes())
}

/// Nothing is committed by itself.
pub(crate) fn on_trial() -> Trial {
    Trial::new(Duration::from_secs(3600))
}

/// Whether an artifact was refused.
pub(crate) fn was_refused(told: &[Event]) -> bool {
    told.iter().any(|event| matches!(event.kind, EventKind::Refused(_)))
}
