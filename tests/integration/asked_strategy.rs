//! A strategy for one upgrade: an upgrade that somebody wants with steps, in a slot whose own strategy has
//! none. `at_once` has the other way round.

use std::{fs, path::PathBuf, sync::Arc};

use counter_api::Counter;
use hotswap_core::{
    Approval, ArtifactHash, Config, ErrorKind, Host, Interface, Slot, SlotConfig, Standing,
    Strategy, Trial,
    admin::{Client, Operation},
    event::EventKind,
    plan::Intent,
    report::{Report, StepEnd},
};
use hotswap_tests::{Fixture, LONG, Scene, Told, file_name, fixture, patient, replace, until};
use serde_json::{Value, json};
use tally_api::Tally;

use crate::support::elsewhere;

type Tallied = Scene<dyn Tally>;

fn till(label: &str) -> Fixture {
    fixture("till").told(&format!("label={label}"))
}

/// Upgrades are smooth, and nothing ends a trial.
fn smooth() -> Config {
    patient().with_trial(Trial::new(LONG).with_longest_call(LONG))
}

fn steps() -> Strategy {
    Strategy::gradual([0.25, 0.75]).with_manual_promotion()
}

fn by(strategy: Strategy) -> Intent {
    Intent::default().with_strategy(strategy).with_asked_by("ada")
}

fn aside<I: Interface + ?Sized>(scene: &Scene<I>, build: &Fixture) -> PathBuf {
    let path = scene.folder().join("aside");
    fs::write(&path, build.bytes()).unwrap();
    path
}

fn reported(told: &Told) -> Arc<Report> {
    told.find(|event| match &event.kind {
        EventKind::Reported(report) => Some(report.clone()),
        _ => None,
    })
}

fn label(slot: &Slot<dyn Tally>) -> String {
    elsewhere(|| slot.pin().label()).unwrap()
}

/// Every caller meets the next version, on trial: the slot's own strategy.
fn is_smooth_again(host: &Host, slot: &Slot<dyn Tally>, next: &str) {
    until("it serves", || host.status().slots[0].trial.is_some());
    let status = host.status();
    assert!(status.slots[0].canary.is_none() && !status.to_string().contains("asked"), "{status}");
    assert_eq!(label(slot), next);
}

#[test]
fn an_upgrade_has_steps_this_time_and_that_is_in_plan_status_report_and_journal() {
    let data = tempfile::tempdir().unwrap();
    let socket = data.path().join("admin");
    let config = smooth().with_data_dir(data.path().join("data")).admin(&socket);
    let scene = Tallied::with(config, &till("a"));
    let client = Client::new(&socket);
    let ask = |operation: &Operation| client.ask(operation, |_| {}).unwrap();
    let apply = |intent| {
        let file = Some(aside(&scene, &till("b")));
        ask(&Operation::Apply { slot: Some("main".to_owned()), file, wait: false, intent })
    };
    let done = apply(by(steps()));
    assert_eq!(done.value["outcome"], "on_trial", "{done:#?}");

    let strategy = json!({ "kind": "gradual", "shares": [0.25, 0.75], "manual_promotion": true });
    let words = "gradual: 25 %, 75 % of the calls, then all, each step ended by hand";
    let plan = ask(&Operation::Plan { slot: None });
    assert!(plan.text.contains(words), "{plan:#?}");
    assert_eq!(plan.value[0]["strategy"], words);
    assert_eq!(plan.value[0]["intent"]["strategy"], strategy);
    let has_share = |weight: f64, step: u64| {
        let status = ask(&Operation::Status { slot: None });
        let asked = format!("with the strategy asked for, {words}");
        assert!(status.text.contains(&asked), "{status:#?}");
        let slot: &Value = &status.value["slots"][0];
        assert_eq!(slot["strategy"], json!({ "kind": "smooth" }), "{slot:#}");
        let canary = &slot["canary"];
        assert_eq!(canary["strategy"], strategy, "{canary:#}");
        let place = (&canary["weight"], &canary["step"], &canary["steps"]);
        assert_eq!(place, (&json!(weight), &json!(step), &json!(2)));
        assert!(scene.host.status().to_string().contains(&asked));
    };
    has_share(0.25, 1);
    // The same once more changes nothing.
    apply(by(steps()));
    has_share(0.25, 1);
    let operator = scene.host.operator();
    operator.promote("main", "it is well").unwrap();
    has_share(0.75, 2);
    operator.promote("main", "it is well").unwrap();
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!(label(&scene.slot), "b");

    let report = reported(&scene.told);
    assert!(report.to_string().contains(&format!("strategy {words}, asked by ada")), "{report}");
    let ends: Vec<_> = report.steps.iter().map(|step| (step.weight, step.end)).collect();
    assert_eq!(ends, [(0.25, StepEnd::Promoted), (0.75, StepEnd::Promoted)]);
    let report = serde_json::to_value(&report).unwrap();
    assert_eq!(report["plan"]["intent"]["strategy"], strategy);
    let files = fs::read_dir(data.path().join("data/journal")).unwrap();
    let log = files.filter_map(|file| fs::read_to_string(file.unwrap().path()).ok());
    let log = log.collect::<String>();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("gradual")).collect();
    assert!(lines.len() == 1, "{lines:#?}");
    let line: Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(line["what"]["activating"]["strategy"], strategy);

    scene.put(&till("c"));
    is_smooth_again(&scene.host, &scene.slot, "c");
}

