//! A new build serves and turns out bad, or nobody has said yes to it.

use std::{path::Path, sync::mpsc, thread, time::Duration};

use counter_api::Failing;
use hotswap_core::{
    Approval, Config, Decision, Trial,
    event::{EventKind, Phase},
};

use super::{
    place::{Place, failed},
    row::{After, Group, Happened, Row, Setting},
};
use crate::{Fixture, LONG, fixture, patient};

pub(super) fn group() -> Group {
    let bad = |name, script: &'static str, says| {
        let tried = move |place: &mut Place| put_on_trial(place, script).then(place.outcome());
        Row::new(name, tried, BACK, says).then(After::BroughtBack).with(Setting::counter(soon_over))
    };
    let tried = |name, does: fn(&mut Place) -> Happened, says| {
        Row::new(name, does, BACK, says).then(After::BroughtBack)
    };
    Group {
        title: "trials",
        setting: Setting::counter(endless),
        rows: vec![
            tried("a call panics on trial", calls_panic, &["panics  1 in", "state kept"])
                .with(Setting::counter(endless)),
            tried(
                "a call hangs on trial",
                call_hangs,
                &["a call is inside for", "every change of the state since the upgrade is lost"],
            )
            .with(Setting::counter(hurried)),
            tried("a caller stays in what is to be rolled back", caller_stays, &["given up in it"])
                .with(Setting::counter(hurried)),
            bad("verify fails", "verify=fail", &["verify  verify was told to fail", "state kept"]),
            bad("verify panics", "verify=panic", &["verify  it panicked: verify was told"]),
            bad("verify hangs", "verify=hang", &["verify  it did not come back within"]),
            bad("the host's health check panics", "", &["health  it panicked"]).with(
                Setting::counter(|_| {
                    patient().with_trial(short().with_health(|| panic!("told to panic")))
                }),
            ),
            Row::new(
                "answers of the old version are found wrong on trial",
                old_answers_are_wrong,
                "live",
                &["state kept"],
            )
            .then(After::TheNewOne)
            .with(Setting::counter(strict)),
            tried(
                "the state does not go back",
                |place| roll_back(place, &newer("downgrade=fail")).then(place.outcome()),
                &["downgrade was told to fail", "every change of the state since"],
            )
            .with(Setting::counter(endless)),
            tried(
                "the way back hangs",
                |place| roll_back(place, &newer("downgrade=hang")).then(place.outcome()),
                &["did not come back within", "every change of the state since"],
            )
            .with(Setting::counter(hurried)),
            Row::new(
                "the way back fails as well",
                |place| {
                    let build = place.build("state=panic once");
                    roll_back(place, &build).then(place.outcome())
                },
                "live, then degraded at Trial",
                &["DEGRADED", "resume was told to panic", "state was told to panic"],
            )
            .then(After::TheNewOne)
            .with(Setting::counter(endless).scripted("resume=panic")),
            Row::new(
                "an end during a trial",
                |place| {
                    assert_eq!(place.put(&place.build("")).outcome, "live");
                    place.end()
                },
                "ended",
                &["state kept for the next start"],
            )
            .then(After::NextRun)
            .with(Setting::counter(|folder| {
                endless(folder).with_data_dir(folder).with_journal(false).with_floors(false)
            })),
        ],
    }
}

pub(super) fn approvals() -> Group {
    Group {
        title: "approvals",
        setting: Setting::counter(|_| patient()),
        rows: vec![
            Row::new(
                "somebody says no",
                disapproved,
                "refused at AwaitingApproval",
                &["rejected  ada: not today", "take the word back with Operator::clear"],
            )
            .with(asked(None)),
            Row::new(
                "nobody says anything",
                |place| place.put(&place.build("")),
                "cancelled at AwaitingApproval",
                &["nobody has approved it in time", "Host::rescan"],
            )
            .with(asked(Some(Duration::from_millis(50)))),
            Row::new(
                "who is asked panics",
                |place| place.put(&place.build("")),
                "cancelled at AwaitingApproval",
                &["nobody has approved it in time"],
            )
            .with(Setting::counter(|_| {
                let panics = Approval::ask(|plan| match plan.artifact.to_string() {
                    _ if is_good(&plan.path) => Decision::Approve,
                    artifact => panic!("asked for {artifact}"),
                });
                patient().with_approval(panics.with_expiry(Duration::from_millis(50)))
            })),
            Row::new(
                "an end while somebody's word is awaited",
                |place| {
                    place.deploy(&place.build(""));
                    place.event(is_awaiting);
                    place.end()
                },
                "ended",
                &["state kept for the next start"],
            )
            .then(After::NextRun)
            .with(Setting::counter(|folder| {
                let config = patient().with_approval(Approval::ask(only_good));
                config.with_data_dir(folder).with_journal(false).with_floors(false)
            })),
        ],
    }
}

