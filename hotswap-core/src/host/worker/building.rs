//! Modules that are built from their sources: what cargo reports becomes events, and what it has
//! built becomes an artifact.

use std::{collections::HashMap, path::PathBuf, sync::mpsc::Sender, time::Instant};

use super::{Command, Worker};
use crate::{
    cargo::{Builder, Report},
    config::{Config, Place},
    error::{Error, Reason},
    event::EventKind,
    watch::Hint,
};

/// The builder, and what it has built.
pub(super) struct Building {
    /// `None` where no slot is built from its sources: then cargo is never looked for.
    builder: Option<Builder>,
    /// The last artifact of each package.
    built: HashMap<String, PathBuf>,
    /// The last report was that a build has failed.
    failed: bool,
    /// How often it was built again since the last save.
    again: u32,
}

/// How often one save is built again: a build script may write its sources each time.
const MOST_AGAIN: u32 = 3;

impl Building {
    /// Starts a first build of all packages, if there are any.
    pub(super) fn start(config: &Config, commands: &Sender<Command>) -> Result<Self, Error> {
        let is_package = |place: &Option<Place>| matches!(place, Some(Place::Package(_)));
        let builder = if config.slots.values().any(|slot| is_package(&slot.source)) {
            let reports = commands.clone();
            let sink = move |report: Report| {
                // Fails only when the worker has ended.
                let _ = reports.send(Command::Build(report));
            };
            Some(Builder::start(config.cargo.clone(), sink).map_err(Reason::Cargo)?)
        } else {
            None
        };
        Ok(Self { builder, built: HashMap::new(), failed: false, again: 0 })
    }

    /// Ends a running build.
    pub(super) fn end(&mut self) {
        self.builder = None;
    }
}

impl Worker {
    pub(super) fn build_reported(&mut self, report: Report) {
        if let Report::Built { package, artifact, .. } = &report {
            self.building.built.insert(package.clone(), artifact.clone());
            for index in 0..self.slots.len() {
                let config = &self.shared.config.slots[&*self.slots[index].core.name];
                if config.source == Some(Place::Package(package.clone())) {
                    self.paths.appeared((index, artifact.clone()), Hint::Ready, Instant::now());
                }
            }
        }
        if matches!(&report, Report::Started { because } if !because.is_empty()) {
            self.building.again = 0;
        }
        let failed = matches!(&report, Report::Finished(it) if !it.success && !it.stale);
        self.tell("", EventKind::Build(report));
        self.building.failed = failed;
        for index in 0..self.slots.len() {
            self.give_up_unbuilt(index);
        }
    }

    /// Builds again what was refused because its sources were changed while they were compiled: if
    /// what was saved is what they held before, no other build would follow. Says whether it does.
    pub(super) fn build_again(&mut self, index: usize) -> bool {
        let config = &self.shared.config.slots[&*self.slots[index].core.name];
        let building = &mut self.building;
        match &building.builder {
            Some(builder)
                if matches!(config.source, Some(Place::Package(_)))
                    && building.again < MOST_AGAIN =>
            {
                building.again += 1;
                builder.build_again();
                true
            }
            _ => false,
        }
    }

    fn give_up_unbuilt(&self, index: usize) {
        let config = &self.shared.config.slots[&*self.slots[index].core.name];
        if self.building.failed && matches!(config.source, Some(Place::Package(_))) {
            self.give_up(index);
        }
    }

    /// A slot was opened whose package may have been built already.
    pub(super) fn take_built(&mut self, index: usize, package: &str) {
        if let Some(artifact) = self.building.built.get(package) {
            self.paths.appeared((index, artifact.clone()), Hint::Ready, Instant::now());
        }
        self.give_up_unbuilt(index);
    }
}
