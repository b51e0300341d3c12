//! What an upgrade will do is known beforehand, and where somebody has to say yes it waits for that.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use counter_api::{Counter, Failing};
use hotswap_core::{
    AfterPanic, Approval, ArtifactHash, Config, Decision, ErrorKind, Plan, StateDrift, Strategy,
    Timing, Trial,
    event::{EventKind, Exit, Phase},
    plan::{Change, Level},
};
use hotswap_tests::{LONG, Scene, Told, fixture, patient};
use tally_api::Tally;

use crate::support::{counter, elsewhere, label, value};

fn planned(told: &Told) -> Arc<Plan> {
    told.find(|event| match &event.kind {
        EventKind::Planned(plan) => Some(Arc::clone(plan)),
        _ => None,
    })
}

/// A host in which somebody has to say yes; version `a` has counted to 5.
fn asked(approval: Approval) -> Scene<dyn Counter> {
    asked_with(patient(), approval)
}

fn asked_with(config: Config, approval: Approval) -> Scene<dyn Counter> {
    let scene = Scene::<dyn Counter>::with(config.with_approval(approval), &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    scene
}

fn awaiting(scene: &Scene<dyn Counter>) -> ArtifactHash {
    scene.told.find(|event| match &event.kind {
        EventKind::Phase { phase: Phase::AwaitingApproval, artifact } => Some(*artifact),
        EventKind::Live(live) => panic!("nobody has said yes to {live}"),
        _ => None,
    })
}

#[test]
fn a_plan_says_what_changes_and_what_becomes_of_the_state() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    scene.put(&counter("label=b"));
    let plan = planned(&scene.told);
    assert_eq!((&*plan.slot, plan.changes.as_slice()), ("main", &[Change::Code][..]));
    assert_eq!(plan.level(), Level::Low);
    assert_eq!(plan.path, scene.artifact());
    let _ = scene.told.live();

    scene.put(&fixture("chain").told("label=c"));
    let plan = planned(&scene.told);
    let _ = scene.told.live();
    assert_eq!(plan.from.as_ref().unwrap().module, "counter");
    assert_eq!((&*plan.to.module, plan.level()), ("chain", Level::Medium));
    let text = plan.to_string();
    for part in [
        "state Count version 1 → 3",
        "`Count.owner`: String → nothing",
        "`Count.owners`: nothing → Vec<String>",
        "state migrated from version 1 to 3",
        "## Risks: medium",
        "medium: the state is migrated from version 1 to 3; a failed migration changes nothing",
        "low: there is no trial",
        "| Quiescing |",
        "not signed",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // What pauses have taken before is known by now.
    let step = |phase| plan.phases.iter().find(|step| step.phase == phase).unwrap();
    assert!(
        step(Phase::Activated).likely.is_some() && step(Phase::Activated).deadline == Some(LONG)
    );

    scene.put(&counter("label=back"));
    let plan = planned(&scene.told);
    assert!(plan.risks.iter().any(|risk| risk.reason.contains("goes back from version 3 to 1")));
    let _ = scene.told.live();
}

#[test]
fn what_is_wrong_with_a_slot_is_a_high_risk() {
    let high = |scene: &Scene<dyn Counter>, build: &str, says: &str| {
        scene.put(&fixture(build).told("label=next"));
        let plan = planned(&scene.told);
        let risk = plan.risks.first().expect("there is one");
        assert!(risk.level == Level::High && risk.reason.contains(says), "{plan}");
    };
    let config = patient().with_after_panic(AfterPanic::Refuse, AfterPanic::GoOn);
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    elsewhere(|| scene.slot.pin_mut().fail_mut(Failing::Text)).unwrap_err();
    high(&scene, "counter", "half changed");

    let config = patient().with_trial(Trial::new(LONG).with_longest_call(LONG));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.upgrade(&counter("label=b"));
    scene.host.operator().roll_back("main", "by hand").unwrap();
    high(&scene, "counter", "another version was rolled back");

    let scene = Scene::<dyn Counter>::with(patient().with_generation_cap(2), &counter("label=a"));
    high(&scene, "counter", "1 generations are mapped, and 2 may be");

    let config = patient().with_state_drift(StateDrift::StartAfresh);
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    high(&scene, "drift", "the state is dropped");
}

#[test]
fn what_waits_for_a_word_is_not_loaded_and_goes_on_with_a_yes() {
    let scene = asked(Approval::by_call());
    scene.put(&counter("label=b"));
    let artifact = awaiting(&scene);
    let status = scene.host.status();
    assert_eq!(status.slots[0].awaiting.as_ref().unwrap().artifact, artifact);
    assert_eq!(status.slots[0].mapped, 1);
    assert!(status.to_string().contains("waits for approval, risk low"), "{status}");
    assert_eq!(label(&scene.slot), "a");
    // Looked at again it still waits, and is not planned again.
    scene.host.rescan().unwrap();
    scene.host.operator().approve(artifact, "ada").unwrap();
    let why = scene.told.find(|event| match &event.kind {
        EventKind::Decided { approved: true, why, .. } => Some(why.clone()),
        EventKind::Planned(plan) => panic!("planned again: {plan}"),
        _ => None,
    });
    assert_eq!(why, "approved by ada");
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("b".to_owned(), 5));
    assert!(scene.host.status().slots[0].awaiting.is_none());
    let error = scene.host.operator().approve(artifact, "ada").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.to_string().contains("waits for approval"), "{error}");
}

