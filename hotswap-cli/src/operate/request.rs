//! The command line → what is asked of a host.

use std::path::{Path, PathBuf};

use hotswap_core::{Strategy, admin::Operation, plan::Intent};

use crate::{
    Error,
    args::operate::{By, Host, IntentArgs, Slot, Verb},
};

/// A verb as it goes to the host.
pub(super) struct Asked {
    pub(super) host: Option<PathBuf>,
    pub(super) host_user: Option<u32>,
    pub(super) json: bool,
    pub(super) request: Operation,
}

impl Asked {
    pub(super) fn of(verb: Verb) -> Result<Self, Error> {
        let (host, request) = match verb {
            Verb::Status { slot: Slot { slot }, host } => (host, Operation::Status { slot }),
            Verb::Why { slot: Slot { slot }, host } => (host, Operation::Why { slot }),
            Verb::Plan { slot: Slot { slot }, host } => (host, Operation::Plan { slot }),
            Verb::Apply { slot: Slot { slot }, file, wait, wanted, host } => {
                let (slot, file) = slot_and_file(slot, file);
                let options = [
                    ("--wait", wait),
                    ("--at-once", wanted.at_once),
                    ("--strategy", wanted.strategy.is_some()),
                ];
                for (option, is_set) in options {
                    if is_set && file.is_none() {
                        let text = format!("{option} is for an artifact: name its file");
                        return Err(Error::Unable(text));
                    }
                }
                let file = file.as_deref().map(absolute).transpose()?;
                (host, Operation::Apply { slot, file, wait, intent: intent(wanted)? })
            }
            Verb::Approve { artifact, by, host } => {
                (host, Operation::Approve { artifact, by: name(by) })
            }
            Verb::Reject { artifact, why, by, host } => {
                (host, Operation::Reject { artifact, by: name(by), why })
            }
            Verb::Pause { slot: Slot { slot }, why, by, host } => {
                (host, Operation::Pause { slot, by: name(by), why })
            }
            Verb::Resume { slot: Slot { slot }, host } => (host, Operation::Resume { slot }),
            Verb::Commit { slot: Slot { slot }, why, host } => {
                (host, Operation::Commit { slot, why })
            }
            Verb::Promote { slot: Slot { slot }, why, host } => {
                (host, Operation::Promote { slot, why })
            }
            Verb::Rollback { slot: Slot { slot }, why, host } => {
                (host, Operation::Rollback { slot, why })
            }
            Verb::Revert { slot: Slot { slot }, to, why, host } => {
                (host, Operation::Revert { slot, to, why })
            }
            Verb::Checkpoint { slot: Slot { slot }, host } => {
                (host, Operation::Checkpoint { slot })
            }
            Verb::Clear { artifact, host } => (host, Operation::Clear { artifact }),
            Verb::History { slot: Slot { slot }, most, host } => {
                (host, Operation::History { slot, most })
            }
            Verb::Report { slot: Slot { slot }, artifact, host } => {
                (host, Operation::Report { slot, artifact })
            }
            Verb::Note { slot: Slot { slot }, artifact, problem, solution, by, host } => {
                (host, Operation::Note { slot, artifact, by: name(by), problem, solution })
            }
        };
        let Host { host, host_user, json } = host;
        Ok(Self { host, host_user, json, request })
    }
}

/// Where a host has one slot, `apply FILE` is enough: what looks like a file is one.
fn slot_and_file(slot: Option<String>, file: Option<PathBuf>) -> (Option<String>, Option<PathBuf>) {
    match (slot, file) {
        (Some(only), None) if only.contains(['/', '.']) || PathBuf::from(&only).is_file() => {
            (None, Some(only.into()))
        }
        other => other,
    }
}

fn intent(wanted: IntentArgs) -> Result<Intent, Error> {
    let IntentArgs { purpose, urgency, priority, strategy, at_once, manual, why, by } = wanted;
    let mut intent =
        Intent::new(purpose).with_urgency(urgency).with_priority(priority).with_asked_by(name(by));
    intent.strategy = match (strategy, manual) {
        (None, _) => at_once.then(Strategy::smooth),
        (Some(strategy), true) if !strategy.is_side_by_side() => {
            let text =
                "--manual is for the steps of --strategy gradual or parallel; smooth has none";
            return Err(Error::Unable(text.to_owned()));
        }
        (Some(strategy), true) => Some(strategy.with_manual_promotion()),
        (Some(strategy), false) => Some(strategy),
    };
    Ok(match why {
        Some(why) => intent.with_why(why),
        None => intent,
    })
}

/// Who says so.
fn name(by: By) -> String {
    by.by.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "an operator".to_owned())
}

/// The host has another current folder.
pub(super) fn absolute(file: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(file).map_err(|error| Error::unable(&error))
}
