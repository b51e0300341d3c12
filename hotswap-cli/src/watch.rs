//! `watch`: builds on every save, and says what an upgrade would mean.
//!
//! The builder is the one that a host has. What it reports comes to this thread, and so do
//! signals: whichever ends the loop, the builder is dropped, and with it its cargo. On Windows
//! Ctrl-C ends this process, and cargo in the same console with it.

mod report;

use std::{collections::HashMap, env, path::Path, sync::mpsc};
#[cfg(unix)]
use std::{io, sync::mpsc::Sender, thread};

use hotswap_core::{
    StateDrift,
    artifact::{Artifact, ArtifactError},
    cargo::{Builder, Profile, Report, Request},
};
#[cfg(unix)]
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use self::report::{Candidate, Line};
use crate::{Error, Outcome, args::Watch, check::Succession, say, workspace::Workspace};

enum Input {
    Report(Report),
    #[cfg(unix)]
    Signal,
}

/// What would serve in a host that had seen all these builds.
struct Watcher {
    json: bool,
    drift: StateDrift,
    serving: HashMap<String, Artifact>,
}

pub(crate) fn run(asked: Watch) -> Result<Outcome, Error> {
    let here = env::current_dir().map_err(|error| Error::unable(&error))?;
    let profile = match (asked.release, asked.profile) {
        (true, _) => Profile::Release,
        (false, None) => Profile::Dev,
        (false, Some(name)) => Profile::Named(name),
    };
    let request = Request::new(&here).with_profile(profile);
    // Its texts go to stderr, or into JSON.
    let request = request.with_colors(!asked.json && say::stderr_has_colors());
    let request = packages(asked.packages, &here)?
        .into_iter()
        .fold(request, |request, package| request.with_package(package));

    let (inputs, inbox) = mpsc::channel();
    #[cfg(unix)]
    listen(inputs.clone()).map_err(|error| Error::unable(&error))?;
    // Fails only when this function has ended.
    let sink = move |report| drop(inputs.send(Input::Report(report)));
    let builder = Builder::start(request, sink).map_err(|error| Error::unable(&error))?;
    let mut watcher =
        Watcher { json: asked.json, drift: asked.drift.into(), serving: HashMap::new() };
    for input in inbox {
        match input {
            Input::Report(report) => watcher.reported(report),
            #[cfg(unix)]
            Input::Signal => break,
        }
    }
    drop(builder);
    watcher.tell(&Line::Ended);
    Ok(Outcome::Done)
}

/// Those that were asked for; else all modules of the workspace.
fn packages(asked: Vec<String>, here: &Path) -> Result<Vec<String>, Error> {
    if !asked.is_empty() {
        return Ok(asked);
    }
    let workspace = Workspace::of(here)?;
    let modules: Vec<String> = workspace.modules().map(|it| it.name.to_string()).collect();
    if modules.is_empty() {
        return Err(Error::Unable(format!(
            "the workspace of {} has no module: a package that depends on hotswap-abi and has \
             crate-type = [\"cdylib\", \"rlib\"]; add one with `cargo hotswap add NAME`",
            workspace.root().display()
        )));
    }
    Ok(modules)
}

/// From here on a signal ends the loop and not the process, so that no cargo is left behind.
#[cfg(unix)]
fn listen(inputs: Sender<Input>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let wait = move || {
        if signals.forever().next().is_some() {
            let _ = inputs.send(Input::Signal);
        }
    };
    thread::Builder::new().name("signals".into()).spawn(wait).map(drop)
}

impl Watcher {
    fn reported(&mut self, report: Report) {
        let Some(line) = Line::of(&report) else { return };
        self.tell(&line);
        if let Report::Built { package, artifact, .. } = report {
            self.built(package, &artifact);
        }
    }

    /// Judges a build as a host would that has taken the last good one.
    fn built(&mut self, package: String, path: &Path) {
        let new = match Artifact::read(path) {
            Ok(new) => new,
            // A newer build is under way already, and will be reported.
            Err(error) if error.is_temporary() => return,
            Err(error) => return self.unsound(package, &error),
        };
        let old = self.serving.get(&package);
        if old.is_some_and(|old| old.hash() == new.hash()) {
            return self.tell(&Line::Same { package });
        }
        let verdict = old.map(|old| (old, Succession::of(&new, old, self.drift)));
        let line = Line::candidate(Candidate::of(package.clone(), &new, verdict.as_ref()));
        let is_taken = !matches!(verdict, Some((_, Succession::Refused(_))));
        self.tell(&line);
        if is_taken {
            self.serving.insert(package, new);
        }
    }

    fn unsound(&self, package: String, error: &ArtifactError) {
        match error.objection() {
            Some(objection) => {
                self.tell(&Line::candidate(Candidate::unsound(package, objection)));
            }
            None => self.tell(&Line::trouble(error)),
        }
    }

    fn tell(&self, line: &Line) {
        if self.json { say::line(line) } else { line.show() }
    }
}
