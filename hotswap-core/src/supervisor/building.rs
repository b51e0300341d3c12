//! Modules that are built from their sources: what cargo reports becomes events, and what it has
//! built becomes an artifact.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, mpsc::Sender},
    thread,
};

use hotswap_watch::cargo::{Builder, Report};

use super::{command::Command, shared::Shared};
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
    pub(super) built: HashMap<String, PathBuf>,
    /// What the slots wait for that have nothing to serve.
    pub(super) state: State,
    /// How often it was built again since the last save.
    again: u32,
}

/// How far the packages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
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
        let builder = if shared.settings.values().any(|slot| is_package(&slot.source)) {
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

    /// What cargo has reported: what it has built, and how far it is.
    pub(super) fn heard(&mut self, report: &Report) {
        if let Report::Built { package, artifact, .. } = report {
            self.built.insert(package.clone(), artifact.clone());
        }
        if matches!(report, Report::Started { because } if !because.is_empty()) {
            self.again = 0;
        }
        self.state = match report {
            Report::Started { .. } => State::Running,
            // Another one follows.
            Report::Finished(finished) if finished.stale => State::Running,
            Report::Finished(finished) if finished.success => State::Done,
            Report::Finished(_) => State::Failed,
            _ => self.state,
        };
    }

    /// Builds once more what was saved last, but not for ever; returns whether it does.
    pub(super) fn build_again(&mut self) -> bool {
        match &self.builder {
            Some(builder) if self.again < MOST_AGAIN => {
                self.again += 1;
                builder.build_again();
                true
            }
            _ => false,
        }
    }
}
