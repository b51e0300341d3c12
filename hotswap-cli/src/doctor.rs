//! `doctor`: what hotswap needs on this machine and in this workspace, tried.
//!
//! Each part looks and answers with findings; none of them changes anything.

mod finding;
mod profiles;
mod system;
mod toolchain;
mod workspace;

use std::env;

use serde::Serialize;

use self::finding::{Finding, Level};
use crate::{Error, Outcome, args::Doctor, say, workspace::Workspace};

/// What `doctor --json` prints.
#[derive(Debug, Serialize)]
struct Report {
    ok: usize,
    warnings: usize,
    failures: usize,
    findings: Vec<Finding>,
}

pub(crate) fn run(asked: &Doctor) -> Result<Outcome, Error> {
    let here = env::current_dir().map_err(|error| Error::unable(&error))?;
    let mut findings = toolchain::look(&here);
    match Workspace::with_dependencies(&here) {
        Ok(workspace) => {
            findings.extend(system::look(Some(workspace.target_folder())));
            findings.extend(workspace::look(&workspace));
            findings.extend(profiles::look(workspace.root()));
        }
        Err(error) => {
            findings.extend(system::look(None));
            findings.push(match error {
                Error::NoWorkspace(folder) => Finding::warn(
                    "workspace",
                    format!("there is none at {folder}"),
                    "go to the folder of one, or make one with `cargo hotswap new NAME`",
                ),
                error => Finding::fail("workspace", error, "mend what cargo names"),
            });
        }
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let report = Report {
        ok: count(Level::Ok),
        warnings: count(Level::Warn),
        failures: count(Level::Fail),
        findings,
    };
    if asked.json {
        say::object(&report);
    } else {
        report.findings.iter().for_each(|finding| say::result(&finding.to_string()));
        say::message(format_args!(
            "{} ok, {} to look at, {} failed",
            report.ok, report.warnings, report.failures
        ));
    }
    Ok(if report.failures == 0 { Outcome::Done } else { Outcome::No })
}
