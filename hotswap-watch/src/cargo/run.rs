//! The builder's thread: the order of things.

mod building;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Instant, SystemTime};

use super::build::Build;
use super::build_plan::Plan;
use super::calls::Calls;
use super::error::CargoError;
use super::event::{Seen, seen};
use super::input::Input;
use super::job::Job;
use super::limits::{PATIENCE, SETTLE};
use super::report::Report;
use super::request::Request;
use super::schedule::{Action, Schedule, Step};
use super::sources::{Look, Sources};
use super::suspects::Suspects;
use super::watched::Watched;
use super::written::{Meaning, Written};
use crate::error::WatchError;
use crate::folders::Folders;

/// Others wait meanwhile.
const MOST_AT_ONCE: usize = 10_000;

pub(super) struct Run {
    calls: Calls,
    plan: Plan,
    /// A manifest has changed since.
    plan_is_old: bool,
    sources: Sources,
    schedule: Schedule,
    job: Option<Job>,
    jobs: u64,
    /// A build was begun.
    has_built: bool,
    /// What has changed since the last build began.
    because: BTreeSet<PathBuf>,
    suspects: Suspects,
    poll_at: Option<Instant>,
    /// Crates of the host that were told to have changed.
    told: BTreeSet<String>,
    /// Texts of troubles that were told.
    troubles: BTreeSet<String>,
    /// What the plan does not know of, and compilers or build scripts have read.
    extra: Watched,
    /// What builds themselves write.
    written: Written,
    inputs: Sender<Input>,
    sink: Box<dyn FnMut(Report) + Send>,
}

impl Run {
    pub(super) fn new(
        request: Request,
        inputs: &Sender<Input>,
        mut sink: Box<dyn FnMut(Report) + Send>,
    ) -> Result<Self, CargoError> {
        let calls = Calls::new(request)?;
        let plan = calls.plan(&mut *sink)?;
        let folders = match calls.request.polling {
            Some(_) => None,
            None => Some(Folders::new(handler(inputs.clone()))?),
        };
        let mut sources = Sources::new(folders);
        if let Some(trouble) = sources.watch(plan.watched.clone()).troubles.pop() {
            return Err(trouble.into());
        }
        Ok(Self {
            calls,
            plan,
            plan_is_old: false,
            sources,
            schedule: Schedule::new(PATIENCE),
            job: None,
            jobs: 0,
            has_built: false,
            because: BTreeSet::new(),
            suspects: Suspects::new(SETTLE),
            poll_at: None,
            told: BTreeSet::new(),
            troubles: BTreeSet::new(),
            extra: Watched::default(),
            written: Written::default(),
            inputs: inputs.clone(),
            sink,
        })
    }