/// What was not taken has changed nothing.
fn is_untouched<I: Interface + ?Sized>(scene: &Scene<I>) {
    let status = scene.host.status();
    let slot = &status.slots[0];
    let serves = slot.serving.as_ref().unwrap().release.artifact;
    assert_eq!(
        slot.plan.as_ref().map(|plan| plan.artifact),
        serves,
        "nothing is planned: {status}"
    );
    assert!(slot.last_refusal.is_none() && slot.awaiting.is_none(), "{status}");
    assert!(slot.canary.is_none() && slot.trial.is_none() && slot.mapped == 1, "{status}");
    assert!(scene.told.so_far().is_empty());
}

/// Says what is missing, and what to do; returns that.
fn refused<I: Interface + ?Sized>(scene: &Scene<I>, next: &Fixture, strategy: Strategy) -> String {
    let (operator, file) = (scene.host.operator(), aside(scene, next));
    let error = operator.offer("main", &file, by(strategy.clone())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    is_untouched(scene);
    let artifact = ArtifactHash::of(next.bytes());
    let again = operator.intend("main", artifact, by(strategy)).unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    is_untouched(scene);
    let start = "the next upgrade of slot main cannot have the strategy that is asked for: ";
    let why = error.to_string();
    why.strip_prefix(start).unwrap_or_else(|| panic!("{why}")).to_owned()
}

#[test]
fn a_slot_that_cannot_have_the_strategy_says_what_is_missing() {
    let counter = |label: &str| fixture("counter").told(&format!("label={label}"));
    let exclusive = Scene::<dyn Counter>::with(smooth(), &counter("a"));
    for strategy in [Strategy::gradual([0.5]), Strategy::parallel()] {
        let why = refused(&exclusive, &counter("b"), strategy);
        assert!(why.contains("methods that take `&mut self`"), "{why}");
        assert!(why.contains("or have all calls at once with the smooth strategy"), "{why}");
    }
    let file = aside(&exclusive, &counter("b"));
    let smoothly = exclusive.host.operator().offer("main", file, by(Strategy::smooth())).unwrap();
    assert!(matches!(smoothly.standing, Standing::OnTrial { .. }), "{smoothly}");

    let untried = Tallied::of(&till("a"));
    let why = refused(&untried, &till("b"), Strategy::parallel());
    assert!(why.contains("there is none: set one with SlotConfig::with_trial"), "{why}");
    // The artifact is none the worse for it.
    let file = aside(&untried, &till("b"));
    let usual = untried.host.operator().offer("main", file, Intent::default()).unwrap();
    assert!(matches!(usual.standing, Standing::Serves { .. }), "{usual}");
}

#[test]
fn shares_that_do_not_rise_are_named_wherever_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin");
    let scene = Tallied::with(smooth().admin(&socket), &till("a"));
    let wrong = || Strategy::gradual([0.5, 0.1]);
    let why = refused(&scene, &till("b"), wrong());
    assert_eq!(why, "its shares must rise from step to step: 0.1 is not above 0.5 and below 1");
    let (slot, file, wait) = (None, Some(aside(&scene, &till("b"))), false);
    let apply = Operation::Apply { slot, file, wait, intent: by(wrong()) };
    let error = Client::new(&socket).ask(&apply, |_| {}).unwrap_err().to_string();
    assert!(error.contains("does not understand this: expected shares of 1 that rise"), "{error}");
    assert!(error.contains("0.1 is not above 0.5 and below 1"), "{error}");
    is_untouched(&scene);
}

#[test]
fn what_all_upgrades_of_a_slot_are_to_have_is_looked_at_before_it_serves() {
    let config = |strategy| {
        let slot = SlotConfig::artifact("/a.so").with_intent(by(strategy));
        Config::production().slot("main", slot)
    };
    let why = |config| Host::new(config).map(drop).unwrap_err().to_string();
    assert!(why(config(Strategy::parallel())).contains("SlotConfig::with_trial"));
    assert!(why(config(Strategy::gradual([2.0]))).contains("2 is not above 0 and below 1"));
    // A word for one upgrade may take the place of either.
    for (own, intent) in
        [(Strategy::smooth(), Strategy::parallel()), (Strategy::parallel(), Strategy::smooth())]
    {
        let config = config(intent).with_strategy(own).with_trial(Trial::new(LONG));
        let host = Host::new(config).unwrap();
        let error = host.slot::<dyn Counter>("main").map(drop).unwrap_err().to_string();
        assert!(error.contains("methods that take `&mut self`"), "{error}");
    }
}

