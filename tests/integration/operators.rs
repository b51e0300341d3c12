//! What operators do to a running host: hold it, hand it something, ask it.

use std::{fs, time::Duration};

use counter_api::Counter;
use hotswap_core::{
    Approval, ErrorKind, Operator, Standing, Trial,
    event::{EventKind, Phase},
    plan::{Intent, Purpose},
};
use hotswap_tests::{LONG, Scene, patient};

use crate::support::{counter, elsewhere, label, value};

fn scene() -> Scene<dyn Counter> {
    Scene::<dyn Counter>::of(&counter("label=a"))
}

/// Another build, in a place that nobody watches.
fn aside(scene: &Scene<dyn Counter>, script: &str) -> std::path::PathBuf {
    let path = scene.folder().join("aside");
    fs::write(&path, counter(script).bytes()).unwrap();
    path
}

#[test]
fn while_upgrades_are_paused_none_begins_by_itself() {
    let scene = scene();
    scene.host.operator().pause(Some("main"), "ada", "a sale").unwrap();
    scene.put(&counter("label=b"));
    let other = aside(&scene, "label=c");
    let offered = scene.host.operator().offer("main", &other, Intent::default()).unwrap();
    assert!(matches!(offered.standing, Standing::Serves { generation: 2 }), "{offered:?}");
    assert_eq!((scene.told.live().generation, label(&scene.slot).as_str()), (2, "c"));
    let status = scene.host.status();
    assert_eq!(status.slots[0].paused.as_ref().unwrap().by, "ada");
    assert!(status.to_string().contains("paused by ada 0 s ago: a sale"), "{status}");

    assert!(scene.host.operator().resume(Some("main")).unwrap());
    assert!(!scene.host.operator().resume(Some("main")).unwrap());
    assert_eq!((scene.told.live().generation, label(&scene.slot).as_str()), (3, "b"));
    let error = scene.host.operator().pause(Some("nobody"), "ada", "").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.to_string().contains("no slot nobody is configured"), "{error}");
}

#[test]
fn a_trial_goes_on_and_back_while_upgrades_are_paused() {
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let scene = Scene::<dyn Counter>::with(patient().with_trial(trial), &counter("label=a"));
    scene.upgrade(&counter("label=b"));
    scene.host.operator().pause(None, "ada", "").unwrap();
    let paused = elsewhere(|| scene.slot.pin().fail(counter_api::Failing::Text));
    assert!(paused.is_err());
    let refusal = scene.told.refused();
    assert_eq!((refusal.phase, label(&scene.slot).as_str()), (Phase::Trial, "a"));
}

#[test]
fn an_offered_artifact_is_judged_as_any_other() {
    let scene = scene();
    let bad = aside(&scene, "prepare=fail");
    let intent = Intent::new(Purpose::Fix).with_asked_by("ada");
    let offered = scene.host.operator().offer("main", &bad, intent).unwrap();
    let Standing::Refused(refusal) = offered.standing else { panic!("{offered:?}") };
    assert_eq!((refusal.phase, refusal.artifact), (Phase::Prepared, offered.artifact));
    let planned = scene.told.find(|event| match &event.kind {
        EventKind::Planned(plan) => Some(plan.clone()),
        _ => None,
    });
    assert_eq!(planned.intent.asked_by.as_deref(), Some("ada"));

    // Once more: it is known, and told again.
    let again = scene.host.operator().offer("main", &bad, Intent::default()).unwrap();
    assert!(matches!(again.standing, Standing::Refused(_)), "{again:?}");
    let missing = scene
        .host
        .operator()
        .offer("main", scene.folder().join("none"), Intent::default())
        .unwrap();
    assert!(missing.artifact.is_none(), "{missing:?}");
    assert_eq!(missing.standing.to_string(), "it is looked at later: there is no such file");
    let folder = scene.host.operator().offer("main", scene.folder(), Intent::default()).unwrap();
    assert!(matches!(folder.standing, Standing::Refused(_)), "{folder:?}");

    let good = aside(&scene, "label=b");
    let offered = scene.host.operator().offer("main", &good, Intent::default()).unwrap();
    assert!(matches!(offered.standing, Standing::Serves { generation: 2 }), "{offered:?}");
    let offered = scene.host.operator().offer("main", &good, Intent::default()).unwrap();
    assert!(matches!(offered.standing, Standing::Serves { generation: 2 }), "{offered:?}");
    assert_eq!((label(&scene.slot).as_str(), value(&scene.slot)), ("b", 0));
}

#[test]
fn an_offered_artifact_waits_for_a_yes_and_for_a_trial() {
    let config = patient()
        .with_approval(Approval::by_call())
        .with_trial(Trial::new(LONG).with_longest_call(LONG));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    let good = aside(&scene, "label=b");
    let offered = scene.host.operator().offer("main", &good, Intent::default()).unwrap();
    let Standing::AwaitsApproval(plan) = offered.standing else { panic!("{offered:?}") };
    scene.host.operator().approve(plan.artifact, "ada").unwrap();
    let offered = scene.host.operator().offer("main", &good, Intent::default()).unwrap();
    assert!(matches!(offered.standing, Standing::OnTrial { generation: 2 }), "{offered:?}");
    let other = scene.folder().join("another");
    fs::write(&other, counter("label=c").bytes()).unwrap();
    let offered = scene.host.operator().offer("main", &other, Intent::default()).unwrap();
    assert_eq!(
        offered.standing.to_string(),
        "it is looked at later: a version is on trial; commit or rollback ends that"
    );
    scene.host.operator().commit("main", "ada").unwrap();
    // It is looked at by itself, and waits for a yes.
    let planned = scene.told.find(|event| match &event.kind {
        EventKind::Phase { artifact, phase: Phase::AwaitingApproval }
            if *artifact != plan.artifact =>
        {
            Some(*artifact)
        }
        _ => None,
    });
    assert_eq!(planned, hotswap_core::ArtifactHash::of(counter("label=c").bytes()));
}

#[test]
fn a_judgement_changes_nothing() {
    let scene = scene();
    let good = aside(&scene, "label=b");
    let plan = scene.host.operator().judge("main", &good).unwrap().unwrap();
    assert_eq!(plan.artifact, hotswap_core::ArtifactHash::of(counter("label=b").bytes()));
    fs::write(&good, b"no library").unwrap();
    let refusal = scene.host.operator().judge("main", &good).unwrap().unwrap_err();
    assert_eq!(refusal.phase, Phase::Inspected);
    std::thread::sleep(Duration::from_millis(20));
    let told = scene.told.so_far();
    assert!(told.is_empty(), "{told:?}");
    let status = scene.host.status();
    assert!(status.slots[0].last_refusal.is_none() && status.slots[0].quarantined.is_empty());
    assert_eq!(scene.host.operator().judge("nobody", &good).unwrap_err().kind(), ErrorKind::Misuse);
}

#[test]
fn an_operator_does_not_keep_a_host() {
    let scene = scene();
    let operator: Operator = scene.host.operator().clone();
    let there = elsewhere(|| operator.status().slots.len());
    assert_eq!(there, 1);
    scene.host.shutdown().unwrap();
    assert!(operator.rescan().unwrap_err().to_string().contains("was shut down"));
    assert!(operator.commit("main", "").unwrap_err().to_string().contains("was shut down"));
}
