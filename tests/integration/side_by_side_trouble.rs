//! What comes while two versions serve side by side: calls and code that hang, panics, what somebody asks
//! for, and other artifacts.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use hotswap_core::{
    AfterPanic, ArtifactHash, Config, Retire, Strategy, Timing, Trial,
    admin::{Client, ClientError, Done, Operation},
    event::{EventKind, Exit, Holder, Phase, Refusal, Retirement},
    journal::Outcome,
    plan::Intent,
};
use hotswap_tests::{Fixture, LONG, Scene, fixture, patient, until};
use tally_api::Tally;

use crate::support::elsewhere;

const MS: Duration = Duration::from_millis(1);

type Tallied = Scene<dyn Tally>;

fn till(script: &str) -> Fixture {
    fixture("till").told(script)
}

/// A version is met by previews alone, until somebody says how it goes on.
fn parallel(trial: Trial) -> Config {
    patient().with_strategy(Strategy::parallel()).with_trial(trial)
}

fn endless() -> Trial {
    Trial::new(LONG).with_longest_call(LONG)
}

/// Another build serves beside the one that serves.
fn begin(scene: &Tallied, script: &str) {
    scene.put(&till(script));
    until("it is the canary", || scene.host.status().slots[0].canary.is_some());
}

/// It was rolled back; what serves is the stable version.
fn rolled_back(scene: &Tallied) -> Arc<Refusal> {
    let refusal = scene.told.refused();
    assert_eq!(refusal.exit, Exit::RolledBack, "{refusal}");
    let status = scene.host.status().slots.remove(0);
    assert_eq!((status.serving.unwrap().generation, status.canary.is_none()), (1, true));
    assert_eq!(elsewhere(|| scene.slot.pin().label()).unwrap(), "a");
    refusal
}

fn retired(scene: &Tallied, number: u64) -> Retirement {
    scene.told.find(|event| match &event.kind {
        EventKind::Retired { generation, outcome } if *generation == number => {
            Some(outcome.clone())
        }
        _ => None,
    })
}

#[test]
fn the_new_version_is_asked_for_its_own_judgement() {
    let scene = Tallied::with(parallel(endless()), &till("label=a"));
    begin(&scene, "label=b;verify=fail");
    let why = scene.host.operator().promote("main", "the test").unwrap_err().to_string();
    assert!(why.contains("verify  verify was told to fail; it was rolled back"), "{why}");
    let refusal = rolled_back(&scene);
    assert!(refusal.findings[0].starts_with("verify  "), "{refusal}");
    begin(&scene, "label=c;verify=fail");
    let why = scene.host.operator().commit("main", "the test").unwrap_err().to_string();
    assert!(why.starts_with("what is on trial in slot main is not committed: verify  "), "{why}");
    rolled_back(&scene);

    let scene = Tallied::with(parallel(endless()), &till("label=a;verify=fail"));
    begin(&scene, "label=b");
    scene.host.operator().promote("main", "the test").unwrap();
    assert_eq!(scene.told.live().generation, 2);
}

#[test]
fn a_judgement_of_its_own_that_hangs_ends_it() {
    let trial = endless().with_longest_call(MS * 50);
    let scene = Tallied::with(parallel(trial), &till("label=a"));
    begin(&scene, "label=b;verify=hang");
    assert!(scene.host.operator().promote("main", "the test").is_err());
    let refusal = rolled_back(&scene);
    assert!(refusal.findings[0].starts_with("verify  "), "{refusal}");
    assert!(matches!(retired(&scene, 2), Retirement::Abandoned { .. }));
}