#[test]
fn a_module_with_a_state_is_upgraded_smoothly_and_the_plan_says_so() {
    let tally = |label: &str| fixture("tally").told(&format!("label={label}"));
    let scene = Tallied::with(smooth(), &tally("a"));
    scene.slot.pin().add(7).unwrap();
    let (operator, file) = (scene.host.operator(), aside(&scene, &tally("b")));
    let offered = operator.offer("main", file, by(steps())).unwrap();
    assert!(matches!(offered.standing, Standing::OnTrial { .. }), "{offered}");
    assert_eq!(scene.slot.pin().total().unwrap(), 7);
    let status = scene.host.status();
    let plan = status.slots[0].plan.as_ref().unwrap();
    assert_eq!(plan.strategy, "smooth: all calls at once");
    let risk = plan.risks.iter().find(|risk| risk.reason.contains("it has a state"));
    assert!(risk.is_some(), "{plan}");
    assert!(!status.to_string().contains("as asked"), "{status}");
}

#[test]
fn another_strategy_needs_another_yes() {
    let scene = Tallied::with(smooth().with_approval(Approval::by_call()), &till("a"));
    let (operator, file) = (scene.host.operator(), aside(&scene, &till("b")));
    let plan = |intent| match operator.offer("main", &file, intent).unwrap().standing {
        Standing::AwaitsApproval(plan) => plan,
        other => panic!("{other:?}"),
    };
    assert_eq!(plan(Intent::default()).strategy, "smooth: all calls at once");
    // By the slot's own strategy it is planned already.
    plan(by(Strategy::smooth()));
    let second = plan(by(steps()));
    assert!(second.strategy.starts_with("gradual: 25 %"), "{second}");
    let findings = reported(&scene.told).findings.clone();
    assert_eq!(findings, ["somebody wants it with another strategy"]);
    let third = plan(by(Strategy::parallel()));
    assert!(third.strategy.starts_with("parallel"), "{third}");
    operator.intend("main", third.artifact, by(steps())).unwrap();
    operator.approve(third.artifact, "ada").unwrap();
    let status = scene.host.status();
    assert_eq!(status.slots[0].canary.as_ref().unwrap().strategy, Strategy::parallel());
    assert_eq!(label(&scene.slot), "a");
}

/// What ends with the host goes on with the next one as it was asked for.
#[test]
fn the_next_run_goes_on_with_the_strategy_and_forgets_it_after_the_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join(file_name("module"));
    let host = |config: Config| {
        let host = Host::new(config.slot("main", SlotConfig::artifact(&place))).unwrap();
        let (told, slot) = (Told::of(&host), host.slot::<dyn Tally>("main").unwrap());
        (host, slot, told)
    };
    let kept = || smooth().with_data_dir(folder.path().join("data"));
    replace(&place, till("a").bytes());
    let (first, _, _) = host(kept());
    // It is known before the file is there.
    let artifact = ArtifactHash::of(till("b").bytes());
    first.operator().intend("main", artifact, by(steps())).unwrap();
    replace(&place, till("b").bytes());
    let follows = |host: &Host| {
        let begun = || host.status().slots.remove(0);
        until("it has begun", || begun().canary.is_some() || begun().trial.is_some());
        let canary = begun().canary.expect("it has steps");
        assert_eq!(canary.strategy, steps());
    };
    follows(&first);
    first.shutdown().unwrap();

    let (second, slot, _) = host(kept());
    assert_eq!(label(&slot), "a");
    follows(&second);
    second.shutdown().unwrap();

    // A slot that cannot have it any more goes on with its own.
    let (untried, slot, told) = host(patient().with_data_dir(folder.path().join("data")));
    if label(&slot) != "b" {
        told.find(|event| match &event.kind {
            EventKind::Live(live) if live.generation > 1 => Some(()),
            _ => None,
        });
    }
    assert_eq!(label(&slot), "b");
    untried.shutdown().unwrap();

    let (last, slot, _) = host(kept());
    assert_eq!(label(&slot), "b");
    replace(&place, till("a").bytes());
    is_smooth_again(&last, &slot, "a");
    last.operator().roll_back("main", "not today").unwrap();
    let again = last.operator().clear(ArtifactHash::of(till("a").bytes()));
    assert!(again.unwrap());
    is_smooth_again(&last, &slot, "a");
}
