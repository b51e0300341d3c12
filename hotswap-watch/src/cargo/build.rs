//! A running build: what cargo's lines become, and what they add up to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::build_plan::Plan;
use super::message::{self, Count, Output, Said};
use super::{Diagnostic, Finished, Level, Progress, Report, scripts};

/// A cargo that fails may say much; what is at the beginning matters.
const MOST_WORDS: usize = 400;

/// A build is told to be under way when it has taken so long, and then less and less often.
const A_WHILE: Duration = Duration::from_secs(2);

/// What a build has read, as far as cargo says.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Files, and folders as a whole.
    pub(super) paths: BTreeSet<PathBuf>,
    /// Folders of packages of which every file counts.
    pub(super) packages: BTreeSet<PathBuf>,
}

/// What is known of a build that is running, from its first cargo to its last.
#[derive(Debug)]
pub(super) struct Build {
    begun: Instant,
    /// As files have it.
    pub(super) since: SystemTime,
    /// All files whose content has changed since the build before.
    pub(super) changed: BTreeSet<PathBuf>,
    pub(super) read: Read,
    /// Packages whose build scripts are done, by cargo's identity, and when the last of them was.
    scripts: BTreeSet<String>,
    scripts_done: Option<SystemTime>,
    /// What is done, of how many, and what is being worked on.
    counted: Option<(usize, usize, Vec<String>)>,
    told_at: Instant,
    waited_for: BTreeSet<String>,
    /// What cargo says that is neither JSON nor status.
    words: Vec<String>,
    errors: usize,
    warnings: usize,
    built: Vec<(String, PathBuf)>,
    says_success: bool,
}

impl Build {
    pub(super) fn begin(changed: BTreeSet<PathBuf>) -> Self {
        let now = Instant::now();
        Self {
            begun: now,
            since: SystemTime::now(),
            changed,
            read: Read::default(),
            scripts: BTreeSet::new(),
            scripts_done: None,
            counted: None,
            told_at: now,
            waited_for: BTreeSet::new(),
            words: Vec::new(),
            errors: 0,
            warnings: 0,
            built: Vec::new(),
            says_success: false,
        }
    }

    /// A line of `cargo build`'s output.
    pub(super) fn output(&mut self, line: &[u8], plan: &Plan) -> Option<Report> {
        match message::output(line) {
            Output::Nothing => None,
            Output::Finished { success } => {
                self.says_success = success;
                None
            }
            Output::Cdylib { manifest, file: artifact, fresh } => {
                let wanted = plan.wanted.iter().find(|wanted| wanted.manifest == manifest)?;
                let package = wanted.name.clone();
                self.built.push((package.clone(), artifact.clone()));
                Some(Report::Built { package, artifact, fresh })
            }
            Output::Diagnostic { package, level, rendered, files } => {
                let package = plan.names.get(&package).cloned();
                if level == Level::Error && package.is_some() {
                    self.read.paths.extend(files);
                }
                Some(self.diagnostic(package, level, rendered))
            }
            Output::Script { package, out } => {
                if let Some(folder) = plan.scripts.get(&package) {
                    let said = fs::read(out.with_file_name("output")).unwrap_or_default();
                    self.script_says(&String::from_utf8_lossy(&said), folder);
                    self.scripts.insert(package);
                    if self.scripts.len() == plan.scripts.len() {
                        self.scripts_done = Some(SystemTime::now());
                    }
                }
                None
            }
        }
    }

    /// Whether cargo has said that it has built everything.
    pub(super) fn says_success(&self) -> bool {
        self.says_success
    }

    fn script_says(&mut self, output: &str, package: &Path) {
        match scripts::named(output, package) {
            Some(named) => self.read.paths.extend(named),
            None => drop(self.read.packages.insert(package.to_path_buf())),
        }
    }

    /// A build script may have failed because of what it reads.
    pub(super) fn learn_from_failure(&mut self, plan: &Plan) {
        let words = self.words.join("\n");
        if let Some(folder) = scripts::failed(&words)
            && plan.packages.contains_key(&folder)
        {
            self.script_says(&words, &folder);
            // It may not have come to naming all.
            self.read.packages.insert(folder);
        }
    }

    /// Whether a file may have been written by a build script of this build, that was last written
    /// at this time.
    pub(super) fn may_be_of_a_script(&self, modified: SystemTime, plan: &Plan) -> bool {
        !plan.scripts.is_empty() && self.scripts_done.is_none_or(|done| modified <= done)
    }

    /// A line of cargo's standard error.
    pub(super) fn said(&mut self, line: &str) -> Option<Report> {
        match message::said(line) {
            Said::Status => None,
            Said::Compiling(package) => Some(Report::Compiling { package: package.into() }),
            Said::Progress(Count { done, total, names }) => {
                let names = names.into_iter().map(str::to_owned).collect();
                self.counted = Some((done, total, names));
                None
            }
            Said::WaitsFor(what) => self
                .waited_for
                .insert(what.to_owned())
                .then(|| Report::WaitingForLock { what: what.to_owned() }),
            Said::Fetches(what) => self
                .waited_for
                .insert(what.to_owned())
                .then(|| Report::Fetching { what: what.to_owned() }),
            Said::Text => {
                if self.words.len() < MOST_WORDS {
                    self.words.push(line.to_owned());
                }
                None
            }
        }
    }

