//! Reports and notes stay for the next run, however this one ends.

use std::{fs, sync::Arc};

use hotswap_core::{
    Approval, Report,
    event::{EventKind, Phase},
    journal::Outcome,
    plan::Purpose,
    report::Note,
};
use hotswap_tests::{fixture, patient, until};

use super::support::{Place, counted, endless, hash, phases, reported};
use crate::support::{counter, label};

#[test]
fn reports_and_notes_are_there_for_the_next_run() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run(|config| config);
    assert_eq!(reported(&run.told).number, 1);
    run.slot.pin_mut().add(5).unwrap();
    place.put(&fixture("chain").told("label=b"));
    let report = reported(&run.told);
    let note = Note::new("ada", "orders were counted twice").with_solution("fixed in 1.0.1");
    let noted = run.host.operator().add_note("main", report.number, note).unwrap();
    assert_eq!(noted.notes.len(), 1);
    let error = run.host.operator().add_note("main", 99, Note::new("ada", "why")).unwrap_err();
    assert_eq!(error.to_string(), "slot main has no report 99");
    run.host.operator().revert_to("main", hash(&counter("label=a")), "it costs too much").unwrap();
    let reverted = reported(&run.told);
    let intent = &reverted.plan.as_ref().unwrap().intent;
    assert_eq!(
        (&intent.purpose, intent.why.as_deref()),
        (&Purpose::Revert, Some("it costs too much"))
    );
    run.host.shutdown().unwrap();

    let second = place.run(|config| config);
    assert_eq!(label(&second.slot), "a");
    let read = second.host.operator().reports("main");
    let numbers: Vec<_> = read.iter().map(|report| report.number).collect();
    // That it goes on is no upgrade.
    assert_eq!(numbers, [3, 2, 1]);
    assert_eq!(read[1].to_string(), noted.to_string());
    assert!(read[1].to_string().contains("ada: orders were counted twice; fixed in 1.0.1"));
    let history = second.host.operator().history().unwrap();
    let found: Vec<_> = history
        .iter()
        .filter_map(|past| Some((past.outcome, past.report.as_ref()?.number)))
        .collect();
    assert_eq!(found, [3, 2, 1].map(|number| (Outcome::Committed, number)));
    // How long an upgrade takes is known from the last run.
    place.put(&counter("label=c"));
    let report = reported(&second.told);
    let plan = report.plan.as_ref().unwrap();
    let step = |phase| plan.phases.iter().find(|it| it.phase == phase).unwrap();
    assert!(step(Phase::Loaded).likely.is_some() && step(Phase::Quiescing).likely.is_some());
    assert!(phases(&report).contains(&Phase::BackedUp), "{report}");
}

#[test]
fn a_report_that_cannot_be_read_is_named_and_the_rest_goes_on() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run(|config| config);
    place.put(&counter("label=b"));
    until("both are there", || run.host.operator().reports("main").len() == 2);
    run.host.shutdown().unwrap();
    fs::write(place.report(1), "nonsense").unwrap();
    let run = place.run(|config| config);
    let why = run.told.find(|event| match &event.kind {
        EventKind::NotReported { why } => Some(why.clone()),
        _ => None,
    });
    assert!(why.contains("00000001.json is no report that can be read"), "{why}");
    assert_eq!(run.host.operator().reports("main").len(), 1);
    // Its line is there without it.
    let with = |past: &hotswap_core::journal::HistoryEntry| past.report.is_some();
    let history = run.host.operator().history().unwrap();
    assert_eq!(history.iter().map(with).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn an_upgrade_that_a_crash_has_interrupted_is_reported_by_the_next_run() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run(|config| config.with_trial(endless()));
    assert_eq!(reported(&run.told).number, 1);
    place.put(&counter("label=b"));
    let _ = run.told.live();
    let image = place.image();
    let after = image.run(|config| config.with_trial(endless()));
    let report = reported(&after.told);
    assert_eq!((report.number, report.outcome), (2, Outcome::Interrupted));
    assert_eq!((report.artifact, report.phase), (hash(&counter("label=b")), Phase::Trial));
    assert!(report.plan.is_some() && report.generation == Some(2), "{report}");
    assert_eq!(report.findings, ["the run ended out of order"]);
    let history = after.host.operator().history().unwrap();
    let interrupted = history.iter().find(|it| it.outcome == Outcome::Interrupted).unwrap();
    assert_eq!(interrupted.report.as_ref().unwrap().number, 2);
    // It is reported once.
    drop(after);
    let again = image.run(|config| config.with_trial(endless()));
    let reports = again.host.operator().reports("main");
    let is_interrupted = |it: &&Arc<Report>| it.outcome == Outcome::Interrupted;
    assert_eq!(reports.iter().filter(is_interrupted).count(), 1);

    // An orderly end undoes what is on trial, and that is no interruption.
    run.host.shutdown().unwrap();
    let report = reported(&run.told);
    assert_eq!((report.outcome, report.phase), (Outcome::Cancelled, Phase::Trial));
    assert!(report.why().contains("the host has ended within its trial"), "{report}");
    assert!(report.back.is_some());
}

#[test]
fn what_waits_at_an_orderly_end_is_not_interrupted() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run(|config| config.with_approval(Approval::by_call()));
    place.put(&counter("label=b"));
    until("it waits", || run.host.status().slots[0].awaiting.is_some());
    run.host.shutdown().unwrap();
    let next = place.run(|config| config);
    let history = next.host.operator().history().unwrap();
    let outcomes: Vec<_> =
        history.iter().rev().map(|it| (it.outcome, it.report.is_some())).collect();
    assert_eq!(outcomes[..2], [(Outcome::Committed, true), (Outcome::Cancelled, true)]);
    assert_eq!(history[history.len() - 2].why, "the host has ended");
    assert!(history.iter().all(|it| it.outcome != Outcome::Interrupted), "{history:?}");
}

#[test]
fn only_so_many_reports_are_kept() {
    let place = Place::new();
    place.put(&counter("label=0"));
    let run = place.run(|config| config.with_kept_reports(2));
    for n in 1..5 {
        let _ = reported(&run.told);
        place.put(&counter(&format!("label={n}")));
    }
    let _ = reported(&run.told);
    let numbers: Vec<_> = run.host.operator().reports("main").iter().map(|it| it.number).collect();
    assert_eq!(numbers, [5, 4]);
    let files = fs::read_dir(place.report(1).parent().unwrap()).unwrap();
    assert_eq!(files.count(), 2);
    // The journal remembers more.
    assert_eq!(run.host.operator().history().unwrap().len(), 5);
}

#[test]
fn without_a_journal_this_run_is_the_history() {
    let scene = counted(patient().with_kept_reports(2));
    scene.upgrade(&counter("label=b"));
    let report = reported(&scene.told);
    scene.host.operator().add_note("main", report.number, Note::new("ada", "it is slow")).unwrap();
    let _ = scene.refusal(&counter("label=c;start=fail"));
    let _ = reported(&scene.told);
    let history = scene.host.operator().history().unwrap();
    let found: Vec<_> = history.iter().map(|it| it.outcome).collect();
    assert_eq!(found, [Outcome::Rejected, Outcome::Committed]);
    assert_eq!(history[1].report.as_ref().unwrap().notes[0].problem, "it is slow");
}
