//! Each upgrade that is over yields one report: what it was, how it went, and what it has cost.

mod kept;
mod support;

use std::{sync::Arc, time::Duration};

use hotswap_core::{
    Approval, ErrorKind, Report, Timing,
    event::{EventKind, Phase, StateNote},
    journal::Outcome,
    plan::{Intent, Purpose, Urgency},
};
use hotswap_tests::{fixture, patient};

use self::support::{counted, endless, hash, phases, reported};
use crate::support::{counter, elsewhere, stay_inside, value};

#[test]
fn a_committed_upgrade_says_what_was_done_and_how_long_it_took() {
    let scene = counted(patient());
    let live = scene.upgrade(&fixture("chain").told("label=b"));
    let report = reported(&scene.told);
    assert_eq!(
        (report.outcome, report.phase, report.attempt),
        (Outcome::Committed, Phase::Committed, 1)
    );
    assert_eq!(report.state, Some(StateNote::Migrated { from: 1, to: 3 }));
    assert_eq!((report.pause, report.generation), (live.pause, Some(2)));
    assert!(report.pause.is_some() && report.lost.is_empty() && report.word.is_none());
    let wanted = [
        Phase::Staged,
        Phase::Inspected,
        Phase::Assessed,
        Phase::Loaded,
        Phase::Prepared,
        Phase::Quiescing,
        Phase::Snapshotted,
        Phase::Migrating,
        Phase::Activated,
    ];
    assert_eq!(phases(&report), wanted);
    let pause: Duration = report.phases[5..].iter().map(|it| it.took).sum();
    assert!(report.phases.iter().all(|it| it.took > Duration::ZERO), "{report}");
    assert!(pause >= report.pause.unwrap(), "{report}");
    assert_eq!(report.plan.as_ref().unwrap().to.module, "chain");
    assert_eq!(scene.host.report("main").unwrap().number, report.number);
    assert_eq!(scene.host.operator().report_of(hash(&counter("label=a"))).unwrap().number, 1);
    let text = report.to_string();
    for part in [
        "# main: chain 3.0.0",
        "committed\n",
        "- served as generation 2, state migrated from version 1 to 3",
        "- nothing of the state is lost",
        "| Migrating |",
        "### Changes",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The next plan knows how long it is likely to take.
    scene.put(&counter("label=c"));
    let plan = scene.told.find(|event| match &event.kind {
        EventKind::Planned(plan) => Some(Arc::clone(plan)),
        _ => None,
    });
    let unknown: Vec<_> = plan.phases.iter().filter(|it| it.likely.is_none()).collect();
    assert!(matches!(&unknown[..], [step] if step.phase == Phase::Committed), "{plan}");
}

#[test]
fn a_rejected_one_says_where_and_why_and_is_reported_once() {
    let scene = counted(patient());
    let refusal = scene.refusal(&fixture("chain").told("label=b;start=fail"));
    let report = reported(&scene.told);
    assert_eq!((report.outcome, report.phase), (Outcome::Rejected, Phase::Activated));
    assert_eq!(
        (&report.findings, report.advice.as_ref()),
        (&refusal.findings, Some(&refusal.advice))
    );
    let last = [Phase::Quiescing, Phase::Snapshotted, Phase::Migrating, Phase::Activated];
    assert!(phases(&report).ends_with(&last), "{report}");
    assert_eq!((report.generation, report.serving.as_ref().unwrap().generation), (None, 1));
    assert!(report.pause.is_some() && report.lost.is_empty(), "{report}");
    // That it is refused is told again, when it is looked at again.
    scene.host.rescan().unwrap();
    let _ = scene.told.refused();
    scene.upgrade(&counter("label=c"));
    assert_eq!(reported(&scene.told).number, 3);

    // What is judged from bytes has no plan.
    let scene = counted(patient());
    let _ = scene.refusal(&fixture("meter"));
    let report = reported(&scene.told);
    assert_eq!((report.phase, report.plan.is_none()), (Phase::Assessed, true));
    assert_eq!(report.module.as_ref().unwrap().name, "meter");
}

#[test]
fn a_rollback_names_what_is_lost() {
    let scene = counted(patient().with_trial(endless()));
    scene.upgrade(&fixture("chain").told("label=b;downgrade=fail"));
    for _ in 0..3 {
        elsewhere(|| scene.slot.pin_mut().add(1)).unwrap();
    }
    scene.host.operator().roll_back("main", "orders are counted twice").unwrap();
    let report = reported(&scene.told);
    assert_eq!((report.outcome, report.phase), (Outcome::RolledBack, Phase::Trial));
    assert_eq!(report.findings, ["orders are counted twice"]);
    let trial = report.trial.as_ref().unwrap();
    assert_eq!((trial.calls, trial.panics), (3, 0));
    assert!(matches!(report.back.as_ref().unwrap().state, StateNote::AsBefore { .. }));
    let [lost] = &report.lost[..] else { panic!("{report}") };
    assert!(lost.starts_with("every change of the state since the upgrade"), "{lost}");
    assert!(lost.contains("downgrade was told to fail"), "{lost}");
    assert_eq!(phases(&report).last(), Some(&Phase::Trial));
    assert_eq!((report.generation, report.serving.as_ref().unwrap().generation), (Some(2), 1));
    assert!(report.to_string().contains("**lost**: every change"), "{report}");
    assert_eq!(value(&scene.slot), 5);

    // A state that goes back takes everything with it.
    scene.upgrade(&fixture("chain").told("label=c"));
    elsewhere(|| scene.slot.pin_mut().add(1)).unwrap();
    scene.host.operator().roll_back("main", "by hand").unwrap();
    let report = reported(&scene.told);
    assert_eq!(report.back.as_ref().unwrap().state, StateNote::Downgraded { from: 3, to: 1 });
    assert!(report.lost.is_empty(), "{report}");

    scene.upgrade(&counter("label=d"));
    scene.host.operator().commit("main", "it looks well").unwrap();
    let report = reported(&scene.told);
    assert_eq!((report.outcome, report.why()), (Outcome::Committed, "it looks well".to_owned()));
    assert!(report.trial.is_some() && report.number == 4, "{report}");
}

#[test]
fn who_has_said_yes_or_no_is_in_it() {
    let scene = counted(patient().with_approval(Approval::by_call()));
    let awaiting = || {
        scene.told.find(|event| match &event.kind {
            EventKind::Phase { phase: Phase::AwaitingApproval, artifact } => Some(*artifact),
            _ => None,
        })
    };
    scene.put(&counter("label=b"));
    scene.host.operator().approve(awaiting(), "ada").unwrap();
    let report = reported(&scene.told);
    let word = report.word.as_ref().unwrap();
    assert_eq!((word.approved, word.by.as_deref()), (true, Some("ada")));
    assert!(phases(&report).contains(&Phase::AwaitingApproval) && word.at >= report.began);

    scene.put(&counter("label=c"));
    scene.host.operator().reject(awaiting(), "ada", "not on a Friday").unwrap();
    let report = reported(&scene.told);
    let word = report.word.as_ref().unwrap();
    assert_eq!((word.approved, &*word.why), (false, "ada: not on a Friday"));
    assert_eq!((report.outcome, report.phase), (Outcome::Rejected, Phase::AwaitingApproval));

    // What a newer one takes the place of is over as well.
    scene.put(&counter("label=d"));
    let first = awaiting();
    scene.put(&counter("label=e"));
    let report = reported(&scene.told);
    assert_eq!((report.artifact, report.outcome), (first, Outcome::Cancelled));
    assert_eq!(report.findings, ["a newer artifact has come"]);
    assert_eq!(phases(&report).last(), Some(&Phase::AwaitingApproval));
    // And what is left waiting at the end.
    let (last, told) = (awaiting(), &scene.told);
    scene.host.shutdown().unwrap();
    let report = reported(told);
    assert_eq!((report.artifact, report.outcome), (last, Outcome::Cancelled));
    assert_eq!(report.findings, ["the host has ended"]);
}

#[test]
fn what_is_configured_to_say_yes_is_named_as_well() {
    let scene = counted(patient().with_approval(Approval::up_to(hotswap_core::plan::Level::High)));
    scene.upgrade(&counter("label=b"));
    let report = reported(&scene.told);
    let word = report.word.as_ref().unwrap();
    assert_eq!((word.approved, word.by.as_deref()), (true, None));
    assert_eq!(word.why, "as configured, for risk low");
}

#[test]
fn each_try_of_what_is_cancelled_says_so() {
    let config = patient()
        .with_pause_deadline(Duration::from_millis(20))
        .with_retry_delays(Duration::from_millis(20), Duration::from_millis(20));
    let scene = counted(config);
    let inside = stay_inside(&scene.slot, "stays");
    scene.put(&counter("label=b"));
    let first = reported(&scene.told);
    assert_eq!((first.outcome, first.phase), (Outcome::Cancelled, Phase::Quiescing));
    assert_eq!((first.attempt, phases(&first).last()), (1, Some(&Phase::Quiescing)));
    let second = reported(&scene.told);
    assert_eq!((second.attempt, second.outcome), (2, Outcome::Cancelled));
    assert_eq!(phases(&second), [Phase::Quiescing]);
    assert!(second.to_string().contains(", try 2\n") && second.plan.is_some(), "{second}");
    inside.leave();
    let last = loop {
        let report = reported(&scene.told);
        if report.outcome != Outcome::Cancelled {
            break report;
        }
    };
    assert!(last.outcome == Outcome::Committed && last.attempt > 2, "{last}");
}

#[test]
fn what_waits_to_be_applied_and_is_replaced_was_called_off() {
    let scene = counted(patient().with_timing(Timing::on_request()));
    scene.put(&counter("label=b"));
    scene.told.pending();
    scene.put(&counter("label=c"));
    let report = reported(&scene.told);
    assert_eq!((report.artifact, report.outcome), (hash(&counter("label=b")), Outcome::Cancelled));
    scene.told.pending();
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    let report = reported(&scene.told);
    assert_eq!((report.artifact, report.outcome), (hash(&counter("label=c")), Outcome::Committed));
    assert_eq!(report.number, 3);
}

#[test]
fn why_it_is_wanted_is_in_its_plan() {
    let usual = Intent::new(Purpose::Feature);
    let scene = counted(patient().with_intent(usual.clone()));
    assert_eq!(scene.host.report("main").unwrap().plan.as_ref().unwrap().intent, usual);
    let urgent =
        Intent::new(Purpose::Security).with_urgency(Urgency::Critical).with_asked_by("ada");
    scene.host.operator().intend("main", hash(&counter("label=b")), urgent.clone()).unwrap();
    scene.upgrade(&counter("label=b"));
    let report = reported(&scene.told);
    assert_eq!(report.plan.as_ref().unwrap().intent, urgent);
    assert!(report.to_string().contains("- purpose: security, urgency critical, asked by ada\n"));
    let error = scene.host.operator().intend("other", report.artifact, urgent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
}

#[test]
fn scripts_read_what_a_host_says() {
    let scene = counted(patient().with_trial(endless()));
    scene.upgrade(&counter("label=b"));
    let status = serde_json::to_value(scene.host.status()).unwrap();
    let slot = &status["slots"][0];
    assert_eq!((&slot["name"], &slot["serving"]["version"]), (&"main".into(), &"1.0.0".into()));
    assert_eq!(slot["trial"]["previous"]["generation"], 1);
    assert!(slot["serving"]["for_ms"].is_number(), "{status}");
    assert_eq!(slot["generations"][1]["held_by"][0]["kind"], "serves");
    scene.host.operator().commit("main", "by hand").unwrap();
    let report = reported(&scene.told);
    let text = serde_json::to_string(&*report).unwrap();
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(read.to_string(), report.to_string());
    let history = serde_json::to_value(scene.host.operator().history().unwrap()).unwrap();
    assert_eq!(history[0]["report"]["plan"]["to"]["module"], "counter");
}