const BACK: &str = "live, then rolled back at Trial";

fn short() -> Trial {
    Trial::new(Duration::from_millis(200)).with_longest_call(Duration::from_secs(2))
}

fn soon_over(_: &Path) -> Config {
    patient().with_trial(short())
}

fn endless(_: &Path) -> Config {
    patient().with_trial(Trial::new(LONG).with_longest_call(LONG))
}

/// Who hangs is given up soon.
fn hurried(_: &Path) -> Config {
    let trial = Trial::new(LONG).with_longest_call(Duration::from_secs(1));
    patient().with_trial(trial).with_pause_deadline(Duration::from_secs(1))
}

fn put_on_trial(place: &mut Place, script: &str) -> Happened {
    place.put(&place.build(script))
}

fn calls_panic(place: &mut Place) -> Happened {
    let live = put_on_trial(place, "");
    let slot = place.slot();
    let failed = thread::spawn(move || slot.pin().fail(Failing::Text)).join();
    assert!(failed.is_ok_and(|it| it.is_err()));
    live.then(place.outcome())
}

fn old_answers_are_wrong(place: &mut Place) -> Happened {
    let old = place.generation();
    let live = put_on_trial(place, "");
    (0..9).for_each(|_| place.slot().count_failure_of(old));
    let trial = place.host().status().slots[0].trial.clone();
    assert_eq!(trial.expect("the new one is on trial").figures.failures, 0);
    place
        .host()
        .operator()
        .commit("main", "nothing is wrong with it")
        .expect("it can be committed");
    live
}

/// The first answer that the host counts as a failure is one too many.
fn strict(_: &Path) -> Config {
    patient().with_trial(Trial::new(LONG).with_longest_call(LONG).with_failures(0))
}

fn call_hangs(place: &mut Place) -> Happened {
    let live = put_on_trial(place, "");
    let (slot, (release, held)) = (place.slot(), mpsc::channel::<()>());
    let hangs = thread::spawn(move || {
        let mut hang = || {
            let _ = held.recv();
        };
        slot.pin_mut().inside_mut(&mut hang)
    });
    let happened = live.then(place.outcome());
    drop(release);
    hangs.join().expect("it does not panic").expect("its call ends well");
    happened
}

fn caller_stays(place: &mut Place) -> Happened {
    let live = put_on_trial(place, "");
    let slot = place.slot();
    // It calls nothing, so nothing hangs.
    let (pinned, is_pinned) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let stays = thread::spawn(move || {
        let pin = slot.pin();
        pinned.send(()).expect("the row waits");
        let _ = held.recv();
        drop(pin);
    });
    is_pinned.recv().expect("it pins");
    let waits =
        place.host().operator().roll_back("main", "by hand").expect_err("somebody is inside");
    let happened = live.then(place.outcome());
    drop(release);
    stays.join().expect("it does not panic");
    Happened { text: format!("{}\n{waits}", happened.text), ..happened }
}

/// A build with a newer version of the state.
fn newer(script: &str) -> Fixture {
    fixture("chain").told(&format!("label=new;{script}"))
}

/// What is on trial is to go back.
fn roll_back(place: &mut Place, build: &Fixture) -> Happened {
    let live = place.put(build);
    let asked = place.host().operator().roll_back("main", "by hand");
    let text = asked.err().map(|error| failed(&error).text).unwrap_or_default();
    Happened { text: format!("{}\n{text}", live.text), ..live }
}

fn asked(expiry: Option<Duration>) -> Setting {
    match expiry {
        Some(_) => Setting::counter(|_| {
            let approval = Approval::ask(only_good).with_expiry(Duration::from_millis(50));
            patient().with_approval(approval)
        }),
        None => Setting::counter(|_| patient().with_approval(Approval::ask(only_good))),
    }
}

/// The table's own good builds go on.
fn only_good(plan: &hotswap_core::Plan) -> Decision {
    if is_good(&plan.path) { Decision::Approve } else { Decision::Wait }
}

/// What is put there by a row is called `new`.
fn is_good(artifact: &Path) -> bool {
    let bytes = std::fs::read(artifact).unwrap_or_default();
    !bytes.windows(9).any(|window| window == b"label=new")
}

fn is_awaiting(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Phase { phase: Phase::AwaitingApproval, .. })
}

fn disapproved(place: &mut Place) -> Happened {
    place.deploy(&place.build(""));
    place.event(is_awaiting);
    let status = place.host().status();
    let plan = status.slots[0].awaiting.clone().expect("it waits");
    place.host().operator().reject(plan.artifact, "ada", "not today").expect("it waits");
    place.outcome()
}
