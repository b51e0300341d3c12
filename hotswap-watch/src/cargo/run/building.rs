//! From the start of a build to its end: one cargo after the other.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use hotswap_abi::__private::text::in_full;

use super::super::build::{Build, Read};
use super::super::build_plan::Plan;
use super::super::input::Input;
use super::super::job::Job;
use super::super::process::{Process, ProcessEvent};
use super::super::report::{Level, Report};
use super::super::schedule::Step;
use super::super::scripts::normal;
use super::super::sources::Look;
use super::super::watched::Watched;
use super::super::written::Meaning;
use super::super::{depinfo, seed, unnoticed};
use super::{Run, meaning};

/// How many files [`Report::Started`] names.
const MOST_REASONS: usize = 5;

/// How long the end of the output of a cargo that has ended is waited for.
const DRAIN: Duration = Duration::from_secs(1);

impl Run {
    /// Starts a build, with a new plan if need be.
    pub(super) fn start(&mut self) {
        let changed = std::mem::take(&mut self.because);
        let because = changed.iter().take(MOST_REASONS).cloned().collect();
        (self.sink)(Report::Started { because });
        self.go_on(Build::begin(changed));
    }

    fn go_on(&mut self, build: Build) {
        if self.plan_is_old {
            self.plan_is_old = false;
            self.run_cargo(self.calls.metadata(Some(&self.plan)), Some(Vec::new()), build);
        } else {
            // What was done before it was watched, nobody has seen.
            let is_first = !std::mem::replace(&mut self.has_built, true);
            if is_first {
                seed::seed(&self.plan, &self.calls.request.profile);
            }
            let unseen = self.sources.files().filter(|_| is_first);
            unnoticed::forget(&self.plan, &build.changed, unseen);
            self.run_cargo(self.calls.build(&self.plan), None, build);
        }
    }

    fn run_cargo(&mut self, command: Command, metadata: Option<Vec<u8>>, mut build: Build) {
        self.jobs += 1;
        let (number, inputs) = (self.jobs, self.inputs.clone());
        // Fails only when the builder was dropped.
        let tell = move |news| drop(inputs.send(Input::Process(number, news)));
        match Process::start(command, tell) {
            Ok(process) => {
                self.job = Some(Job {
                    number,
                    process,
                    build,
                    metadata,
                    stopped: false,
                    closed: 0,
                    ended: false,
                    kill_at: None,
                    drained_at: None,
                });
            }
            Err(error) => {
                let error = self.calls.not_run(error);
                self.plan_is_old |= metadata.is_some();
                (self.sink)(build.diagnostic(
                    None,
                    Level::Error,
                    format!("error: {}", in_full(&error)),
                ));
                self.finished(build, false);
            }
        }
    }

    pub(super) fn news(&mut self, number: u64, news: ProcessEvent) {
        let Some(job) = self.job.as_mut().filter(|job| job.number == number) else { return };
        let report = match (news, &mut job.metadata) {
            (ProcessEvent::Output(line), Some(metadata)) => {
                metadata.extend(line);
                None
            }
            (ProcessEvent::Output(line), None) => job.build.output(&line, &self.plan),
            (ProcessEvent::Said(line), _) => job.build.said(&line),
            (ProcessEvent::Stopped, _) => Some(Report::Stopped { pid: job.process.id() }),
            (ProcessEvent::Closed, _) => {
                job.closed += 1;
                None
            }
            (ProcessEvent::Ended, _) => {
                job.ended = true;
                // Where the end of the process is not known, that of its output has to do.
                job.drained_at = cfg!(unix).then(|| Instant::now() + DRAIN);
                None
            }
        };
        let ended = job.ended && (job.closed == 2 || job.stopped);
        // What a build says that was told to end is of no interest any more.
        if let Some(report) = report.filter(|_| !job.stopped) {
            (self.sink)(report);
        }
        if ended {
            self.ended();
        }
    }

