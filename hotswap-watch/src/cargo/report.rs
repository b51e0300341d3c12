//! What a builder tells.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hotswap_types::escape;

use crate::error::WatchError;

/// What a builder tells. Between a [`Started`](Self::Started) and its
/// [`Finished`](Self::Finished) there is no other `Started`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Report {
    /// A build starts.
    Started {
        /// Files whose content has changed, five at most; none for a first build, or one that was
        /// asked for.
        because: Vec<PathBuf>,
    },
    /// Cargo waits until another cargo is done with something; told once in a build for each.
    WaitingForLock {
        /// What it waits for, in cargo's words: "build directory", "package cache".
        what: String,
    },
    /// Cargo asks the network for something, which may take long; told once in a build for each.
    Fetching {
        /// What it does, in cargo's words: "Updating crates.io index".
        what: String,
    },
    /// Cargo was stopped by a signal, and does not go on by itself.
    Stopped {
        /// The number of its process.
        pid: u32,
    },
    /// Cargo starts to compile a package.
    Compiling {
        /// Its name.
        package: String,
    },
    /// How far a build has come that takes a while: first after two seconds, then less and less
    /// often.
    Progress(Progress),
    /// The compiler, or cargo itself, found something.
    Diagnostic(Diagnostic),
    /// An artifact is complete. Told once for each package in every build that gets that far.
    Built {
        /// The package.
        package: String,
        /// Its cdylib. Cargo will overwrite it: copy it before it is used.
        artifact: PathBuf,
        /// Whether it was there already.
        fresh: bool,
    },
    /// A crate that the running program is linked with has changed: modules are built against
    /// the new one, and do not fit this program until it was built and started again. Told once
    /// for each crate.
    InterfaceChanged {
        /// The crate's package.
        package: String,
    },
    /// A build itself writes a watched file, each time something else, so that there would be no end
    /// of builds. From now on it starts none when it changes while a build runs.
    Rewritten {
        /// The file.
        file: PathBuf,
    },
    /// A build has ended.
    Finished(Finished),
    /// A part of the sources is not watched; the rest is.
    WatchTrouble(Arc<WatchError>),
}

/// How far a build has come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The packages that are built, without what they depend on.
    pub packages: Vec<String>,
    /// So many crates and build scripts are done,
    pub done: usize,
    /// of so many.
    pub total: usize,
    /// Those that are being compiled or run.
    pub compiling: Vec<String>,
    /// How long it has taken so far.
    pub took: Duration,
}

/// Something that the compiler, or cargo itself, found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The package it is about; `None` where cargo does not say.
    pub package: Option<String>,
    /// How bad it is.
    pub level: Level,
    /// The text as it would be seen in a terminal, without a line feed at its end.
    pub rendered: String,
}

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Nothing to mend.
    Note,
    /// The build can go on.
    Warning,
    /// The build fails.
    Error,
}

/// How a build has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// Whether all packages were built.
    pub success: bool,
    /// Whether something was saved meanwhile: another build follows at once. One that was ended
    /// early for it has no success and no errors.
    pub stale: bool,
    /// How long it took.
    pub took: Duration,
    /// The number of errors reported; never 0 for a build that failed by itself.
    pub errors: usize,
    /// The number of warnings reported.
    pub warnings: usize,
    /// The packages whose artifacts were reported, in order.
    pub built: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { because } => match because.as_slice() {
                [] => f.write_str("building"),
                [file] => write!(f, "building, {} has changed", escape::path(file)),
                [file, more @ ..] => {
                    write!(
                        f,
                        "building, {} and {} more have changed",
                        escape::path(file),
                        more.len()
                    )
                }
            },
            Self::WaitingForLock { what } => {
                write!(f, "cargo waits for another cargo to be done with the {what}")
            }
            Self::Fetching { what } => write!(f, "cargo: {}", escape::text(what)),
            Self::Stopped { pid } => write!(
                f,
                "cargo was stopped by a signal and waits; `kill -CONT -{pid}` lets it go on"
            ),
            Self::Compiling { package } => write!(f, "compiling {package}"),
            Self::Progress(progress) => progress.fmt(f),
            Self::Diagnostic(diagnostic) => f.write_str(&diagnostic.rendered),
            Self::Built { package, artifact, .. } => {
                write!(f, "built {package}: {}", escape::path(artifact))
            }
            Self::InterfaceChanged { package } => write!(
                f,
                "{package} has changed, which this program is linked with, too: new builds may \
                 not fit until the program was built and started again (Config::with_data_dir keeps \
                 the state over an orderly end)"
            ),
            Self::Rewritten { file } => write!(
                f,
                "{} is written by the build itself, each time something else: it starts no more \
                 builds while one runs; let the build script write to OUT_DIR, or only when its \
                 text is another one",
                escape::path(file)
            ),
            Self::Finished(finished) => finished.fmt(f),
            Self::WatchTrouble(error) => write!(f, "a part of the sources is not watched: {error}"),
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST_NAMED: usize = 3;
        match self.packages.as_slice() {
            [package] => write!(f, "building {package}: ")?,
            packages => write!(f, "building {} packages: ", packages.len())?,
        }
        write!(f, "{} of {} crates, {} s", self.done, self.total, self.took.as_secs())?;
        let named = self.compiling.len().min(MOST_NAMED);
        if named > 0 {
            let names: Vec<_> =
                self.compiling[..named].iter().map(|name| escape::text(name)).collect();
            write!(f, ": compiling {}", names.join(", "))?;
        }
        match self.compiling.len() - named {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize, thing: &str| {
            format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
        };
        match (self.stale, self.success) {
            (true, _) => f.write_str("a build was overtaken by a newer save")?,
            (false, true) => write!(f, "built in {:.1?}", self.took)?,
            (false, false) => write!(
                f,
                "the build failed after {:.1?} with {}; what ran goes on",
                self.took,
                plural(self.errors, "error")
            )?,
        }
        if self.warnings > 0 { write!(f, ", {}", plural(self.warnings, "warning")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_short() {
        let text_of = |packages: &[&str], names: &[&str]| {
            let compiling = names.iter().map(|&name| name.into()).collect();
            let took = Duration::from_millis(41_900);
            let packages = packages.iter().map(|&name| name.into()).collect();
            let progress = Progress { packages, done: 37, total: 92, compiling, took };
            Report::Progress(progress).to_string()
        };
        let text = |names: &[&str]| text_of(&["rules"], names);
        assert_eq!(text(&[]), "building rules: 37 of 92 crates, 41 s");
        assert_eq!(text(&["syn"]), "building rules: 37 of 92 crates, 41 s: compiling syn");
        let two = text_of(&["rules", "physics"], &["syn"]);
        assert_eq!(two, "building 2 packages: 37 of 92 crates, 41 s: compiling syn");
        let four = text(&["a", "b", "c", "d(build)"]);
        assert_eq!(four, "building rules: 37 of 92 crates, 41 s: compiling a, b, c and 1 more");
    }
}
