//! Hosts whose upgrades are reported, and what is looked for in a report.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use counter_api::Counter;
use hotswap_core::{
    ArtifactHash, Config, Host, Report, Slot, SlotConfig, Trial,
    event::{EventKind, Phase},
    journal::Outcome,
};
use hotswap_tests::{Fixture, LONG, Scene, Told, file_name, patient, replace};

use crate::support::counter;

pub(super) fn reported(told: &Told) -> Arc<Report> {
    told.find(|event| match &event.kind {
        EventKind::Reported(report) => Some(Arc::clone(report)),
        _ => None,
    })
}

pub(super) fn phases(report: &Report) -> Vec<Phase> {
    report.phases.iter().map(|it| it.phase).collect()
}

pub(super) fn hash(build: &Fixture) -> ArtifactHash {
    ArtifactHash::of(build.bytes())
}

/// Version `a` has counted to 5.
pub(super) fn counted(config: Config) -> Scene<dyn Counter> {
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    let first = scene.host.report("main").unwrap();
    assert_eq!((first.number, first.outcome, first.pause), (1, Outcome::Committed, None));
    assert!(first.plan.as_ref().unwrap().from.is_none());
    scene.slot.pin_mut().add(5).unwrap();
    scene
}

/// It does not end by itself.
pub(super) fn endless() -> Trial {
    Trial::new(LONG).with_longest_call(LONG)
}

/// A place that outlives the runs of a program.
pub(super) struct Place(pub(super) tempfile::TempDir);

pub(super) struct Run {
    pub(super) slot: Slot<dyn Counter>,
    pub(super) told: Told,
    pub(super) host: Host,
}

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.0.path().join("journal")
    }

    pub(super) fn report(&self, number: u64) -> PathBuf {
        self.journal().join(format!("reports/main/{number:08}.json"))
    }

    pub(super) fn put(&self, build: &Fixture) {
        replace(&self.0.path().join(file_name("module")), build.bytes());
    }

    pub(super) fn run(&self, change: impl FnOnce(Config) -> Config) -> Run {
        let config = patient()
            .slot("main", SlotConfig::artifact(self.0.path().join(file_name("module"))))
            .with_data_dir(self.0.path());
        let host = Host::new(change(config)).unwrap_or_else(|error| panic!("{error:?}"));
        let told = Told::of(&host);
        let slot = host.slot("main").unwrap_or_else(|error| panic!("{error}"));
        Run { slot, told, host }
    }

    /// What a run would find that comes after a crash at this moment.
    pub(super) fn image(&self) -> Self {
        fn copy(from: &Path, to: &Path) {
            fs::create_dir_all(to).unwrap();
            for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
                let (from, to) = (entry.path(), to.join(entry.file_name()));
                match from.is_dir() {
                    true => copy(&from, &to),
                    false => assert!(fs::copy(from, to).is_ok()),
                }
            }
        }
        let image = Self::new();
        copy(self.0.path(), image.0.path());
        image
    }
}