    /// The running cargo has ended.
    pub(super) fn ended(&mut self) {
        let Some(job) = self.job.take() else { return };
        let Job { process, mut build, metadata, stopped, .. } = job;
        if stopped {
            // With what it may have left behind.
            drop(process);
            self.plan_is_old |= metadata.is_some();
            self.written.ended(true);
            return self.finished(build, false);
        }
        let says_so = metadata.as_ref().map_or(build.says_success(), |it| !it.is_empty());
        let failed = match process.status() {
            Ok(end) if end.is_success(says_so) => None,
            Ok(end) => Some(end.to_string()),
            Err(error) => Some(error.to_string()),
        };
        match (failed, metadata) {
            (None, None) => {
                self.watch_what_was_read(&mut build, true);
                self.finished(build, true);
            }
            (None, Some(metadata)) => match self.calls.read_plan(&metadata) {
                Ok(plan) => {
                    self.adopt(plan, &mut build);
                    self.go_on(build);
                }
                Err(error) => {
                    self.plan_is_old = true;
                    (self.sink)(build.diagnostic(
                        None,
                        Level::Error,
                        format!("error: {}", in_full(&error)),
                    ));
                    self.finished(build, false);
                }
            },
            (Some(end), metadata) => {
                self.plan_is_old |= metadata.is_some();
                build.learn_from_failure(&self.plan);
                if let Some(report) = build.failed(&end) {
                    (self.sink)(report);
                }
                if metadata.is_none() {
                    self.watch_what_was_read(&mut build, false);
                }
                self.finished(build, false);
            }
        }
    }

    fn finished(&mut self, build: Build, success: bool) {
        let finished = build.finish(success, self.schedule.is_stale());
        (self.sink)(Report::Finished(finished));
        self.step(Step::Ended);
    }

    /// The plan is another one, and the build that goes on with it sees what is there now.
    fn adopt(&mut self, plan: Plan, build: &mut Build) {
        self.plan = plan;
        let mut look = self.sources.watch(self.plan.watched.with(&self.extra));
        look.troubles.into_iter().for_each(|trouble| self.tell_trouble(trouble));
        // Written by the cargo that has just ended, most likely.
        look.changed.retain(|file| !file.ends_with("Cargo.lock"));
        self.note(look.changed);
        build.changed.append(&mut self.because);
    }

    /// Watches what compilers and build scripts have read and the plan does not know. After a build
    /// that has failed it may be more than that.
    fn watch_what_was_read(&mut self, build: &mut Build, success: bool) {
        let read = std::mem::take(&mut build.read);
        let mut extra = self.beyond_the_plan(build, read);
        if !success {
            extra = extra.with(&self.extra);
        }
        let mut look = Look::default();
        if extra != self.extra {
            look = self.sources.watch(self.plan.watched.with(&extra));
            // Nobody has watched the new ones since the build began.
            let since = build.since;
            let is_newer = |file: &PathBuf| {
                file.metadata().and_then(|meta| meta.modified()).is_ok_and(|it| it >= since)
            };
            look.changed.extend(std::mem::take(&mut look.new).into_iter().filter(is_newer));
            self.extra = extra;
        }
        look.troubles.into_iter().for_each(|trouble| self.tell_trouble(trouble));
        let mut meant = Meaning::Nothing;
        look.changed.retain(|file| {
            let meaning = meaning(file, Some(build), &self.plan, &mut self.written);
            meant = meant.max(meaning);
            meaning != Meaning::Nothing
        });
        self.changed(look.changed, meant);
        for file in self.written.ended(false) {
            (self.sink)(Report::Rewritten { file });
        }
    }

    fn beyond_the_plan(&self, build: &Build, read: Read) -> Watched {
        let plan = &self.plan;
        let infos = build
            .artifacts()
            .filter_map(|artifact| fs::read_to_string(artifact.with_extension("d")).ok());
        let compiled = infos.flat_map(|info| depinfo::sources(&info));
        // From the root of the file system on; see `arguments`.
        let root = plan.target_folder.ancestors().last().unwrap_or(&plan.target_folder);
        let compiled = compiled.map(|file| root.join(file));
        let mut extra = Watched::default();
        let named = read.paths.into_iter().map(|path| plan.workspace.join(path));
        for path in compiled.chain(named).map(|path| normal(&path)) {
            if plan.watched.has(&path) || plan.is_output(&path) {
                continue;
            }
            match path.is_dir() {
                true => extra.trees.insert(path),
                false => extra.files.insert(path),
            };
        }
        for package in read.packages {
            extra.without.extend(plan.without(&package));
            extra.trees.insert(package);
        }
        extra
    }
}
