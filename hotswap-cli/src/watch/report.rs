//! What `watch` tells: for scripts an object a line, for people a few words.

use std::{error::Error, path::Path};

use hotswap_core::{
    artifact::{Artifact, Objection},
    cargo::{Finished, Level, Report},
};
use serde::Serialize;

use crate::{
    check::{StateReport, Succession, Verdict},
    describe::{Identity, Refusal},
    say::{self, BAD, BOLD, GOOD, WARN, styled},
};

/// One line of `watch --json`.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Line {
    Started {
        because: Vec<String>,
    },
    WaitingForLock {
        what: String,
    },
    Fetching {
        text: String,
    },
    Compiling {
        package: String,
    },
    Progress {
        done: usize,
        total: usize,
        compiling: Vec<String>,
        took_ms: u128,
        text: String,
    },
    Diagnostic {
        package: Option<String>,
        level: &'static str,
        rendered: String,
    },
    Built {
        package: String,
        artifact: String,
        fresh: bool,
    },
    /// What was built is what would serve already.
    Same {
        package: String,
    },
    Artifact(Box<Candidate>),
    InterfaceChanged {
        package: String,
    },
    Finished {
        success: bool,
        stale: bool,
        took_ms: u128,
        errors: usize,
        warnings: usize,
        text: String,
    },
    Trouble {
        text: String,
    },
    Ended,
}

/// A build, as a host would judge it.
#[derive(Debug, Serialize)]
pub(super) struct Candidate {
    package: String,
    verdict: Verdict,
    /// `None` if it is no sound module.
    artifact: Option<Identity>,
    /// What would serve; `None` for the first.
    previous: Option<Identity>,
    state: Option<StateReport>,
    refusal: Option<Refusal>,
}

impl Candidate {
    pub(super) fn of(
        package: String,
        new: &Artifact,
        verdict: Option<&(&Artifact, Succession)>,
    ) -> Self {
        let first = Self {
            package,
            verdict: Verdict::Fits,
            artifact: Some(Identity::of(new)),
            previous: verdict.map(|(old, _)| Identity::of(old)),
            state: None,
            refusal: None,
        };
        match verdict {
            None => first,
            Some((_, Succession::Taken(state))) => Self { state: Some(state.clone()), ..first },
            Some((_, Succession::Refused(objection))) => {
                Self { verdict: Verdict::Refused, refusal: Some(objection.into()), ..first }
            }
        }
    }

    pub(super) fn unsound(package: String, objection: &Objection) -> Self {
        Self {
            package,
            verdict: Verdict::Refused,
            artifact: None,
            previous: None,
            state: None,
            refusal: Some(objection.into()),
        }
    }

    /// It is the watch's result, and goes to stdout.
    fn show(&self) {
        let name = self.artifact.as_ref().map_or_else(|| self.package.clone(), ToString::to_string);
        let mut text = match (self.verdict, &self.previous) {
            (Verdict::Fits, None) => {
                format!(
                    "{} {name}: the first build; later ones are compared with it",
                    styled(GOOD, "fits")
                )
            }
            (Verdict::Fits, Some(old)) => format!("{} {name}, after {old}", styled(GOOD, "fits")),
            (_, None) => format!("{} {name}", styled(BAD, "refused")),
            (_, Some(old)) => format!("{} {name}; {old} would go on", styled(BAD, "refused")),
        };
        if let Some(state) = &self.state {
            text.push_str(&format!("; state {}", state.text));
            state.differences.iter().for_each(|line| text.push_str(&format!("\n  {line}")));
        }
        if let Some(Refusal { phase: _, findings, advice }) = &self.refusal {
            let lines = findings.iter().flat_map(|finding| finding.lines());
            lines.for_each(|line| text.push_str(&format!("\n  {line}")));
            text.push_str(&format!("\n  do: {advice}"));
        }
        say::result(&text);
    }
}

impl Line {
    /// `None` for what this program does not know yet.
    pub(super) fn of(report: &Report) -> Option<Self> {
        Some(match report {
            Report::Started { because } => Self::Started {
                because: because.iter().map(|file| file.display().to_string()).collect(),
            },
            Report::WaitingForLock { what } => Self::WaitingForLock { what: what.clone() },
            Report::Compiling { package } => Self::Compiling { package: package.clone() },
            Report::Progress(progress) => Self::Progress {
                done: progress.done,
                total: progress.total,
                compiling: progress.compiling.clone(),
                took_ms: progress.took.as_millis(),
                text: progress.to_string(),
            },
            Report::Fetching { .. } => Self::Fetching { text: report.to_string() },
            Report::Diagnostic(found) => Self::Diagnostic {
                package: found.package.clone(),
                level: match found.level {
                    Level::Error => "error",
                    Level::Warning => "warning",
                    _ => "note",
                },
                rendered: found.rendered.clone(),
            },
            Report::Built { package, artifact, fresh } => Self::Built {
                package: package.clone(),
                artifact: artifact.display().to_string(),
                fresh: *fresh,
            },
            Report::InterfaceChanged { package } => {
                Self::InterfaceChanged { package: package.clone() }
            }
            Report::Finished(finished) => Self::finished(finished),
            Report::WatchTrouble(_) | Report::Rewritten { .. } | Report::Stopped { .. } => {
                Self::Trouble { text: report.to_string() }
            }
            _ => return None,
        })
    }

    fn finished(finished: &Finished) -> Self {
        Self::Finished {
            success: finished.success,
            stale: finished.stale,
            took_ms: finished.took.as_millis(),
            errors: finished.errors,
            warnings: finished.warnings,
            text: finished.to_string().replace("; what ran goes on", ""),
        }
    }

    pub(super) fn candidate(candidate: Candidate) -> Self {
        Self::Artifact(Box::new(candidate))
    }

    pub(super) fn trouble(error: &dyn Error) -> Self {
        Self::Trouble { text: crate::Error::unable(error).to_string() }
    }

    /// For people: what comes of a build to stdout, the rest to stderr.
    pub(super) fn show(&self) {
        match self {
            Self::Artifact(candidate) => candidate.show(),
            Self::Started { because } => match because.first() {
                None => say::message("building"),
                Some(file) => {
                    let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
                    say::message(format_args!("building, {} has changed", styled(BOLD, name)));
                }
            },
            Self::WaitingForLock { what } => {
                say::message(format_args!(
                    "cargo waits for another cargo to be done with the {what}"
                ));
            }
            Self::Compiling { package } => say::message(format_args!("compiling {package}")),
            Self::Progress { text, .. } | Self::Fetching { text } => say::message(text),
            Self::Diagnostic { rendered, .. } => say::message(rendered),
            Self::Built { .. } | Self::Ended => {}
            Self::Same { package } => {
                say::message(format_args!("{package}: the same artifact as before, no upgrade"));
            }
            Self::InterfaceChanged { package } => say::message(format_args!(
                "{}: {package} has changed, which the host is built with, too: it must be built \
                 and started again to take what is built now",
                styled(WARN, "interface")
            )),
            Self::Finished { success, stale, text, .. } => {
                let style = if *success || *stale { GOOD } else { BAD };
                say::message(styled(style, text));
            }
            Self::Trouble { text } => {
                say::message(format_args!("{}: {text}", styled(WARN, "trouble")))
            }
        }
    }
}