    pub(super) fn until_stopped(mut self, inbox: &Receiver<Input>) {
        self.step(Step::Asked);
        loop {
            if let (Some(interval), None) = (self.calls.request.polling, self.poll_at) {
                self.poll_at = Some(Instant::now() + interval);
            }
            let first = match self.next_deadline() {
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => inbox.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match first {
                // What came at once is answered at once: an editor's save is several events.
                Ok(first) => {
                    let inputs = std::iter::once(first).chain(inbox.try_iter().take(MOST_AT_ONCE));
                    let mut lost = false;
                    for input in inputs {
                        match input {
                            Input::Stop => return,
                            Input::Asked => self.step(Step::Asked),
                            Input::Again => self.step(Step::Again),
                            Input::Trouble(error) => self.tell_trouble(error),
                            Input::Seen(seen) => lost |= self.seen(seen),
                            Input::Process(number, news) => self.news(number, news),
                        }
                    }
                    self.look(lost);
                }
                Err(RecvTimeoutError::Timeout) => self.look(false),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.on_time(Instant::now());
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let job = self.job.as_ref();
        let of_job = job.and_then(|job| job.kill_at.into_iter().chain(job.drained_at).min());
        let progress = job.and_then(Job::progress_due);
        [of_job, progress, self.suspects.due_at(), self.poll_at].into_iter().flatten().min()
    }

    fn on_time(&mut self, now: Instant) {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.poll_at) {
            self.poll_at = None;
            self.look(true);
        }
        if let Some(job) = &mut self.job {
            if is_due(job.kill_at) {
                job.kill();
            }
            if is_due(job.progress_due())
                && let Some(progress) = job.build.progress(now, &self.plan)
            {
                (self.sink)(progress);
            }
            if is_due(job.drained_at) {
                self.ended();
            }
        }
    }

    /// Says whether everything has to be looked at.
    fn seen(&mut self, seen: Seen) -> bool {
        match seen {
            Seen::Nothing => {}
            Seen::Lost => {
                self.sources.lost();
                return true;
            }
            Seen::Settled(paths) => {
                let paths = self.that_matter(paths);
                self.suspects.settled(paths);
            }
            Seen::Changing(paths) => {
                let paths = self.that_matter(paths);
                self.suspects.changing(paths, Instant::now());
            }
            Seen::Gone(paths) => {
                self.sources.gone(&paths);
                let paths = self.that_matter(paths);
                self.suspects.changing(paths, Instant::now());
            }
        }
        false
    }

    fn that_matter(&self, mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
        // A cargo that draws up the plan writes it; it is looked at when that has ended.
        let is_own = self.job.as_ref().is_some_and(Job::makes_plan);
        paths.retain(|path| {
            !(is_own && path.ends_with("Cargo.lock")) && self.sources.concerns(path)
        });
        paths
    }

    fn look(&mut self, everywhere: bool) {
        let suspects = self.suspects.take(Instant::now());
        let look = match (everywhere, suspects.is_empty()) {
            (false, true) => return,
            (false, false) => self.sources.look(&suspects),
            (true, _) => self.sources.look_around(&suspects),
        };
        self.looked(look);
    }

    fn looked(&mut self, look: Look) {
        look.troubles.into_iter().for_each(|trouble| self.tell_trouble(trouble));
        let plan = &self.plan;
        let running = self.job.as_ref().filter(|job| !job.makes_plan()).map(|job| &job.build);
        let mut meant = Meaning::Nothing;
        let mut files = look.changed;
        files.retain(|file| {
            let meaning = meaning(file, running, plan, &mut self.written);
            meant = meant.max(meaning);
            meaning != Meaning::Nothing
        });
        self.changed(files, meant);
    }

    fn changed(&mut self, files: Vec<PathBuf>, meaning: Meaning) {
        self.note(files);
        match meaning {
            Meaning::Nothing => {}
            Meaning::Again => self.step(Step::Again),
            Meaning::Stale => self.step(Step::Changed),
        }
    }

    /// Keeps in mind what has changed, for the next build.
    fn note(&mut self, files: Vec<PathBuf>) {
        for file in &files {
            self.plan_is_old |= self.plan.is_plan(file);
            if let Some(package) = self.plan.shared_owner(file)
                && !self.told.contains(package)
            {
                let package = package.to_owned();
                self.told.insert(package.clone());
                (self.sink)(Report::InterfaceChanged { package });
            }
        }
        self.because.extend(files);
    }

    fn step(&mut self, step: Step) {
        match self.schedule.step(step, Instant::now()) {
            Action::Nothing => {}
            Action::Start => self.start(),
            Action::Stop => {
                if let Some(job) = &mut self.job {
                    job.stop();
                }
            }
        }
    }

    fn tell_trouble(&mut self, error: WatchError) {
        // It is met again at every look.
        if !self.troubles.insert(error.to_string()) {
            return;
        }
        (self.sink)(Report::WatchTrouble(Arc::new(error)));
    }
}

/// What it means that a file has changed, while this build runs if there is one.
fn meaning(file: &Path, build: Option<&Build>, plan: &Plan, written: &mut Written) -> Meaning {
    let Some(build) = build else {
        written.saved(file);
        return Meaning::Stale;
    };
    let modified = file.metadata().and_then(|meta| meta.modified());
    let modified = modified.unwrap_or_else(|_| SystemTime::now());
    written.changed(file, build.may_be_of_a_script(modified, plan))
}

/// Takes the system's events to the builder's thread.
fn handler(inputs: Sender<Input>) -> impl FnMut(notify::Result<notify::Event>) + Send + 'static {
    move |event| {
        let input = match event.map(seen) {
            Ok(Seen::Nothing) => return,
            Ok(seen) => Input::Seen(seen),
            Err(error) => Input::Trouble(WatchError::from_notify(None, error)),
        };
        // Fails only when the builder was dropped.
        let _ = inputs.send(input);
    }
}
