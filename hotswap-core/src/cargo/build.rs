//! A running build: what cargo's lines become, and what they add up to.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use super::message::{self, Output, Said};
use super::plan::Plan;
use super::{Diagnostic, Finished, Level, Report};

/// A cargo that fails may say much; what is at the beginning matters.
const MOST_WORDS: usize = 400;

/// What is known of a build that is running, from its first cargo to its last.
#[derive(Debug)]
pub(super) struct Build {
    begun: Instant,
    /// As files have it.
    pub(super) since: SystemTime,
    waited_for: BTreeSet<String>,
    /// What cargo says that is neither JSON nor status.
    words: Vec<String>,
    errors: usize,
    warnings: usize,
    built: Vec<(String, PathBuf)>,
    says_success: bool,
}

impl Build {
    pub(super) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            since: SystemTime::now(),
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
            Output::Diagnostic { package, level, rendered } => {
                let package = plan.names.get(&package).cloned();
                Some(self.diagnostic(package, level, rendered))
            }
        }
    }

    /// Whether cargo has said that it has built everything.
    pub(super) fn says_success(&self) -> bool {
        self.says_success
    }

    /// A line of cargo's standard error.
    pub(super) fn said(&mut self, line: &str) -> Option<Report> {
        match message::said(line) {
            Said::Status => None,
            Said::Compiling(package) => Some(Report::Compiling { package: package.into() }),
            Said::WaitsFor(what) => self
                .waited_for
                .insert(what.to_owned())
                .then(|| Report::WaitingForLock { what: what.to_owned() }),
            Said::Text => {
                if self.words.len() < MOST_WORDS {
                    self.words.push(line.to_owned());
                }
                None
            }
        }
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
            false => words.to_owned(),
        };
        Some(self.diagnostic(None, Level::Error, rendered))
    }

    /// The artifacts that were built, in order.
    pub(super) fn artifacts(&self) -> impl Iterator<Item = &PathBuf> {
        self.built.iter().map(|(_, artifact)| artifact)
    }

    pub(super) fn finish(self, success: bool, stale: bool) -> Finished {
        let Self {
            begun,
            since: _,
            waited_for: _,
            words: _,
            errors,
            warnings,
            built,
            says_success: _,
        } = self;
        let built = built.into_iter().map(|(package, _)| package).collect();
        Finished { success, stale, took: begun.elapsed(), errors, warnings, built }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lock_is_told_once() {
        let mut build = Build::begin();
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
        let mut build = Build::begin();
        for line in ["   Compiling x v0.1.0", "error: no such crate", "", "  because", ""] {
            build.said(line);
        }
        assert_eq!(text(&mut build).as_deref(), Some("error: no such crate\n\n  because"));
        assert_eq!(build.finish(false, false).errors, 1);

        let mut build = Build::begin();
        let silent = "error: cargo has failed without a word (exit status: 101)";
        assert_eq!(text(&mut build).as_deref(), Some(silent));

        let mut build = Build::begin();
        build.diagnostic(None, Level::Error, "error: mismatched types".into());
        build.diagnostic(None, Level::Warning, "warning: unused".into());
        build.said("error: could not compile `x` (lib) due to 1 previous error");
        assert_eq!(text(&mut build), None);
        let finished = build.finish(false, true);
        assert_eq!((finished.errors, finished.warnings), (1, 1));
        assert!(finished.stale && !finished.success);
    }
}
