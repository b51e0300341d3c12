//! Orders and failures one after the other, where the first leaves something behind.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{ArtifactHash, Host, event::EventKind};
use hotswap_tests::{Scene, Told, file_name, patient, replace, until};

use crate::support::{counter, label, stay_inside};

/// Another file of the folder is refused while a build waits for its next try, which comes.
fn beside(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(file_name(name));
    fs::write(path("a"), counter("label=a").bytes()).unwrap();
    let config = patient()
        .with_pause_deadline(Duration::from_millis(50))
        .folder("main", folder.path())
        .module("main", "counter");
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("main").unwrap();
    assert_eq!(told.live().generation, 1);
    let inside = stay_inside(&slot, "stays");
    replace(&path("a"), counter("label=b").bytes());
    let refusal = told.refused();
    assert!(refusal.tried_again, "{refusal}");
    replace(&path(name), bytes);
    let is_it = path(name).display().to_string();
    told.find(|event| match &event.kind {
        EventKind::Refused(refusal) => (refusal.path == is_it).then_some(()),
        _ => None,
    });
    inside.leave();
    let live = told.find(|event| match &event.kind {
        EventKind::Live(live) => Some(live.clone()),
        _ => None,
    });
    assert_eq!((live.generation, label(&slot)), (2, "b".to_owned()));
}

#[test]
fn what_lies_beside_a_build_that_waits_does_not_take_its_next_try() {
    beside("copy", counter("label=older").bytes());
    beside("junk", b"no library at all");
    beside("junk", b"");
}

/// Takes the journal the place for artifacts, or gives it back.
fn close(journal: &Path) {
    fs::rename(journal.join("artifacts"), journal.join("aside")).unwrap();
    fs::write(journal.join("artifacts"), "").unwrap();
}

fn open(journal: &Path) {
    fs::remove_file(journal.join("artifacts")).unwrap();
    fs::rename(journal.join("aside"), journal.join("artifacts")).unwrap();
}

fn kept(journal: &Path, artifact: ArtifactHash) -> PathBuf {
    let name = artifact.to_string();
    let files = fs::read_dir(journal.join("artifacts")).unwrap();
    let mut files = files.map(|it| it.unwrap().path());
    files.find(|it| it.file_stem().unwrap().to_str() == Some(&name)).unwrap()
}

#[test]
fn a_next_try_that_falls_into_a_pause_comes_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let scene = Scene::<dyn Counter>::with(patient().with_journal(&journal), &counter("label=a"));
    close(&journal);
    scene.put(&counter("label=b"));
    let refusal = scene.told.refused();
    assert!(refusal.tried_again, "{refusal}");
    scene.host.pause(None, "ada", "a look").unwrap();
    until("it is held", || !scene.host.status().slots[0].held.is_empty());
    open(&journal);
    assert!(scene.host.resume(None).unwrap());
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!(label(&scene.slot), "b");
}

#[test]
fn a_revert_that_has_failed_does_not_happen_later() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let scene = Scene::<dyn Counter>::with(patient().with_journal(&journal), &counter("label=a"));
    scene.upgrade(&counter("label=b"));
    let first = ArtifactHash::of(counter("label=a").bytes());
    let writer = File::options().write(true).open(kept(&journal, first)).unwrap();
    let _ = scene.host.revert_to("main", first, "why").unwrap_err();
    drop(writer);
    // Whatever was still to be tried comes before that.
    scene.put(&counter("label=c"));
    let live = scene.told.live();
    assert_eq!(
        (live.generation, live.artifact),
        (3, Some(ArtifactHash::of(counter("label=c").bytes())))
    );
    assert_eq!(label(&scene.slot), "c");
}

#[test]
fn a_journal_that_knows_artifacts_does_not_stop_a_host_that_takes_none() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let scene = Scene::<dyn Counter>::with(patient().with_journal(&journal), &counter("label=a"));
    scene.host.shutdown().unwrap();
    let config = patient().with_journal(&journal).builtin::<::counter::Counting>("main");
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let _slot = host.slot::<dyn Counter>("main").unwrap();
    let why = told.find(|event| match &event.kind {
        EventKind::NotRecovered { why } => Some(why.clone()),
        _ => None,
    });
    assert!(why.contains("this host takes no artifacts"), "{why}");
    let first = ArtifactHash::of(counter("label=a").bytes());
    let error = host.revert_to("main", first, "why").unwrap_err();
    assert!(error.to_string().contains("no slot that takes artifacts"), "{error}");
    host.restart("main").unwrap();
}
