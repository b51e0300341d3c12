//! Each verb in each phase, as a table.

use std::{fs, sync::mpsc, thread, time::Duration};

use counter_api::Counter;
use hotswap_core::{
    ArtifactHash,
    admin::{Client, Operation},
    plan::Intent,
};
use hotswap_tests::{Fixture, LONG, Scene, replace};

use super::phases::{
    Reached, Release, awaiting, backing_up, committed, counter, degraded, migrating, on_trial,
    paused, preparing, quiescing, ready, rehearsing, rejected, rolled_back, stable,
};

/// The verbs, in the order of the table's columns.
const VERBS: [&str; 18] = [
    "status",
    "why",
    "plan",
    "check",
    "apply FILE",
    "apply",
    "approve",
    "reject",
    "pause",
    "resume",
    "commit",
    "rollback",
    "revert",
    "checkpoint",
    "clear",
    "history",
    "report",
    "note",
];

struct Row {
    phase: &'static str,
    reach: fn() -> Reached,
    /// To each verb: `yes`, `no`, or a part of the reason why it is not done. With a `~` before it
    /// it comes when the host's thread is free again, which it is not in this phase.
    answers: [&'static str; 18],
}

const NO_PLAN: &str = "waits for approval";

const NO_TRIAL: &str = "has no version on trial";

const SERVES: &str = "it serves already";

#[rustfmt::skip]
const ROWS: [Row; 14] = [
    Row { phase: "the first version is stable", reach: stable, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "Committed", reach: committed, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, "yes", "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "Rejected", reach: rejected, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "yes", "yes", "yes", "yes",
    ]},
    Row { phase: "Assessed, while the state is copied", reach: backing_up, answers: [
        "yes", "yes", "yes", "~yes", "~yes", "~no", "~waits for approval", "~waits for approval", "yes", "no",
        "~has no version on trial", "~has no version on trial", "~yes", "~yes", "~no", "yes", "yes", "yes",
    ]},
    Row { phase: "BackedUp, while it is rehearsed", reach: rehearsing, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "AwaitingApproval", reach: awaiting, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", "yes", "yes", "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "Loaded, while it prepares", reach: preparing, answers: [
        "yes", "yes", "yes", "~yes", "~yes", "~no", "~waits for approval", "~waits for approval", "yes", "no",
        "~has no version on trial", "~has no version on trial", "~yes", "~yes", "~no", "yes", "yes", "yes",
    ]},
    Row { phase: "Prepared, until its time", reach: ready, answers: [
        "yes", "yes", "yes", "yes", "yes", "yes", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "Quiescing", reach: quiescing, answers: [
        "yes", "yes", "yes", "~yes", "~yes", "~no", "~waits for approval", "~waits for approval", "yes", "no",
        "~has no version on trial", "~has no version on trial", "~yes", "~yes", "~no", "yes", "yes", "yes",
    ]},
    Row { phase: "Snapshotted, while it migrates", reach: migrating, answers: [
        "yes", "yes", "yes", "~yes", "~yes", "~no", "~waits for approval", "~waits for approval", "yes", "no",
        "~has no version on trial", "~has no version on trial", "~yes", "~yes", "~no", "yes", "yes", "yes",
    ]},
    Row { phase: "Trial", reach: on_trial, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        "yes", "yes", "a version is on trial", "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "RolledBack", reach: rolled_back, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "yes", "yes", "yes", "yes",
    ]},
    Row { phase: "Degraded", reach: degraded, answers: [
        "yes", "yes", "yes", "yes", "no", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, "downgrade was told to fail", "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "paused", reach: paused, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "yes",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "no", "yes", "yes", "yes",
    ]},
];

pub(crate) fn every_verb_in_every_phase() {
    let mut wrong = Vec::new();
    for Row { phase, reach, answers } in &ROWS {
        for (verb, expected) in VERBS.into_iter().zip(answers) {
            let found = answer(reach(), verb, expected.starts_with('~'));
            let promised = expected.trim_start_matches('~');
            if found != promised && !(found.starts_with("not: ") && found.contains(promised)) {
                wrong.push(format!("{phase}: {verb}: expected {expected}, found {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells are not as promised:\n{}", wrong.len(), wrong.join("\n"));
}

/// What a host answers in a phase: at once, or when its thread is free again.
fn answer(reached: Reached, verb: &str, late: bool) -> String {
    let Reached { scene, release, folder } = reached;
    let request = request(&scene, verb);
    let client = Client::new(folder.path().join("admin"));
    let (say, heard) = mpsc::channel();
    let asking = thread::spawn(move || {
        let found = match client.ask(&request, |_| {}) {
            Ok(done) if done.yes => "yes".to_owned(),
            Ok(_) => "no".to_owned(),
            Err(error) if error.is_answer() => format!("not: {error}"),
            Err(error) => format!("no answer: {error}"),
        };
        say.send(found).expect("the test waits");
    });
    let early = if late { None } else { Some(heard.recv_timeout(LONG).expect("an answer")) };
    if late {
        // It may not be asked yet; an answer that comes too early is seen most of the time.
        let too_early = heard.recv_timeout(Duration::from_millis(20));
        assert!(too_early.is_err(), "{verb}: {too_early:?} while the host's thread is busy");
    }
    match release {
        Release::Free => {}
        Release::File => fs::write(folder.path().join("go on"), "").expect("it can be written"),
        Release::Caller(caller) => drop(caller),
    }
    let found = early.unwrap_or_else(|| heard.recv_timeout(LONG).expect("an answer"));
    asking.join().expect("it does not panic");
    drop(scene);
    found
}

/// A verb about the candidate `b`; what is offered is `c`, and what is gone back to is `a`.
fn request(scene: &Scene<dyn Counter>, verb: &str) -> Operation {
    let (slot, by, why) = (None, "ada".to_owned(), "a test".to_owned());
    let hash = |build: &Fixture| ArtifactHash::of(build.bytes()).to_string();
    let candidate = scene.artifact();
    let artifact = ArtifactHash::of(&fs::read(candidate).expect("it is there")).to_string();
    let file = scene.folder().join("c");
    replace(&file, counter("label=c").bytes());
    match verb {
        "status" => Operation::Status { slot },
        "why" => Operation::Why { slot },
        "plan" => Operation::Plan { slot },
        "check" => Operation::Check { slot, file },
        "apply FILE" => {
            Operation::Apply { slot, file: Some(file), wait: false, intent: Intent::default() }
        }
        "apply" => Operation::Apply { slot, file: None, wait: false, intent: Intent::default() },
        "approve" => Operation::Approve { artifact, by },
        "reject" => Operation::Reject { artifact, by, why },
        "pause" => Operation::Pause { slot, by, why },
        "resume" => Operation::Resume { slot },
        "commit" => Operation::Commit { slot, why },
        "rollback" => Operation::Rollback { slot, why },
        "revert" => {
            let first = scene.host.operator().history().expect("it has a journal").pop();
            let first =
                first.map_or_else(|| hash(&counter("label=a")), |it| it.artifact.to_string());
            Operation::Revert { slot, to: first, why }
        }
        "checkpoint" => Operation::Checkpoint { slot },
        "clear" => Operation::Clear { artifact },
        "history" => Operation::History { slot, most: 10 },
        "report" => Operation::Report { slot, artifact: None },
        "note" => {
            Operation::Note { slot, artifact: None, by, problem: "none".to_owned(), solution: None }
        }
        other => panic!("no verb {other}"),
    }
}
