//! The journal: a host goes on where the last run has left off, however that has ended.

mod damaged;

use std::{fs, time::Duration};

use counter_api::Counter;
use hotswap_core::{
    ErrorKind, Host, SlotConfig,
    event::{Event, EventKind, Exit, Phase, StateNote},
    journal::{BackupReason, Outcome},
    snapshot::Snapshot,
};
use hotswap_tests::{fixture, patient, until};

use crate::{
    runs::{Place, Run, hash, on_trial},
    support::{counter, label, value},
};

#[test]
fn a_run_goes_on_where_the_last_one_has_ended_in_order() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let first = place.run();
    first.add(5);
    first.host.shutdown().unwrap();
    let told = first.told.so_far();
    assert!(told.iter().any(|event| matches!(event.kind, EventKind::Kept { .. })), "{told:?}");

    // Whatever lies at the path: it is looked at afterwards.
    place.put(&counter("label=b"));
    let second = place.run();
    let recovered = second.recovered();
    assert!(!recovered.is_older && recovered.passed_over.is_empty(), "{recovered}");
    assert_eq!(recovered.artifact.unwrap().artifact, Some(hash(&counter("label=a"))));
    assert_eq!(recovered.backup.unwrap().reason, BackupReason::End);
    until("the newer build is live", || label(&second.slot) == "b");
    assert_eq!(value(&second.slot), 5);
    second.host.shutdown().unwrap();
}

#[test]
fn after_a_crash_the_last_commit_serves_with_its_newest_backup_and_that_is_said() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run();
    run.add(5);
    let backup = run.host.operator().checkpoint("main").unwrap();
    assert_eq!((backup.number, backup.reason), (1, BackupReason::Checkpoint));
    assert_eq!(Snapshot::read(&backup.path).unwrap().size() as u64, backup.size);
    run.add(1);
    let image = place.image();
    let after = image.run();
    let recovered = after.recovered();
    assert!(recovered.is_older, "{recovered}");
    assert_eq!(recovered.backup.as_ref().unwrap().number, 1);
    let text = recovered.to_string();
    assert!(text.contains("what was changed after that is lost"), "{text}");
    assert_eq!((value(&after.slot), label(&after.slot).as_str()), (5, "a"));

    // Before anything was backed up there is nothing; that is said, too.
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run();
    run.add(5);
    let image = place.image();
    let after = image.run();
    let recovered = after.recovered();
    assert!(recovered.is_older && recovered.backup.is_none(), "{recovered}");
    assert_eq!(value(&after.slot), 0);
}

#[test]
fn a_crash_between_phases_leaves_the_old_version_or_the_new_one() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = Run::of(place.config().with_trial(on_trial()));
    run.add(5);
    place.put(&counter("label=b"));
    let live = run.told.live();
    assert_eq!((live.generation, live.state), (2, StateNote::Kept));
    run.add(1);
    // In trial: the last committed artifact, with the backup of before the upgrade. The candidate
    // lies at the path, and is tried once more.
    let crashed = place.image();
    let after = Run::of(crashed.config().with_trial(on_trial()));
    let recovered = after.recovered();
    assert_eq!(recovered.artifact.as_ref().unwrap().artifact, Some(hash(&counter("label=a"))));
    assert_eq!(recovered.uncommitted.as_ref().unwrap().artifact, Some(hash(&counter("label=b"))));
    assert_eq!(recovered.backup.as_ref().unwrap().reason, BackupReason::Upgrade);
    until("it is tried again", || label(&after.slot) == "b");
    assert_eq!(value(&after.slot), 5);
    // Twice: it is not tried again.
    let crashed = crashed.image();
    let again = crashed.run();
    assert_eq!((label(&again.slot).as_str(), value(&again.slot)), ("a", 5));
    let refusal = again.before.iter().find_map(|event| match &event.kind {
        EventKind::Refused(refusal) => Some(refusal.to_string()),
        _ => None,
    });
    assert!(refusal.unwrap().contains("2 times when the process ended"));
    assert!(again.host.operator().clear(hash(&counter("label=b"))).unwrap());
    until("it was cleared", || label(&again.slot) == "b");
    until("it is committed", || {
        let newest = &again.host.operator().history().unwrap()[0];
        (newest.outcome, newest.artifact) == (Outcome::Committed, hash(&counter("label=b")))
    });

    // Committed: the new one, with what was changed in the trial.
    run.host.operator().commit("main", "it looks well").unwrap();
    let image = place.image();
    let after = image.run();
    assert_eq!(after.recovered().artifact.unwrap().artifact, Some(hash(&counter("label=b"))));
    assert_eq!((label(&after.slot).as_str(), value(&after.slot)), ("b", 6));
    let history = run.host.operator().history().unwrap();
    let found: Vec<_> = history.iter().map(|it| (it.outcome, it.why.as_str())).collect();
    assert_eq!(found, [(Outcome::Committed, "it looks well"), (Outcome::Committed, "")]);
}

