//! Modules that are built from their sources: what cargo reports becomes events, and what it has
//! built becomes an artifact.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, mpsc::Sender},
    thread,
    time::Instant,
};

use hotswap_watch::Hint;
use hotswap_watch::cargo::{Builder, Report};

use super::{Command, Shared, Worker};
use crate::{
    config::Place,
    error::{Error, Reason},
    event::EventKind,
};

/// The builder, and what it has built.
pub(super) struct Building {
    /// `None` where no slot is built from its sources: then cargo is never looked for.
    builder: Option<Builder>,
    /// The last artifact of each package.
    built: HashMap<String, PathBuf>,
    /// What the slots wait for that have nothing to serve.
    state: State,
    /// How often it was built again since the last save.
    again: u32,
}

/// How far the packages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A build runs, or is about to.
    Running,
    /// The last one has failed.
    Failed,
    /// The last one has succeeded.
    Done,
}

/// How often one save is built again: a build script may write its sources each time.
const MOST_AGAIN: u32 = 3;

impl Building {
    /// Starts a first build of all packages, if there are any.
    pub(super) fn start(shared: &Arc<Shared>, commands: &Sender<Command>) -> Result<Self, Error> {
        let config = &shared.config;
        let is_package = |place: &Option<Place>| matches!(place, Some(Place::Package(_)));
        let builder = if config.slots.values().any(|slot| is_package(&slot.source)) {
            let (reports, shared) = (commands.clone(), Arc::clone(shared));
            let caller = thread::current().id();
            let sink = move |report: Report| {
                if thread::current().id() == caller {
                    // The worker does not run yet, and this may take long.
                    return shared.tell("", EventKind::Build(report));
                }
                // Fails only when the worker has ended.
                let _ = reports.send(Command::Build(report));
            };
            Some(Builder::start(config.cargo.clone(), sink).map_err(Reason::Cargo)?)
        } else {
            None
        };
        Ok(Self { builder, built: HashMap::new(), state: State::Running, again: 0 })
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
        let state = match &report {
            Report::Started { .. } => State::Running,
            // Another one follows.
            Report::Finished(finished) if finished.stale => State::Running,
            Report::Finished(finished) if finished.success => State::Done,
            Report::Finished(_) => State::Failed,
            _ => self.building.state,
        };
        let is_end = matches!(&report, Report::Finished(_));
        self.tell("", EventKind::Build(report));
        self.building.state = state;
        for index in 0..self.slots.len() {
            self.await_build(index, is_end);
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

    /// What the builds mean for a slot that has nothing to serve yet.
    fn await_build(&self, index: usize, tell: bool) {
        let core = &self.slots[index].core;
        let Some(Place::Package(package)) = &self.shared.config.slots[&*core.name].source else {
            return;
        };
        if core.gate().is_some() {
            return;
        }
        let state = self.building.state;
        core.set_building(state != State::Done);
        if state == State::Failed {
            if self.shared.config.one_try {
                self.give_up(index);
            } else if tell {
                self.tell(&core.name, EventKind::WaitingForBuild { package: package.clone() });
            }
        }
    }

    /// A slot was opened whose package may have been built already.
    pub(super) fn take_built(&mut self, index: usize, package: &str) {
        if let Some(artifact) = self.building.built.get(package) {
            self.paths.appeared((index, artifact.clone()), Hint::Ready, Instant::now());
        }
        self.await_build(index, true);
    }
}
