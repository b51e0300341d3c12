//! Reports of rollouts: each step with what the calls of both versions have come to in it.

use std::{sync::Arc, thread, time::Duration};

use hotswap_core::{
    Config, Strategy, Trial,
    admin::{Client, Operation},
    event::EventKind,
    report::{Report, StepEnd},
};
use hotswap_tests::{Fixture, LONG, Scene, fixture, patient, until};
use tally_api::Tally;

type Tallied = Scene<dyn Tally>;

fn till(script: &str) -> Fixture {
    fixture("till").told(script)
}

fn config(strategy: Strategy, trial: Trial) -> Config {
    patient().with_strategy(strategy).with_trial(trial.with_longest_call(LONG))
}

fn by_hand() -> Config {
    config(Strategy::gradual([0.25, 0.75]).with_manual_promotion(), Trial::new(LONG))
}

fn is_canary(scene: &Tallied) {
    until("it is the canary", || scene.host.status().slots[0].canary.is_some());
}

fn reported(scene: &Tallied) -> Arc<Report> {
    scene.told.find(|event| match &event.kind {
        EventKind::Reported(report) => Some(report.clone()),
        _ => None,
    })
}

/// From a thread of its own: each call may go to either version.
fn calls(scene: &Tallied, number: u64) {
    thread::scope(|scope| {
        scope.spawn(|| (0..number).for_each(|_| _ = scene.slot.pin().take(1).unwrap()));
    });
}

fn ends(report: &Report) -> Vec<(f64, StepEnd)> {
    report.steps.iter().map(|step| (step.weight, step.end)).collect()
}

#[test]
fn each_step_has_the_calls_of_its_own_time() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin");
    let scene = Tallied::with(by_hand().admin(&socket), &till("label=a"));
    scene.put(&till("label=b"));
    is_canary(&scene);
    calls(&scene, 400);
    scene.host.operator().promote("main", "a first look").unwrap();
    calls(&scene, 100);
    scene.host.operator().commit("main", "enough").unwrap();
    let report = reported(&scene);
    assert_eq!(ends(&report), [(0.25, StepEnd::Promoted), (0.75, StepEnd::Promoted)]);
    let [first, second] = &report.steps[..] else { panic!("{report}") };
    assert_eq!((first.canary.calls + first.stable.calls, &*first.why), (400, "a first look"));
    assert_eq!((second.canary.calls + second.stable.calls, &*second.why), (100, "enough"));
    assert!(first.canary.calls > 0 && first.stable.calls > first.canary.calls, "{report}");
    assert_eq!(report.trial.as_ref().unwrap().calls, first.canary.calls + second.canary.calls);
    assert!(first.took + second.took <= report.took(), "{report}");

    let shown = Operation::Report { slot: None, artifact: None };
    let shown = Client::new(&socket).ask(&shown, |_| {}).unwrap();
    assert!(shown.text.contains("## Steps") && shown.text.contains("| 75 % |"), "{shown:#?}");
    assert_eq!(shown.value["steps"][1]["end"], "promoted");
    assert_eq!(shown.value["steps"][1]["canary"]["calls"], second.canary.calls);
}

#[test]
fn a_step_says_how_it_ended() {
    let scene = Tallied::with(by_hand(), &till("label=a"));
    scene.put(&till("label=b;errs=2"));
    is_canary(&scene);
    scene.host.operator().promote("main", "go on").unwrap();
    calls(&scene, 100);
    scene.host.operator().roll_back("main", "half of it fails").unwrap();
    let report = reported(&scene);
    assert_eq!(ends(&report), [(0.25, StepEnd::Promoted), (0.75, StepEnd::RolledBack)]);
    let last = &report.steps[1];
    assert!(last.canary.failures > 0 && last.stable.failures == 0, "{report}");
    assert_eq!(last.why, "half of it fails");

    scene.put(&till("label=c"));
    is_canary(&scene);
    scene.host.shutdown().unwrap();
    let reports = scene.told.so_far().into_iter().filter_map(|event| match event.kind {
        EventKind::Reported(report) => Some(report),
        _ => None,
    });
    let report = reports.last().unwrap();
    assert_eq!(ends(&report), [(0.25, StepEnd::CalledOff)]);
}

#[test]
fn a_step_that_calls_have_ended_says_by_which() {
    let trial = Trial::new(Duration::from_millis(1)).with_calls(10, LONG).with_margin(0.9);
    let scene = Tallied::with(config(Strategy::gradual([0.5]), trial), &till("label=a"));
    scene.put(&till("label=b"));
    until("it serves", || {
        scene.slot.pin().take(1).unwrap().unwrap();
        scene.slot.generation() == 2
    });
    let report = reported(&scene);
    assert_eq!(ends(&report), [(0.5, StepEnd::Successful)]);
    assert!(report.steps[0].canary.calls >= 10, "{report}");
    assert_eq!(report.steps[0].why, report.findings[0]);
}