    /// When it is told how far it is: cargo says so when that changes, and that may be long ago.
    pub(super) fn progress_due(&self) -> Option<Instant> {
        let wait = A_WHILE.max(self.told_at.duration_since(self.begun) / 4);
        self.counted.as_ref().map(|_| self.told_at + wait)
    }

    pub(super) fn progress(&mut self, now: Instant, plan: &Plan) -> Option<Report> {
        let (done, total, compiling) = self.counted.clone()?;
        self.told_at = now;
        let took = now.duration_since(self.begun);
        let packages = plan.wanted.iter().map(|package| package.name.clone()).collect();
        Some(Report::Progress(Progress { packages, done, total, compiling, took }))
    }

    pub(super) fn diagnostic(
        &mut self,
        package: Option<String>,
        level: Level,
        rendered: String,
    ) -> Report {
        match level {
            Level::Error => self.errors += 1,
            Level::Warning => self.warnings += 1,
            Level::Note => {}
        }
        Report::Diagnostic(Diagnostic { package, level, rendered })
    }

    /// What else there is to say when cargo has failed, as `end` says: its own words, when the
    /// compiler has not said why.
    pub(super) fn failed(&mut self, end: &str) -> Option<Report> {
        if self.errors > 0 {
            return None;
        }
        let words = std::mem::take(&mut self.words).join("\n");
        let words = words.trim();
        let rendered = match words.is_empty() {
            true => format!("error: cargo has failed without a word ({end})"),
            false if asks_somebody(words) => format!("{words}\n{NO_TERMINAL}"),
            false => words.to_owned(),
        };
        Some(self.diagnostic(None, Level::Error, rendered))
    }

    /// The artifacts that were built, in order.
    pub(super) fn artifacts(&self) -> impl Iterator<Item = &PathBuf> {
        self.built.iter().map(|(_, artifact)| artifact)
    }

    pub(super) fn finish(self, success: bool, stale: bool) -> Finished {
        let Self { begun, errors, warnings, built, .. } = self;
        let built = built.into_iter().map(|(package, _)| package).collect();
        Finished { success, stale, took: begun.elapsed(), errors, warnings, built }
    }
}

const NO_TERMINAL: &str = "note: cargo has no terminal here, so that nothing below it can ask for \
                           a pass phrase: run `cargo build` once in a shell, or use an agent or a \
                           credential helper";

/// Whether something that was to be asked in a terminal is why cargo has failed.
fn asks_somebody(words: &str) -> bool {
    [
        "/dev/tty",
        "could not read Username",
        "could not read Password",
        "terminal prompts disabled",
        "Host key verification failed",
        "Permission denied (publickey",
    ]
    .iter()
    .any(|sign| words.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lock_is_told_once() {
        let mut build = Build::begin(BTreeSet::new());
        let mut waits = |what: &str| {
            let line = format!("    Blocking waiting for file lock on {what}");
            matches!(build.said(&line), Some(Report::WaitingForLock { what: told }) if told == what)
        };
        assert!(waits("package cache"));
        assert!(waits("build directory"));
        assert!(!waits("package cache"));
    }

    #[test]
    fn cargos_words_are_told_where_the_compiler_has_said_nothing() {
        let text = |build: &mut Build| match build.failed("exit status: 101") {
            Some(Report::Diagnostic(found)) => Some(found.rendered),
            _ => None,
        };
        let mut build = Build::begin(BTreeSet::new());
        for line in ["   Compiling x v0.1.0", "error: no such crate", "", "  because", ""] {
            build.said(line);
        }
        assert_eq!(text(&mut build).as_deref(), Some("error: no such crate\n\n  because"));
        assert_eq!(build.finish(false, false).errors, 1);

        let mut build = Build::begin(BTreeSet::new());
        let silent = "error: cargo has failed without a word (exit status: 101)";
        assert_eq!(text(&mut build).as_deref(), Some(silent));

        let mut build = Build::begin(BTreeSet::new());
        build.said("error: fatal: could not read Username for 'https://x': No such device");
        let found = text(&mut build).unwrap();
        assert!(found.ends_with(NO_TERMINAL), "{found}");

        let mut build = Build::begin(BTreeSet::new());
        build.diagnostic(None, Level::Error, "error: mismatched types".into());
        build.diagnostic(None, Level::Warning, "warning: unused".into());
        build.said("error: could not compile `x` (lib) due to 1 previous error");
        assert_eq!(text(&mut build), None);
        let finished = build.finish(false, true);
        assert_eq!((finished.errors, finished.warnings), (1, 1));
        assert!(finished.stale && !finished.success);
    }
}
