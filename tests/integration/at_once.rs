//! All calls at once this time: an upgrade that somebody wants without the steps of its slot's
//! strategy.

use std::{fs, path::PathBuf};

use hotswap_core::{
    Approval, ArtifactHash, Config, Operator, Standing, Strategy, Timing, Trial,
    admin::{Client, Operation},
    event::{EventKind, Exit, Phase},
    plan::{Intent, Plan},
    report::Report,
};
use hotswap_tests::{Fixture, LONG, Scene, fixture, patient, until};
use tally_api::Tally;

use crate::support::elsewhere;

type Tallied = Scene<dyn Tally>;

fn till(label: &str) -> Fixture {
    fixture("till").told(&format!("label={label}"))
}

/// A slot that rolls out step by step, where nothing ends a step.
fn gradual() -> Config {
    let trial = Trial::new(LONG).with_longest_call(LONG);
    patient().with_strategy(Strategy::gradual([0.5])).with_trial(trial)
}

fn aside(scene: &Tallied, build: &Fixture) -> PathBuf {
    let path = scene.folder().join("aside");
    fs::write(&path, build.bytes()).unwrap();
    path
}

fn smooth() -> Intent {
    Intent::default().with_strategy(Strategy::smooth())
}

fn offer(operator: &Operator, file: &PathBuf, intent: Intent) -> Standing {
    operator.offer("main", file, intent).unwrap().standing
}

fn awaits(standing: Standing) -> std::sync::Arc<Plan> {
    match standing {
        Standing::AwaitsApproval(plan) => plan,
        other => panic!("{other:?}"),
    }
}

/// Every caller meets it, on trial.
fn has_all_calls(scene: &Tallied, label: &str) {
    let status = scene.host.status();
    let slot = &status.slots[0];
    assert!(slot.canary.is_none() && slot.trial.is_some(), "{status}");
    let how = "on trial with all calls at once, as asked";
    assert!(status.to_string().contains(how), "{status}");
    elsewhere(|| {
        for _ in 0..100 {
            assert_eq!(scene.slot.pin().label().unwrap(), label);
        }
    });
}

fn reported(scene: &Tallied) -> std::sync::Arc<Report> {
    scene.told.find(|event| match &event.kind {
        EventKind::Reported(report) => Some(report.clone()),
        _ => None,
    })
}