#[test]
fn a_call_that_is_inside_for_too_long_ends_it_and_the_slot_does_not_wait_for_it() {
    let trial = endless().with_longest_call(MS * 50);
    let scene = Tallied::with(parallel(trial), &till("label=a"));
    let log = scene.folder().join("log");
    let go = scene.folder().join("go");
    begin(&scene, &format!("label=b;log={};stay=wait {}", log.display(), go.display()));
    let stops = || std::fs::read_to_string(&log).unwrap().matches("b stop").count();
    let slot = scene.slot.clone();
    let inside = thread::spawn(move || slot.preview().unwrap().stay(0));
    let refusal = rolled_back(&scene);
    assert!(refusal.findings[0].starts_with("a call is inside for"), "{refusal}");
    // Nobody stops an instance that somebody is on.
    assert_eq!((inside.is_finished(), stops()), (false, 0));
    begin(&scene, "label=c");
    scene.host.operator().commit("main", "the test").unwrap();
    assert_eq!(scene.told.live().generation, 3);
    assert!(!inside.is_finished());
    std::fs::write(go, "").unwrap();
    inside.join().unwrap().unwrap();
    until("it is stopped", || stops() == 1);
}

#[test]
fn an_instance_that_refuses_calls_after_a_panic_is_rolled_back_however_many_are_allowed() {
    let config = parallel(endless().with_panics(5));
    let config = config.with_after_panic(AfterPanic::Refuse, AfterPanic::Refuse);
    let scene = Tallied::with(config, &till("label=a"));
    begin(&scene, "label=b;panics=1");
    scene.slot.preview().unwrap().add(1).unwrap_err();
    let refusal = rolled_back(&scene);
    assert_eq!(refusal.findings[0], "its instance has panicked and does not go on");
}

#[test]
fn the_stable_version_is_restarted_beside_it_and_its_calls_count_on() {
    let config = parallel(endless());
    let config = config.with_after_panic(AfterPanic::Refuse, AfterPanic::restart());
    let scene = Tallied::with(config, &till("label=a;panics=11"));
    begin(&scene, "label=b");
    let restarted = || {
        scene.told.find(|event| matches!(event.kind, EventKind::Restarted(_)).then_some(()));
    };
    let add = |times| (0..times).filter(|_| scene.slot.pin().add(1).is_err()).count();
    assert_eq!(add(11), 1);
    restarted();
    assert_eq!(add(10), 0);
    scene.host.operator().restart("main").unwrap();
    restarted();
    assert_eq!(add(10), 0);
    let beside = scene.host.status().slots.remove(0).canary.unwrap();
    assert_eq!((beside.stable.calls, beside.stable.panics), (31, 1));
    scene.slot.preview().unwrap().add(1).unwrap();
    scene.host.operator().promote("main", "the test").unwrap();
    assert_eq!(scene.told.live().generation, 2);
}

#[test]
fn callers_that_are_given_up_end_it() {
    let scene = Tallied::with(parallel(endless()), &till("label=a"));
    begin(&scene, "label=b");
    assert!(scene.host.operator().abandon("main").unwrap());
    rolled_back(&scene);
    begin(&scene, "label=c");
}

#[test]
fn a_no_of_the_host_ends_it() {
    let trial = endless().with_health(|| Err("the queue grows".to_owned()));
    let scene = Tallied::with(parallel(trial), &till("label=a"));
    scene.put(&till("label=b"));
    let refusal = rolled_back(&scene);
    assert_eq!(
        refusal.findings,
        ["health  the queue grows", "after the rollback: health  the queue grows"]
    );
}

#[test]
fn the_one_that_serves_no_more_is_unloaded() {
    let scene = Tallied::with(parallel(endless()).with_retire(Retire::Unload), &till("label=a"));
    begin(&scene, "label=b");
    scene.host.operator().roll_back("main", "the test").unwrap();
    rolled_back(&scene);
    assert_eq!(retired(&scene, 2), Retirement::Unloaded);
    begin(&scene, "label=c");
    scene.host.operator().promote("main", "the test").unwrap();
    assert_eq!(retired(&scene, 1), Retirement::Unloaded);
}

#[test]
fn what_waits_for_a_request_begins_with_it() {
    let config = parallel(endless()).with_timing(Timing::on_request());
    let scene = Tallied::with(config, &till("label=a"));
    scene.put(&till("label=b"));
    scene.told.pending();
    assert!(scene.host.status().slots[0].canary.is_none());
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    assert!(scene.host.status().slots[0].canary.is_some());
    assert_eq!(scene.host.apply_pending().unwrap(), 0, "it does not end a step");
    scene.host.operator().promote("main", "the test").unwrap();
    assert_eq!(scene.told.live().generation, 2);
}

