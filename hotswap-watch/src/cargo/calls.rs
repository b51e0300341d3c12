//! Calls of cargo: the program, its environment, and what it knows of the workspace.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use cargo_metadata::MetadataCommand;

use super::build::Build;
use super::build_plan::Plan;
use super::environment::{self, Verdict};
use super::message::{Said, said};
use super::process::{Process, ProcessEvent};
use super::{CargoError, Report, Request, arguments};

/// The request with its folder made absolute, and the cargo to run.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) request: Request,
    program: PathBuf,
}

impl Calls {
    pub(super) fn new(mut request: Request) -> Result<Self, CargoError> {
        if request.packages.is_empty() {
            return Err(CargoError::NoPackage);
        }
        match std::path::absolute(&request.folder) {
            Ok(folder) if folder.is_dir() => request.folder = folder,
            _ => return Err(CargoError::NoFolder { folder: request.folder }),
        }
        // `CARGO` is the one that has started the program, where one has.
        let program = request.cargo.clone().unwrap_or_else(|| {
            let own = env::var_os("CARGO").map(PathBuf::from).filter(|program| program.is_file());
            own.unwrap_or_else(|| "cargo".into())
        });
        Ok(Self { request, program })
    }

    /// Asks for the plan, and waits for the answer; tells what cargo itself waits for.
    pub(super) fn plan(&self, sink: &mut dyn FnMut(Report)) -> Result<Plan, CargoError> {
        let (sender, news) = mpsc::channel();
        // Fails only when the answer is not waited for any more.
        let tell = move |it| drop(sender.send(it));
        let not_run = |error| self.not_run(error);
        let process = Process::start(self.metadata(None), tell).map_err(not_run)?;
        let mut build = Build::begin(BTreeSet::new());
        let (mut metadata, mut words, mut open) = (Vec::new(), String::new(), 2);
        while let Some(it) = (open > 0).then(|| news.recv().ok()).flatten() {
            match it {
                ProcessEvent::Output(line) => metadata.extend(line),
                ProcessEvent::Said(line) => {
                    build.said(&line).into_iter().for_each(&mut *sink);
                    words = words + &line + "\n";
                }
                ProcessEvent::Closed => open -= 1,
                ProcessEvent::Stopped => sink(Report::Stopped { pid: process.id() }),
                ProcessEvent::Ended => {}
            }
        }
        // It says nothing on its output that fails.
        match process.status().map_err(not_run)?.is_success(!metadata.is_empty()) {
            true => self.read_plan(&metadata),
            false => Err(self.refused(&words)),
        }
    }

    /// What `cargo metadata` has said is this plan.
    pub(super) fn read_plan(&self, metadata: &[u8]) -> Result<Plan, CargoError> {
        let folder = || self.request.folder.clone();
        let text = String::from_utf8_lossy(metadata);
        let metadata = MetadataCommand::parse(text)
            .map_err(|error| CargoError::Metadata { folder: folder(), why: error.to_string() })?;
        Plan::of(&metadata, &self.request)
    }

    pub(super) fn metadata(&self, plan: Option<&Plan>) -> Command {
        let mut command = self.cargo(arguments::metadata(&self.request), plan);
        // Says where cargo's target folder is.
        for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    pub(super) fn build(&self, plan: &Plan) -> Command {
        let packages = plan.wanted.iter().map(|package| package.id.as_str());
        let arguments =
            arguments::build(&self.request, &plan.target_folder, &plan.build_folder, packages);
        self.cargo(arguments, Some(plan))
    }

    pub(super) fn not_run(&self, source: io::Error) -> CargoError {
        let program = self.program.clone();
        match source.kind() {
            io::ErrorKind::NotFound => CargoError::NoCargo { program },
            _ => CargoError::Cargo { program, source },
        }
    }

    fn refused(&self, stderr: &str) -> CargoError {
        let folder = self.request.folder.clone();
        if stderr.contains("could not find `Cargo.toml`") {
            return CargoError::NoWorkspace { folder };
        }
        let words = stderr.lines().filter(|line| matches!(said(line), Said::Text));
        CargoError::Refused { folder, said: words.collect::<Vec<_>>().join("\n") }
    }

    fn cargo(&self, arguments: Vec<OsString>, plan: Option<&Plan>) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.request.folder);
        let target_folder = plan.map(|plan| Path::new(&plan.host_target_folder));
        for (name, value) in env::vars_os() {
            match environment::judge(&name, &value, target_folder) {
                Verdict::Keep => {}
                Verdict::Remove => drop(command.env_remove(name)),
                Verdict::Set(value) => drop(command.env(name, value)),
            }
        }
        command
    }
}