#[test]
fn an_upgrade_is_smooth_this_time_and_that_is_in_plan_status_report_and_journal() {
    let data = tempfile::tempdir().unwrap();
    let socket = data.path().join("admin");
    let config = gradual().with_data_dir(data.path().join("data")).admin(&socket);
    let scene = Tallied::with(config, &till("a"));
    let file = Some(aside(&scene, &till("b")));
    let (slot, intent, wait) = (Some("main".to_owned()), smooth().with_asked_by("ada"), false);
    let client = Client::new(&socket);
    let ask = |operation: &Operation| client.ask(operation, |_| {}).unwrap();
    let done = ask(&Operation::Apply { slot, file, wait, intent });
    assert_eq!(done.value["outcome"], "on_trial", "{done:#?}");
    has_all_calls(&scene, "b");
    let status = ask(&Operation::Status { slot: None });
    assert!(status.text.contains("on trial with all calls at once, as asked"), "{status:#?}");
    let plan = ask(&Operation::Plan { slot: None });
    assert!(plan.text.contains("smooth: all calls at once"), "{plan:#?}");
    assert!(plan.text.contains("somebody has asked for that"), "{plan:#?}");
    assert_eq!(plan.value[0]["intent"]["strategy"]["kind"], "smooth", "{plan:#?}");

    scene.host.operator().commit("main", "it is well").unwrap();
    let report = reported(&scene);
    assert!(
        report.to_string().contains("unstated, strategy smooth: all calls at once, asked by ada"),
        "{report}"
    );
    assert!(serde_json::to_string(&report).unwrap().contains(r#""strategy":{"kind":"smooth"}"#));
    let log = || {
        let files = fs::read_dir(data.path().join("data/journal")).unwrap();
        let texts = files.filter_map(|file| fs::read_to_string(file.unwrap().path()).ok());
        texts.collect::<String>()
    };
    let smooth_lines = || {
        let log = log();
        let lines = log.lines().filter(|line| line.contains(r#""strategy":{"kind":"smooth"}"#));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let lines = smooth_lines();
    assert!(lines.len() == 1 && lines[0].contains("activating"), "{lines:#?}");
    assert!(lines[0].contains(&ArtifactHash::of(till("b").bytes()).to_string()));

    // The next one is rolled out step by step again.
    scene.put(&till("c"));
    until("it is the canary", || scene.host.status().slots[0].canary.is_some());
    assert_eq!(smooth_lines().len(), 1);
    let pending = Operation::Apply { slot: None, file: None, wait: false, intent: smooth() };
    assert!(client.ask(&pending, |_| {}).unwrap_err().to_string().contains("name the file"));
}

#[test]
fn what_was_approved_is_what_is_done() {
    let scene = Tallied::with(gradual().with_approval(Approval::by_call()), &till("a"));
    let (operator, file) = (scene.host.operator(), aside(&scene, &till("b")));
    let first = awaits(offer(operator, &file, Intent::default()));
    assert!(first.strategy.starts_with("gradual"), "{first}");
    // A yes to the steps is none to all calls at once: there is another plan.
    let second = awaits(offer(operator, &file, smooth()));
    assert_eq!(second.strategy, "smooth: all calls at once");
    let report = reported(&scene);
    assert_eq!(report.findings, ["somebody wants it with another strategy"]);
    // Nor does a later word change what somebody says yes to.
    operator.intend("main", second.artifact, Intent::default()).unwrap();
    operator.approve(second.artifact, "ada").unwrap();
    has_all_calls(&scene, "b");
    operator.commit("main", "it is well").unwrap();
    let report = reported(&scene);
    assert!(
        report.attempt == 2 && report.plan.as_ref().unwrap().intent.strategy.is_some(),
        "{report}"
    );

    let file = aside(&scene, &till("c"));
    awaits(offer(operator, &file, smooth()));
    let plan = awaits(offer(operator, &file, Intent::default()));
    assert!(plan.strategy.starts_with("gradual"), "{plan}");
    operator.intend("main", plan.artifact, smooth()).unwrap();
    let judged = operator.judge("main", &file).unwrap().unwrap();
    assert_eq!(judged.strategy, "smooth: all calls at once", "as if it appeared now");
    operator.approve(plan.artifact, "ada").unwrap();
    assert!(scene.host.status().slots[0].canary.is_some());
}

#[test]
fn what_is_pending_gets_all_calls_where_it_is_offered_so() {
    let scene = Tallied::with(gradual().with_timing(Timing::on_request()), &till("a"));
    scene.put(&till("b"));
    scene.told.pending();
    let (operator, file) = (scene.host.operator(), scene.artifact());
    let standing = offer(operator, &file, Intent::default());
    assert!(matches!(standing, Standing::Pending), "the same again changes nothing: {standing:?}");
    let standing = offer(operator, &file, smooth());
    assert!(matches!(standing, Standing::OnTrial { .. }), "{standing:?}");
    assert_eq!(scene.told.live().generation, 2);
    has_all_calls(&scene, "b");
    assert_eq!(scene.host.apply_pending().unwrap(), 0);
    // It is rolled back as any other.
    operator.roll_back("main", "not today").unwrap();
    let refusal = scene.told.refused();
    assert_eq!((refusal.phase, refusal.exit), (Phase::Trial, Exit::RolledBack));
    assert_eq!(elsewhere(|| scene.slot.pin().label()).unwrap(), "a");
}

/// An artifact that waits for the end of a trial is still wanted so.
#[test]
fn what_has_to_wait_gets_all_calls_afterwards() {
    let scene = Tallied::with(gradual(), &till("a"));
    scene.put(&till("b"));
    until("it is the canary", || scene.host.status().slots[0].canary.is_some());
    let (operator, file) = (scene.host.operator(), aside(&scene, &till("c")));
    let standing = offer(operator, &file, smooth());
    assert!(matches!(standing, Standing::Later { .. }), "{standing:?}");
    operator.commit("main", "enough").unwrap();
    until("it serves", || scene.host.status().slots[0].trial.is_some());
    has_all_calls(&scene, "c");
}