#[test]
fn what_comes_meanwhile_is_looked_at_afterwards() {
    let scene = Tallied::with(parallel(endless()), &till("label=a"));
    let begins = |number| {
        until("it is the canary", || {
            let status = scene.host.status().slots.remove(0);
            status.canary.is_some_and(|canary| canary.generation >= number)
        });
        elsewhere(|| scene.slot.preview().unwrap().label()).unwrap()
    };
    let deferred = || until("it waits", || !scene.host.status().slots[0].deferred.is_empty());
    begin(&scene, "label=b");
    scene.put(&till("label=c"));
    deferred();
    scene.host.operator().promote("main", "the test").unwrap();
    assert_eq!(begins(3), "c");
    // Also what the stable version is of: its file was put back.
    scene.put(&till("label=b"));
    deferred();
    scene.host.operator().promote("main", "the test").unwrap();
    assert_eq!(begins(4), "b");
}

#[test]
fn what_has_come_meanwhile_is_looked_at_after_a_rollback_as_well() {
    let scene = Tallied::with(parallel(endless()), &till("label=a"));
    begin(&scene, "label=b");
    scene.put(&till("label=c"));
    until("it waits", || !scene.host.status().slots[0].deferred.is_empty());
    scene.host.operator().roll_back("main", "the test").unwrap();
    until("it is the canary", || {
        let canary = scene.host.status().slots.remove(0).canary;
        canary.is_some_and(|canary| canary.generation == 3)
    });
    // That one was rolled back a moment ago is a risk.
    let plan = scene.host.operator().judge("main", scene.artifact()).unwrap().unwrap();
    assert!(plan.risks.iter().any(|risk| risk.reason.contains("rolled back")), "{plan}");
}

#[test]
fn each_panic_of_the_canary_is_told_where_some_are_allowed() {
    let scene = Tallied::with(parallel(endless().with_panics(5)), &till("label=a"));
    begin(&scene, "label=b;panics=1");
    for panics in 1..=3 {
        scene.slot.preview().unwrap().add(1).unwrap_err();
        let told = scene.told.find(|event| match &event.kind {
            EventKind::Panicked(panicked) => Some((panicked.generation, panicked.count)),
            _ => None,
        });
        assert_eq!(told, (2, panics));
    }
    assert!(scene.host.status().slots[0].canary.is_some());
}

#[test]
fn a_patience_without_end_is_waited_for() {
    let trial = Trial::new(MS).with_calls(10, Duration::MAX).with_longest_call(Duration::MAX);
    let scene = Tallied::with(parallel(trial), &till("label=a"));
    begin(&scene, "label=b");
    let previews = || (0..10).all(|_| scene.slot.preview().is_none_or(|pin| pin.add(1).is_ok()));
    until("enough calls are made", || previews() && scene.slot.generation() == 2);
    assert_eq!(scene.told.live().generation, 2);
    let status = scene.host.status();
    assert!(!status.failed, "{status}");
}

#[test]
fn both_versions_are_shown_as_serving() {
    let scene = Tallied::with(parallel(endless()), &till("label=a"));
    begin(&scene, "label=b");
    let status = scene.host.status().slots.remove(0);
    let held: Vec<_> = status.generations.iter().map(|it| it.held_by.clone()).collect();
    assert_eq!(held, [[Holder::Serves], [Holder::Serves]]);
}

#[test]
fn it_goes_on_while_upgrades_are_paused() {
    let scene = Tallied::with(parallel(endless()), &till("label=a"));
    begin(&scene, "label=b");
    scene.host.operator().pause(None, "me", "the test").unwrap();
    assert!(scene.host.status().slots[0].canary.is_some());
    scene.host.operator().promote("main", "the test").unwrap();
    assert_eq!(scene.told.live().generation, 2);
    assert!(scene.host.operator().resume(None).unwrap());
}