#[test]
fn a_yes_within_a_trial_is_refused_and_the_way_back_stays() {
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let config = patient().with_trial(trial).with_timing(Timing::on_request());
    let scene = asked_with(config, Approval::by_call());
    scene.put(&counter("label=b"));
    scene.host.operator().approve(awaiting(&scene), "ada").unwrap();
    // A newer one waits for a word while the older one takes over.
    scene.put(&counter("label=c"));
    let newer = awaiting(&scene);
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    let error = scene.host.operator().approve(newer, "ada").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    let says = "a version is on trial; commit it or roll it back first";
    assert!(error.to_string().ends_with(says), "{error}");
    assert_eq!(scene.host.apply_pending().unwrap(), 0);
    let status = scene.host.status();
    assert_eq!(status.slots[0].awaiting.as_ref().map(|plan| plan.artifact), Some(newer));
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("b".to_owned(), 5));
    scene.host.operator().roll_back("main", "by hand").unwrap();
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("a".to_owned(), 5));
    scene.host.operator().approve(newer, "ada").unwrap();
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("c".to_owned(), 5));
}

#[test]
fn a_no_rejects_the_artifact_until_it_is_cleared() {
    let scene = asked(Approval::by_call());
    scene.put(&counter("label=b"));
    let artifact = awaiting(&scene);
    scene.host.operator().reject(artifact, "ada", "not on a Friday").unwrap();
    let refusal = scene.told.refused();
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::AwaitingApproval));
    assert!(refusal.to_string().contains("rejected  ada: not on a Friday"), "{refusal}");
    assert!(scene.host.operator().clear(artifact).unwrap());
    assert_eq!(awaiting(&scene), artifact);
    scene.host.operator().approve(artifact, "ada").unwrap();
    assert_eq!(scene.told.live().generation, 2);
}

#[test]
fn up_to_a_level_nobody_is_asked() {
    let scene = asked(Approval::up_to(Level::Low));
    assert_eq!(scene.upgrade(&counter("label=b")).generation, 2);
    // A migration is a medium risk.
    scene.put(&fixture("chain").told("label=c"));
    let artifact = awaiting(&scene);
    assert_eq!(label(&scene.slot), "b");
    scene.host.operator().approve(artifact, "ada").unwrap();
    assert_eq!(scene.told.live().generation, 3);
}

#[test]
fn a_newer_artifact_takes_the_place_of_one_that_waits() {
    let scene = asked(Approval::by_call());
    scene.put(&counter("label=b"));
    let first = awaiting(&scene);
    scene.put(&counter("label=c"));
    let second = awaiting(&scene);
    assert_ne!(first, second);
    assert!(scene.host.operator().approve(first, "ada").is_err());
    scene.host.operator().approve(second, "ada").unwrap();
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!(label(&scene.slot), "c");
}

