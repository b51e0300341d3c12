//! States that are handed over as memory, and a journal: copies are written on the way as ever, and a
//! later run goes on with the last of them, however this one has ended.

use std::time::Duration;

use hotswap_core::{
    event::{EventKind, Exit, StateNote},
    journal::BackupReason,
};
use hotswap_tests::until;

use super::{mover, other};
use crate::{
    runs::{Place, Run, hash, on_trial},
    support::{elsewhere, label, value},
};

/// Version `a` has counted to five.
fn counted(place: &Place) -> Run {
    place.put(&mover("label=a"));
    let run = place.run();
    run.add(5);
    run
}

/// Another version serves, with the state.
fn moves(place: &Place, run: &Run, script: &str) {
    place.put(&mover(script));
    let live = run.told.live();
    assert_eq!(live.state, StateNote::Moved, "{live}");
}

fn serves(run: &Run, wanted: &str, count: u64) {
    assert_eq!((label(&run.slot).as_str(), value(&run.slot)), (wanted, count));
    // All of it is in order: what is made from it as well.
    text(run);
}

/// The state, after a look at all of it.
fn text(run: &Run) -> String {
    elsewhere(|| run.slot.pin().state_text().unwrap())
}

/// Version `b` is on trial, has the state of `a`, and has changed it.
fn tried(place: &Place) -> Run {
    place.put(&mover("label=a"));
    let run = Run::of(place.config().with_trial(on_trial()));
    run.add(5);
    moves(place, &run, "label=b");
    run.add(1);
    run
}

#[test]
fn an_orderly_end_keeps_what_was_last_served() {
    let place = Place::new();
    let run = counted(&place);
    for n in 0..3 {
        moves(&place, &run, &format!("label=b{n}"));
        run.add(1);
    }
    run.host.shutdown().unwrap();
    let after = place.run();
    let recovered = after.recovered();
    assert!(!recovered.is_older && recovered.passed_over.is_empty(), "{recovered}");
    assert_eq!(recovered.artifact.unwrap().artifact, Some(hash(&mover("label=b2"))));
    assert_eq!(recovered.backup.unwrap().reason, BackupReason::End);
    serves(&after, "b2", 8);
    // And on, as memory.
    moves(&place, &after, "label=c");
    serves(&after, "c", 8);
}

#[test]
fn after_a_crash_the_newest_copy_serves() {
    let place = Place::new();
    let run = counted(&place);
    moves(&place, &run, "label=b");
    let backups = run.host.operator().backups("main").unwrap();
    assert!(backups.iter().any(|it| it.reason == BackupReason::Upgrade), "{backups:?}");
    // No update was made since: nothing is missing.
    let after = place.image();
    let after = after.run();
    serves(&after, "b", 5);

    run.add(1);
    run.host.operator().checkpoint("main").unwrap();
    let image = place.image();
    serves(&image.run(), "b", 6);
    // The copy before the next move has this one.
    run.add(1);
    moves(&place, &run, "label=c");
    let image = place.image();
    let after = image.run();
    serves(&after, "c", 7);
    moves(&image, &after, "label=d");
    serves(&after, "d", 7);
}

#[test]
fn a_crash_within_a_trial_goes_back() {
    let place = Place::new();
    let run = tried(&place);
    let image = place.image();
    let after = Run::of(image.config().with_trial(on_trial()));
    let recovered = after.recovered();
    assert_eq!(recovered.artifact.as_ref().unwrap().artifact, Some(hash(&mover("label=a"))));
    assert_eq!(recovered.uncommitted.as_ref().unwrap().artifact, Some(hash(&mover("label=b"))));
    assert_eq!(recovered.backup.as_ref().unwrap().reason, BackupReason::Upgrade);
    // It is tried again, and goes on from there.
    assert_eq!(after.told.live().state, StateNote::Moved);
    serves(&after, "b", 5);

    // Once it is committed it serves with what was changed in the trial.
    run.host.operator().commit("main", "it looks well").unwrap();
    serves(&place.image().run(), "b", 6);
}

#[test]
fn an_orderly_end_within_a_trial_goes_back_with_every_update() {
    let place = Place::new();
    let run = tried(&place);
    run.host.shutdown().unwrap();
    let after = Run::of(place.config().with_trial(on_trial()));
    let recovered = after.recovered();
    assert!(!recovered.is_older, "{recovered}");
    assert_eq!(recovered.artifact.unwrap().artifact, Some(hash(&mover("label=a"))));
    // It was not only written down: it went back, as it came.
    let history = after.host.operator().history().unwrap();
    let says = "the host has ended within its trial; state handed over as memory";
    assert!(history.iter().any(|it| it.why == says), "{history:?}");
    until("it is tried again", || label(&after.slot) == "b");
    serves(&after, "b", 6);
}

#[test]
fn a_revert_takes_the_state_along_as_it_is() {
    let place = Place::new();
    let run = counted(&place);
    moves(&place, &run, "label=b");
    run.add(1);
    let before = text(&run);
    run.host.operator().revert_to("main", hash(&mover("label=a")), "it costs too much").unwrap();
    assert_eq!(run.told.live().state, StateNote::Moved);
    assert_eq!((text(&run), label(&run.slot).as_str()), (before.clone(), "a"));
    run.add(1);
    run.host.operator().revert_to("main", hash(&mover("label=b")), "it was not that").unwrap();
    assert_eq!(run.told.live().state, StateNote::Moved);
    serves(&run, "b", 7);
    let image = place.image();
    serves(&image.run(), "b", 7);
}

#[test]
fn a_revert_that_fails_with_the_state_gives_it_back() {
    let place = Place::new();
    place.put(&mover("label=a;arrived=fail"));
    let run = place.run();
    run.add(5);
    moves(&place, &run, "label=b");
    run.add(1);
    let before = text(&run);
    let a = hash(&mover("label=a;arrived=fail"));
    let error = run.host.operator().revert_to("main", a, "why").unwrap_err().to_string();
    assert!(error.contains("arrived was told to fail"), "{error}");
    assert_eq!(run.told.refused().exit, Exit::Rejected);
    assert_eq!((text(&run), label(&run.slot).as_str()), (before, "b"));
    run.add(1);
    moves(&place, &run, "label=c");
    serves(&run, "c", 7);
}

/// Its state has gone with it. The copy from before the move is whole, and is there to be restored.
#[test]
fn what_hangs_with_the_state_leaves_the_copy_from_before() {
    let place = Place::new();
    place.put(&other("label=a"));
    let config = place.config().with_pause_deadline(Duration::from_millis(200));
    let run = Run::of(config);
    run.add(5);
    place.put(&other("label=b;arrived=hang"));
    let refusal = run.told.refused();
    assert_eq!(refusal.exit, Exit::Rejected, "{refusal}");
    let text = refusal.to_string();
    assert!(text.contains("its state is in the candidate, which hangs"), "{text}");
    let backups = run.host.operator().backups("main").unwrap();
    let before = backups.iter().find(|it| it.reason == BackupReason::Upgrade).unwrap();
    run.host.operator().restore("main", before.number).unwrap();
    serves(&run, "a", 5);
    run.add(1);
    place.put(&other("label=c"));
    assert_eq!(run.told.live().state, StateNote::Moved);
    serves(&run, "c", 6);
    let told = run.told.so_far();
    assert!(!told.iter().any(|it| matches!(it.kind, EventKind::NotBackedUp { .. })), "{told:?}");
}