#[test]
fn its_report_has_its_trial_and_how_it_ended() {
    let scene = Tallied::with(parallel(endless()), &till("label=a"));
    let report = || {
        let mut phases = Vec::new();
        scene.told.find(|event| match &event.kind {
            EventKind::Phase { phase, .. } => {
                phases.push(*phase);
                None
            }
            EventKind::Reported(report) => Some((Arc::clone(report), phases.split_off(0))),
            _ => None,
        })
    };
    begin(&scene, "label=b");
    scene.slot.preview().unwrap().add(1).unwrap();
    scene.host.operator().roll_back("main", "the test").unwrap();
    let (told, phases) = report();
    assert_eq!(told.outcome, Outcome::RolledBack);
    assert_eq!(told.trial.as_ref().map(|trial| trial.calls), Some(1));
    assert_eq!(phases.last(), Some(&Phase::Trial));
    begin(&scene, "label=c");
    scene.slot.preview().unwrap().add(1).unwrap();
    scene.host.operator().promote("main", "the test").unwrap();
    let (told, phases) = report();
    assert_eq!((told.outcome, told.generation), (Outcome::Committed, Some(3)));
    assert_eq!(told.trial.as_ref().map(|trial| trial.calls), Some(1));
    assert_eq!(phases[phases.len() - 2..], [Phase::Trial, Phase::Committed]);
}

#[test]
fn a_failure_that_no_call_shows_is_never_the_canarys_by_chance() {
    let config = patient().with_strategy(Strategy::gradual([0.5])).with_trial(endless());
    let scene = Tallied::with(config, &till("label=a"));
    begin(&scene, "label=b");
    (0..100).for_each(|_| scene.slot.count_failure());
    let counted = || {
        let canary = scene.host.status().slots.remove(0).canary.unwrap();
        (canary.stable.failures, canary.figures.failures)
    };
    assert_eq!(counted(), (100, 0));
    // By a thread that is in the canary.
    let on_canary = scene.slot.preview().unwrap();
    scene.slot.count_failure();
    drop(on_canary);
    assert_eq!(counted(), (100, 1));
}

#[test]
fn what_somebody_asks_for_meanwhile_waits_or_is_an_error() {
    let data = tempfile::tempdir().unwrap();
    let socket = data.path().join("admin");
    let config = parallel(endless()).with_data_dir(data.path().join("data")).admin(&socket);
    let scene = Tallied::with(config, &till("label=a"));
    let operator = scene.host.operator();
    let first = ArtifactHash::of(till("label=a").bytes());
    begin(&scene, "label=b");
    let error = operator.revert_to("main", first, "the test").unwrap_err().to_string();
    assert!(error.contains("a version is on trial"), "{error}");
    assert!(operator.checkpoint("main").is_err(), "there is no state");
    let canary = |number| {
        until("it is the canary", || {
            let canary = scene.host.status().slots.remove(0).canary;
            canary.is_some_and(|canary| canary.generation == number)
        });
    };
    canary(2);

    let (say, heard) = mpsc::channel();
    let apply = |file: PathBuf| {
        let (slot, file, intent) = (None, Some(file), Intent::default());
        let request = Operation::Apply { slot, file, wait: true, intent };
        let (client, say) = (Client::new(&socket), say.clone());
        thread::spawn(move || client.ask(&request, |text| say.send(text.to_owned()).unwrap()))
    };
    let is_told = |what: &str| until(what, || heard.recv().unwrap().contains(what));
    let done =
        |asked: thread::JoinHandle<Result<Done, ClientError>>| asked.join().unwrap().unwrap();
    // Of the canary itself, and of one that comes after it.
    let waits = apply(scene.artifact());
    is_told("it is the canary, generation 2, no calls but previews; commit gives it all calls");
    let next = scene.folder().join("next");
    std::fs::write(&next, till("label=c").bytes()).unwrap();
    let comes_after = apply(next);
    is_told("a version is on trial");
    operator.commit("main", "the test").unwrap();
    let first = done(waits);
    assert!(first.yes && first.value["outcome"] == "committed", "{first:#?}");
    canary(3);
    operator.roll_back("main", "the test").unwrap();
    let second = done(comes_after);
    assert!(!second.yes && second.value["outcome"] == "rolled_back", "{second:#?}");
}