#[test]
fn what_is_taken_back_waits_no_longer() {
    let scene = asked(Approval::by_call());
    scene.put(&counter("label=b"));
    let artifact = awaiting(&scene);
    scene.put(&counter("label=a"));
    let why = scene.told.find(|event| match &event.kind {
        EventKind::Decided { approved: false, why, .. } => Some(why.clone()),
        _ => None,
    });
    assert_eq!(why, "it was taken back");
    assert!(scene.host.operator().approve(artifact, "ada").is_err());
    scene.put(&counter("label=b"));
    assert_eq!(awaiting(&scene), artifact);
}

#[test]
fn what_nobody_answers_is_called_off() {
    let scene = asked(Approval::by_call().with_expiry(Duration::from_millis(50)));
    scene.put(&counter("label=b"));
    let refusal = scene.told.refused();
    assert_eq!((refusal.exit, refusal.phase), (Exit::Cancelled, Phase::AwaitingApproval));
    assert!(refusal.to_string().contains("nobody has approved it in time"), "{refusal}");
    assert!(scene.host.status().slots[0].awaiting.is_none());
    // Looked at again it is asked for again.
    scene.host.rescan().unwrap();
    assert_eq!(scene.told.refused().phase, Phase::AwaitingApproval);
}

#[test]
fn the_program_decides_by_the_plan() {
    let asked_for = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked_for);
    let approval = Approval::ask(move |plan| {
        count.fetch_add(1, Ordering::SeqCst);
        match &*plan.to.module {
            "counter" => Decision::Approve,
            "chain" => Decision::Reject { why: "no chains".to_owned() },
            _ => panic!("what is {}?", plan.to.module),
        }
    });
    let scene = asked(approval);
    assert_eq!(scene.upgrade(&counter("label=b")).generation, 2);
    let refusal = scene.refusal(&fixture("chain").told("label=c"));
    assert!(refusal.to_string().contains("rejected  no chains"), "{refusal}");
    // Who panics has not said yes.
    scene.put(&fixture("renamed"));
    assert_eq!(scene.told.refused().phase, Phase::Assessed);
    assert_eq!(asked_for.load(Ordering::SeqCst), 2);
    assert_eq!(scene.upgrade(&counter("label=d")).generation, 3);
}

#[test]
fn a_word_is_for_what_was_planned_and_is_judged_again() {
    // What serves when the word comes knows another state than what was planned against.
    let config = Config::clone(&patient()).with_approval(Approval::by_call());
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.put(&counter("label=b"));
    let artifact = awaiting(&scene);
    elsewhere(|| scene.slot.pin_mut().add(3)).unwrap();
    scene.host.operator().restart("main").unwrap();
    scene.host.operator().approve(artifact, "ada").unwrap();
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("b".to_owned(), 3));
}

#[test]
fn a_plan_says_how_callers_come_to_the_version() {
    let trial = Trial::new(Duration::from_secs(60));
    let config =
        || patient().with_strategy(Strategy::gradual([0.01, 0.5])).with_trial(trial.clone());
    let plan = |name: &str| {
        let build = |label: &str| fixture(name).told(&format!("label={label}"));
        let scene = Scene::<dyn Tally>::with(config(), &build("a"));
        let next = scene.folder().join("next");
        fs::write(&next, build("b").bytes()).unwrap();
        scene.host.operator().judge("main", &next).unwrap().unwrap()
    };
    let trial_of = |plan: &Plan| {
        let step = plan.phases.iter().find(|step| step.phase == Phase::Trial).unwrap();
        step.deadline.unwrap().as_secs()
    };
    let beside = plan("till");
    assert_eq!(beside.strategy, "gradual: 1 %, 50 % of the calls, then all");
    assert_eq!(trial_of(&beside), 120);
    assert!(beside.to_string().contains("It begins at once; gradual: 1 %"), "{beside}");
    // It has a state.
    let smooth = plan("tally");
    assert_eq!(smooth.strategy, "smooth: all calls at once");
    assert_eq!(trial_of(&smooth), 60);
    let risk = smooth.risks.iter().find(|risk| risk.reason.contains("not a share of them"));
    assert_eq!(risk.unwrap().level, Level::Medium);
}