#[test]
fn what_an_orderly_end_finds_on_trial_is_undone_with_its_state() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = Run::of(place.config().with_trial(on_trial()));
    run.add(5);
    place.put(&fixture("chain").told("label=newer"));
    assert_eq!(run.told.live().state, StateNote::Migrated { from: 1, to: 3 });
    run.add(1);
    run.host.shutdown().unwrap();
    // Its chain can go back: nothing is lost. It was not to blame, and is tried again.
    let place = place.image();
    let after = Run::of(place.config().with_trial(on_trial()));
    let recovered = after.recovered();
    assert!(!recovered.is_older, "{recovered}");
    assert_eq!(recovered.artifact.unwrap().artifact, Some(hash(&counter("label=a"))));
    until("it is tried again", || label(&after.slot) == "newer");
    assert_eq!(value(&after.slot), 6);
}

#[test]
fn what_was_rejected_stays_so_until_it_is_cleared() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run();
    let bad = counter("label=bad;start=fail");
    place.put(&bad);
    assert_eq!(run.told.refused().phase, Phase::Activated);
    run.host.shutdown().unwrap();
    let log = place.root().join("log");
    let second = place.run();
    let refusal = second.told.refused();
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Activated), "{refusal}");
    assert!(refusal.advice.contains("Operator::clear"), "{refusal}");
    assert!(!log.exists());
    assert!(second.host.operator().clear(hash(&bad)).unwrap());
    // It is tried, and fails again.
    assert!(!second.told.refused().advice.contains("earlier run"));
    let outcomes: Vec<_> =
        second.host.operator().history().unwrap().iter().map(|it| it.outcome).collect();
    assert_eq!(outcomes, [Outcome::Rejected, Outcome::Rejected, Outcome::Committed]);
    // What is judged from bytes may come out otherwise for another host: it is judged again.
    place.put(&fixture("meter"));
    assert_eq!(second.told.refused().phase, Phase::Assessed);
    second.host.shutdown().unwrap();
    let third = place.run();
    let refusal = third.told.refused();
    assert_eq!(refusal.phase, Phase::Assessed);
    assert!(!refusal.advice.contains("earlier run"), "{refusal}");
}

#[test]
fn a_revert_long_after_the_commit_keeps_the_state() {
    let place = Place::new();
    let older = counter("label=older");
    place.put(&older);
    let run = Run::of(place.config());
    run.add(5);
    let newer = fixture("chain").told("label=newer");
    place.put(&newer);
    assert_eq!(run.told.live().state, StateNote::Migrated { from: 1, to: 3 });
    run.add(1);
    let error =
        run.host.operator().revert_to("main", hash(&counter("label=never")), "why").unwrap_err();
    assert!(error.to_string().contains("it is not kept; there are: "), "{error}");
    run.host.operator().revert_to("main", hash(&older), "it costs too much").unwrap();
    assert_eq!(run.told.live().state, StateNote::Downgraded { from: 3, to: 1 });
    assert_eq!((label(&run.slot).as_str(), value(&run.slot)), ("older", 6));
    let error = run.host.operator().revert_to("main", hash(&older), "again").unwrap_err();
    assert!(error.to_string().contains("it serves already"), "{error}");
    let history = run.host.operator().history().unwrap();
    assert!(history.iter().any(|it| it.why == "it costs too much"), "{history:?}");
    run.add(1);

    // A crash does not bring the newer one back, although it lies at the path.
    let image = place.image();
    let after = image.run();
    assert_eq!((label(&after.slot).as_str(), value(&after.slot)), ("older", 6));
    let refusal = after.told.refused();
    assert!(refusal.findings[0].contains("gone back from: it costs too much"), "{refusal}");
    // On purpose it does.
    after.host.operator().revert_to("main", hash(&newer), "it was not that").unwrap();
    assert_eq!((label(&after.slot).as_str(), value(&after.slot)), ("newer", 6));
    after.host.shutdown().unwrap();
}

