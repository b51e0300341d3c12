//! Journals and backups that cannot be written, are damaged, or are of another host.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use counter_api::Counter;
use hotswap_core::{
    ErrorKind, Host,
    event::{EventKind, Exit, StateNote},
};

use crate::{
    runs::{Place, was_refused},
    support::{counter, label, value},
};

#[test]
fn where_the_journal_cannot_be_written_upgrades_are_cancelled_and_what_serves_goes_on() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run();
    run.add(5);
    type Change = fn(&Path);
    let damages: [(&str, Change, Change); 2] = [
        (
            "removed",
            |folder| fs::remove_dir_all(folder).unwrap(),
            |folder| {
                fs::create_dir(folder).unwrap();
            },
        ),
        (
            "cannot be written",
            |folder| {
                fs::remove_dir_all(folder.join("backups")).unwrap();
                fs::write(folder.join("backups"), "a file").unwrap();
            },
            |folder| fs::remove_file(folder.join("backups")).unwrap(),
        ),
    ];
    for (n, (wanted, damage, mend)) in damages.into_iter().enumerate() {
        damage(&place.journal());
        place.put(&counter(&format!("label=next{n}")));
        let refusal = run.told.refused();
        assert_eq!(refusal.exit, Exit::Cancelled, "{refusal}");
        let text = refusal.to_string();
        assert!(text.contains(wanted) || text.contains("cannot be made or used"), "{text}");
        assert!(text.contains("bring its folder back"), "{text}");
        assert_eq!(value(&run.slot), 5);
        let error = run.host.operator().checkpoint("main").unwrap_err();
        assert!(error.to_string().contains("not backed up"), "{error}");
        mend(&place.journal());
        // Tried again by itself.
        let live = run.told.find(|event| match &event.kind {
            EventKind::Live(live) => Some(live.clone()),
            _ => None,
        });
        assert_eq!(live.state, StateNote::Kept);
    }
    assert_eq!((label(&run.slot).as_str(), value(&run.slot)), ("next1", 5));
    let image = place.image();
    let after = image.run();
    assert_eq!((label(&after.slot).as_str(), value(&after.slot)), ("next1", 5));
}

#[test]
fn a_damaged_journal_and_one_of_another_host_are_errors_that_say_what_to_do() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run();
    // As a `main` that returns it prints it.
    let error = format!("{:?}", Host::new(place.config()).unwrap_err());
    assert!(error.contains("another host has the journal"), "{error}");
    run.host.shutdown().unwrap();
    let good = fs::read_to_string(place.lines()).unwrap();
    assert_eq!(fs::metadata(place.lines()).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(place.lines(), good.replacen("\"main\"", "\"mine\"", 1)).unwrap();
    let error = Host::new(place.config()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::System);
    let text = format!("{error:?}");
    for wanted in ["line ", "journal.jsonl is damaged", "expected the checksum", "found", "copy"] {
        assert!(text.contains(wanted), "{text}");
    }
    // A last line that was torn is none.
    fs::write(place.lines(), &good[..good.len() - 7]).unwrap();
    let run = place.run();
    assert_eq!(label(&run.slot), "a");
    assert!(!was_refused(&run.before));
}

#[test]
fn damaged_backups_are_passed_over_and_nothing_begins_afresh_for_that() {
    let place = Place::new();
    place.put(&counter("label=a"));
    let run = place.run();
    run.add(5);
    run.host.operator().checkpoint("main").unwrap();
    run.add(1);
    let newest = run.host.operator().checkpoint("main").unwrap();
    run.host.shutdown().unwrap();
    let damage = |path: &Path| fs::write(path, "nonsense").unwrap();
    let end = place.journal().join("backups").join("main-00000003.snapshot");
    damage(&end);
    damage(&newest.path);
    let copy = place.image();
    let run = copy.run();
    let recovered = run.recovered();
    assert_eq!((value(&run.slot), recovered.passed_over.len()), (5, 2), "{recovered}");
    assert!(recovered.is_older, "{recovered}");
    run.host.shutdown().unwrap();

    damage(&place.journal().join("backups").join("main-00000001.snapshot"));
    let host = Host::new(place.config()).unwrap();
    let error = host.slot::<dyn Counter>("main").unwrap_err();
    assert!(error.to_string().contains("bring one of these files back"), "{error}");
}
