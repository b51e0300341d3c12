//! Orders and failures one after the other, where the first leaves something behind.

mod candidates;

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    ArtifactHash, Host, SlotConfig,
    event::{EventKind, Live},
};
use hotswap_tests::{Scene, Told, file_name, patient, replace, until};

use crate::support::{counter, label, stay_inside};

/// Another file of the folder is refused while a build waits for its next try, which comes.
fn beside(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(file_name(name));
    fs::write(path("a"), counter("label=a").bytes()).unwrap();
    let config = patient()
        .with_pause_deadline(Duration::from_millis(50))
        .slot("main", SlotConfig::folder(folder.path()).with_module("counter"));
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
    assert_eq!((next_live(&told).generation, label(&slot)), (2, "b".to_owned()));
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

/// The next refusal of an artifact, which is to be tried again by itself.
fn cancelled(told: &Told, artifact: ArtifactHash) {
    let refusal = told.find(|event| match &event.kind {
        EventKind::Refused(refusal) if refusal.artifact == Some(artifact) => Some(refusal.clone()),
        EventKind::Live(live) => panic!("{live}"),
        _ => None,
    });
    assert!(refusal.tried_again, "{refusal}");
}

/// The next version that serves, whatever was refused before.
fn next_live(told: &Told) -> Live {
    told.find(|event| match &event.kind {
        EventKind::Live(live) => Some(live.clone()),
        _ => None,
    })
}

fn of(script: &str) -> ArtifactHash {
    ArtifactHash::of(counter(script).bytes())
}

#[test]
fn what_was_replaced_while_it_waited_is_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let config =
        patient().with_data_dir(folder.path()).with_pause_deadline(Duration::from_millis(50));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    let inside = stay_inside(&scene.slot, "stays");
    scene.put(&counter("label=b"));
    cancelled(&scene.told, of("label=b"));
    // What lies there by now is not taken either, for the host's sake.
    close(&journal);
    scene.put(&counter("label=c"));
    cancelled(&scene.told, of("label=c"));
    open(&journal);
    inside.leave();
    assert_eq!(next_live(&scene.told).release.artifact, Some(of("label=c")));
    assert_eq!(label(&scene.slot), "c");
}

#[test]
fn what_waits_is_kept_when_it_is_committed_after_another_slot() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, other) = (folder.path().join("journal"), folder.path().join(file_name("other")));
    fs::write(&other, counter("label=o").bytes()).unwrap();
    let config = patient().with_data_dir(folder.path()).slot("other", SlotConfig::artifact(&other));
    let config = config.with_pause_deadline(Duration::from_millis(50));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    let _other = scene.host.slot::<dyn Counter>("other").unwrap();
    assert_eq!(next_live(&scene.told).release.artifact, Some(of("label=o")));
    let inside = stay_inside(&scene.slot, "stays");
    scene.put(&counter("label=b"));
    cancelled(&scene.told, of("label=b"));
    // Its commit removes what nobody could go back to.
    replace(&other, counter("label=p").bytes());
    assert_eq!(next_live(&scene.told).release.artifact, Some(of("label=p")));
    inside.leave();
    assert_eq!(next_live(&scene.told).release.artifact, Some(of("label=b")));
    assert!(kept(&journal, of("label=b")).exists());
}

#[test]
fn a_next_try_that_falls_into_a_pause_comes_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let scene =
        Scene::<dyn Counter>::with(patient().with_data_dir(folder.path()), &counter("label=a"));
    close(&journal);
    scene.put(&counter("label=b"));
    let refusal = scene.told.refused();
    assert!(refusal.tried_again, "{refusal}");
    scene.host.operator().pause(None, "ada", "a look").unwrap();
    until("it is held", || !scene.host.status().slots[0].deferred.is_empty());
    open(&journal);
    assert!(scene.host.operator().resume(None).unwrap());
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!(label(&scene.slot), "b");
}

#[test]
fn a_revert_that_has_failed_does_not_happen_later() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let scene =
        Scene::<dyn Counter>::with(patient().with_data_dir(folder.path()), &counter("label=a"));
    scene.upgrade(&counter("label=b"));
    let first = of("label=a");
    let kept = kept(&journal, first);
    let _writer = File::options().write(true).open(&kept).unwrap();
    let _ = scene.host.operator().revert_to("main", first, "why").unwrap_err();
    // What begins to be written now is told of later than what was written before.
    let mut own = File::options().append(true).open(scene.artifact()).unwrap();
    own.write_all(b"more").unwrap();
    let written = scene.told.find(|event| match &event.kind {
        EventKind::BeingWritten { path } => Some(path.clone()),
        _ => None,
    });
    assert_eq!(written, scene.artifact(), "nobody waits for {}", kept.display());
}

#[test]
fn a_journal_that_knows_artifacts_does_not_stop_a_host_that_takes_none() {
    let folder = tempfile::tempdir().unwrap();
    let scene =
        Scene::<dyn Counter>::with(patient().with_data_dir(folder.path()), &counter("label=a"));
    scene.host.shutdown().unwrap();
    let config = patient()
        .with_data_dir(folder.path())
        .slot("main", SlotConfig::builtin::<::counter::Counting>());
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let _slot = host.slot::<dyn Counter>("main").unwrap();
    let why = told.find(|event| match &event.kind {
        EventKind::NotRecovered { why } => Some(why.clone()),
        _ => None,
    });
    assert!(why.contains("this host takes no artifacts"), "{why}");
    let first = of("label=a");
    let error = host.operator().revert_to("main", first, "why").unwrap_err();
    assert!(error.to_string().contains("no slot that takes artifacts"), "{error}");
    host.operator().restart("main").unwrap();
}