#[test]
fn a_revert_that_fails_leaves_everything_as_it_was() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run();
    run.add(5);
    place.put(&fixture("chain").told("label=b;downgrade=panic"));
    let _ = run.told.live();
    let error =
        run.host.operator().revert_to("main", hash(&counter("label=a")), "why").unwrap_err();
    assert!(error.to_string().contains("slot main is not reverted to"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Artifact);
    assert_eq!((label(&run.slot).as_str(), value(&run.slot)), ("b", 5));
}

#[test]
fn a_backup_is_restored_and_what_served_can_be_had_again() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run();
    run.add(5);
    let first = run.host.operator().checkpoint("main").unwrap();
    place.put(&fixture("chain").told("label=b"));
    let _ = run.told.live();
    run.add(10);
    // The state of an older version goes through the migrations of the one that serves.
    run.host.operator().restore("main", first.number).unwrap();
    let restarted = run.told.find(|event| match &event.kind {
        EventKind::Restarted(restarted) => Some(restarted.clone()),
        _ => None,
    });
    assert_eq!(restarted.state, StateNote::Migrated { from: 1, to: 3 });
    assert!(restarted.restored.is_some());
    assert_eq!(value(&run.slot), 5);
    // A crash does not bring back what was replaced.
    let image = place.image();
    assert_eq!(value(&image.run().slot), 5);
    let backups = run.host.operator().backups("main").unwrap();
    let before = backups.iter().find(|it| it.reason == BackupReason::Upgrade).unwrap();
    run.host.operator().restore("main", before.number).unwrap();
    assert_eq!(value(&run.slot), 15);
    let error = run.host.operator().restore("main", 99).unwrap_err();
    assert!(error.to_string().contains("it does not exist; there are: "), "{error}");
}

#[test]
fn backups_and_artifacts_are_bounded() {
    let place = Place::new();
    place.put(&counter("label=0"));
    let run = Run::of(place.config().with_kept_backups(3).with_kept_artifacts(2));
    for n in 1..6 {
        run.add(1);
        run.host.operator().checkpoint("main").unwrap();
        place.put(&counter(&format!("label={n}")));
        let _ = run.told.live();
    }
    let backups = run.host.operator().backups("main").unwrap();
    assert_eq!(backups.len(), 3);
    assert!(backups.iter().all(|it| it.path.exists()) && backups[0].number > backups[2].number);
    until("the rest is removed", || {
        place.kept() == 2 && fs::read_dir(place.journal().join("backups")).unwrap().count() == 3
    });
    let error =
        run.host.operator().revert_to("main", hash(&counter("label=0")), "why").unwrap_err();
    assert!(error.to_string().contains("it is not kept"), "{error}");
    run.host.operator().revert_to("main", hash(&counter("label=4")), "why").unwrap();
    assert_eq!((label(&run.slot).as_str(), value(&run.slot)), ("4", 5));
}

#[test]
fn an_interval_backs_up_what_has_changed() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let config = place.config().with_checkpoint_interval(Duration::from_millis(20));
    let run = Run::of(config);
    run.add(5);
    let of = |state: u64| {
        move |event: &Event| match &event.kind {
            EventKind::BackedUp(backup) if backup.number >= state => Some(backup.clone()),
            _ => None,
        }
    };
    assert_eq!(run.told.find(of(1)).reason, BackupReason::Interval);
    until("it is on disk", || {
        let image = place.image();
        value(&image.run().slot) == 5
    });
    run.host.shutdown().unwrap();
}

#[test]
fn without_a_journal_there_is_nothing_to_ask_for() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let host = Host::new(patient().slot("main", SlotConfig::artifact(place.artifact()))).unwrap();
    let _slot = host.slot::<dyn Counter>("main").unwrap();
    for error in [
        host.operator().checkpoint("main").unwrap_err(),
        host.operator().backups("main").unwrap_err(),
        host.operator().restore("main", 1).unwrap_err(),
        host.operator().revert_to("main", hash(&counter("label=a")), "why").unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert!(error.to_string().contains("Config::with_data_dir"), "{error}");
    }
}
