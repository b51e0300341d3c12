//! While an artifact is rehearsed the host goes on: other slots, trials, answers, its end. What the
//! rehearsal finds is in `rehearsal.rs`.
//!
//! A process of its own, with a `main` of its own: the host starts this program again as a child.

#[path = "rehearsing/overtaken.rs"]
mod overtaken;
#[path = "rehearsing/support.rs"]
mod support;

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    Approval, ArtifactHash, Host, Slot, SlotConfig, Timing, Trial,
    event::{Event, EventKind, Phase},
    journal::Outcome,
    probe,
};
use hotswap_tests::{
    Fixture, LONG, Scene, Told,
    alone::{self, children},
    file_name, patient, replace, until,
};

use self::overtaken::{an_overtaken_revert, reported};
use self::support::{
    Stands, counted, counted_with, counter, is_rehearsed, label, phase, rehearsal, superseded,
};

fn main() -> ExitCode {
    probe::serve();
    if cfg!(not(target_os = "linux")) {
        return ExitCode::SUCCESS;
    }
    alone::run(&[
        ("other_slots_and_their_trials_go_on", other_slots_and_their_trials_go_on),
        ("the_end_of_the_host_waits_for_no_child", the_end_of_the_host_waits_for_no_child),
        ("a_newer_artifact_takes_its_place", a_newer_artifact_takes_its_place),
        ("what_is_refused_meanwhile_changes_nothing", what_is_refused_meanwhile),
        ("another_instance_makes_it_stale", another_instance_makes_it_stale),
        ("a_trial_that_began_meanwhile_comes_first", a_trial_comes_first),
        ("a_revert_that_a_trial_has_overtaken_is_refused_and_reported", an_overtaken_revert),
        ("whoever_says_yes_is_answered_when_it_is_over", a_yes),
        ("whoever_goes_back_is_answered_when_it_is_over", a_revert),
        ("the_journals_backup_is_what_the_child_reads", one_copy),
    ])
}

fn other_slots_and_their_trials_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    fs::write(&other, counter("label=a").bytes()).unwrap();
    let trial = Trial::new(Duration::from_millis(20)).with_longest_call(LONG);
    let config = patient().slot("other", SlotConfig::artifact(&other).with_trial(trial));
    let scene = counted_with(config, |slot| slot.with_rehearsal(rehearsal()));
    let slot = scene.host.slot::<dyn Counter>("other").unwrap();
    let stands = Stands::new(folder.path(), "b");
    scene.put(&stands.build);
    stands.stands(1);
    assert_eq!(phase(&scene.host, "main"), Some(Phase::Rehearsed));

    // Upgraded, judged, committed; and gone back from by hand.
    let committed = |event: &Event| match &event.kind {
        EventKind::Committed { generation, .. } => Some(*generation),
        _ => None,
    };
    replace(&other, counter("label=b").bytes());
    assert_eq!(scene.told.find(committed), 2);
    assert_eq!(label(&slot), "b");
    replace(&other, counter("label=c;verify=fail").bytes());
    let refusal = scene.told.find(|event| match &event.kind {
        EventKind::Refused(refusal) => Some(Arc::clone(refusal)),
        _ => None,
    });
    assert_eq!((&*refusal.slot, refusal.phase), ("other", Phase::Trial), "{refusal}");
    assert_eq!(label(&slot), "b");
    // What is asked for is answered.
    assert!(
        scene
            .host
            .operator()
            .clear(ArtifactHash::of(counter("label=c;verify=fail").bytes()))
            .unwrap()
    );
    scene.host.operator().restart("other").unwrap();
    assert_eq!(phase(&scene.host, "main"), Some(Phase::Rehearsed));
    stands.go();
    assert_eq!(scene.slot.wait_for(2, LONG).unwrap(), 2);
    assert_eq!(label(&scene.slot), "b");
}

fn the_end_of_the_host_waits_for_no_child() {
    let private = tempfile::tempdir().unwrap();
    let config = patient().with_rehearsal(rehearsal()).with_private_folder(private.path());
    let Scene { host, told, .. } = {
        let first = config.clone();
        let scene = counted(first);
        let hangs = counter("label=b;start=hang");
        scene.put(&hangs);
        until("a child is there", || !children().is_empty());
        scene
    };
    host.shutdown().unwrap();
    assert_eq!(children(), Vec::<String>::new());
    assert_eq!(fs::read_dir(private.path()).unwrap().count(), 0);
    let why = told.so_far().iter().find_map(superseded).unwrap().1;
    assert_eq!(why, "the host has ended");
}

fn a_newer_artifact_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    fs::write(&other, counter("label=a").bytes()).unwrap();
    let config = patient().slot("other", SlotConfig::artifact(&other));
    let scene = counted_with(config, |slot| slot.with_rehearsal(rehearsal()));
    let _other = scene.host.slot::<dyn Counter>("other").unwrap();
    let refused = |event: &Event| match &event.kind {
        EventKind::Refused(refusal) if refusal.slot == "other" => Some(()),
        EventKind::Superseded { .. } => panic!("{event}"),
        _ => None,
    };
    replace(&other, counter("label=bad;prepare=fail").bytes());
    scene.told.find(refused);
    let stands = Stands::new(scene.folder(), "b");
    scene.put(&stands.build);
    stands.stands(1);
    // The same again is the same: it is passed over before the other slot's is refused again.
    scene.host.rescan().unwrap();
    scene.told.find(refused);
    scene.put(&counter("label=c"));
    let (artifact, why) = scene.told.find(superseded);
    assert_eq!((artifact, &*why), (stands.hash(), "a newer artifact has come"));
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!((label(&scene.slot), stands.begun("start")), ("c".to_owned(), 1));
    assert_eq!(children(), Vec::<String>::new());

    // Or the old one is put back.
    scene.put(&stands.build);
    stands.stands(2);
    scene.put(&counter("label=c"));
    assert_eq!(scene.told.find(superseded).1, "it was taken back");
    until("nothing is under way", || phase(&scene.host, "main").is_none());
    assert_eq!(children(), Vec::<String>::new());
    stands.go();
    scene.put(&stands.build);
    assert_eq!(scene.told.live().generation, 3);
}

fn what_is_refused_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let scene = counted(patient().with_rehearsal(rehearsal()));
    let stands = Stands::new(folder.path(), "b");
    scene.put(&stands.build);
    stands.stands(1);
    replace(&scene.artifact(), b"no library");
    assert_eq!(scene.told.refused().phase, Phase::Inspected);
    assert_eq!(phase(&scene.host, "main"), Some(Phase::Rehearsed));
    stands.go();
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!((label(&scene.slot), stands.begun("start")), ("b".to_owned(), 2));
}

fn another_instance_makes_it_stale() {
    let scene = counted(patient().with_rehearsal(rehearsal()));
    let stands = Stands::new(scene.folder(), "b");
    scene.put(&stands.build);
    stands.stands(1);
    scene.host.operator().restart("main").unwrap();
    stands.go();
    scene.told.find(is_rehearsed);
    // In two children; what the first one found was of no use.
    assert_eq!(stands.begun("start"), 2);
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!((label(&scene.slot), scene.slot.pin().value().unwrap()), ("b".to_owned(), 5));
}

fn a_trial_comes_first() {
    let trial = Trial::new(Duration::from_secs(3600)).with_longest_call(LONG);
    let config = patient().with_rehearsal(rehearsal()).with_trial(trial);
    let scene = counted(config.with_timing(Timing::on_request()));
    scene.put(&counter("label=b"));
    scene.told.pending();
    let stands = Stands::new(scene.folder(), "c");
    scene.put(&stands.build);
    stands.stands(1);
    // What waited to be applied is applied, and is on trial.
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    assert_eq!(scene.told.live().generation, 2);
    stands.go();
    until("its child has ended", || children().is_empty());
    // What is told of it comes to an end, and it is looked at again.
    let report = scene.told.find(|event| reported(event, stands.hash()));
    assert_eq!((report.outcome, report.tried_again), (Outcome::Cancelled, true), "{report:?}");
    assert_eq!(report.findings, ["another version is on trial"]);
    until("it waits", || phase(&scene.host, "main").is_none());
    scene.host.operator().commit("main", "by a test").unwrap();
    scene.told.pending();
    assert_eq!(stands.begun("start"), 2);
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    assert_eq!(label(&scene.slot), "c");
}

fn awaiting(event: &Event) -> Option<ArtifactHash> {
    match &event.kind {
        EventKind::Phase { phase: Phase::AwaitingApproval, artifact } => Some(*artifact),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    }
}

fn a_yes() {
    let config = patient().with_rehearsal(rehearsal()).with_approval(Approval::by_call());
    let scene = counted(config);
    let stands = Stands::new(scene.folder(), "b");
    stands.go();
    scene.put(&stands.build);
    let artifact = scene.told.find(awaiting);
    assert_eq!(stands.begun("start"), 1);
    fs::remove_file(&stands.go).unwrap();
    // It was rehearsed against another instance.
    scene.host.operator().restart("main").unwrap();
    thread::scope(|scope| {
        let yes = scope.spawn(|| scene.host.operator().approve(artifact, "ada"));
        stands.stands(2);
        assert!(!yes.is_finished() && scene.host.status().slots[0].awaiting.is_none());
        stands.go();
        yes.join().unwrap().unwrap();
        assert_eq!(label(&scene.slot), "b");
    });
    // It is not planned again, and needs no other yes.
    let planned = |event: &Event| matches!(event.kind, EventKind::Planned(_));
    assert!(!scene.told.so_far().iter().any(planned));

    // It is over as well where something newer comes.
    let stands = Stands::new(scene.folder(), "c");
    stands.go();
    scene.put(&stands.build);
    let artifact = scene.told.find(awaiting);
    fs::remove_file(&stands.go).unwrap();
    scene.host.operator().restart("main").unwrap();
    thread::scope(|scope| {
        let yes = scope.spawn(|| scene.host.operator().approve(artifact, "ada"));
        stands.stands(2);
        scene.put(&counter("label=d"));
        yes.join().unwrap().unwrap();
        assert_eq!(label(&scene.slot), "b");
    });
}

/// A host with a journal and rehearsals.
struct Kept {
    slot: Slot<dyn Counter>,
    told: Told,
    host: Host,
    folder: tempfile::TempDir,
}

impl Kept {
    fn new(first: impl FnOnce(&Path) -> Fixture) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file_name("module"));
        fs::write(&path, first(folder.path()).bytes()).unwrap();
        let config = patient()
            .with_rehearsal(rehearsal())
            .with_data_dir(folder.path())
            .with_private_folder(folder.path().join("private"));
        let host = Host::new(config.slot("main", SlotConfig::artifact(path))).unwrap();
        let told = Told::of(&host);
        let slot = host.slot("main").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(told.live().generation, 1);
        let kept = Self { slot, told, host, folder };
        kept.slot.pin_mut().add(5).unwrap();
        kept
    }

    fn put(&self, build: &Fixture) {
        replace(&self.folder.path().join(file_name("module")), build.bytes());
    }

    /// The state as the child is given it.
    fn given(&self) -> fs::Metadata {
        let folders = |path: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(path).unwrap().map(|it| it.unwrap().path());
            entries.filter(|it| it.is_dir()).collect()
        };
        let copies = &folders(&self.folder.path().join("private"))[0];
        let scratch = &folders(copies)[0];
        fs::metadata(scratch.join("state")).unwrap()
    }
}

fn a_revert() {
    let kept = Kept::new(|folder| {
        let stands = Stands::new(folder, "a");
        stands.go();
        stands.build
    });
    let first = Stands::new(kept.folder.path(), "a");
    kept.put(&counter("label=b"));
    assert_eq!(kept.told.live().generation, 2);
    kept.put(&counter("label=c"));
    assert_eq!(kept.told.live().generation, 3);
    let b = ArtifactHash::of(counter("label=b").bytes());
    fs::remove_file(&first.go).unwrap();
    let before = first.begun("start");
    thread::scope(|scope| {
        // Another one takes its place, and who asked for it is told.
        let back = scope.spawn(|| kept.host.operator().revert_to("main", first.hash(), "why"));
        first.stands(before + 1);
        kept.host.operator().revert_to("main", b, "that one").unwrap();
        let error = back.join().unwrap().unwrap_err().to_string();
        assert!(error.contains("somebody goes back to an earlier one"), "{error}");
        assert_eq!(label(&kept.slot), "b");

        let back = scope.spawn(|| kept.host.operator().revert_to("main", first.hash(), "why"));
        first.stands(before + 2);
        // What appears meanwhile is looked at afterwards.
        kept.put(&counter("label=d"));
        kept.host.rescan().unwrap();
        assert!(!kept.host.operator().clear(ArtifactHash::of(b"nothing")).unwrap());
        assert!(!back.is_finished());
        first.go();
        back.join().unwrap().unwrap();
    });
    let live = |event: &Event| match &event.kind {
        EventKind::Live(live) => Some(live.release.artifact.unwrap()),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    };
    let lives = [b, first.hash(), ArtifactHash::of(counter("label=d").bytes())];
    assert_eq!([(); 3].map(|()| kept.told.find(live)), lives);
    assert_eq!(kept.slot.pin().value().unwrap(), 5);
}

fn one_copy() {
    let kept = Kept::new(|folder| {
        let log = folder.join("log-a");
        counter(&format!("label=a;log={}", log.display()))
    });
    let log = || fs::read_to_string(kept.folder.path().join("log-a")).unwrap();
    let copies = || log().lines().filter(|line| *line == "a state").count();
    let before = copies();
    let stands = Stands::new(kept.folder.path(), "b");
    kept.put(&stands.build);
    stands.stands(1);
    assert_eq!(copies(), before + 1);
    let backups = kept.host.operator().backups("main").unwrap();
    assert_eq!(fs::metadata(&backups[0].path).unwrap().ino(), kept.given().ino());
    let told = kept.told.so_far();
    let backed_up =
        |event: &&Event| matches!(event.kind, EventKind::Phase { phase: Phase::BackedUp, .. });
    assert_eq!(told.iter().filter(backed_up).count(), 1);

    // Nothing has changed: the file that is there is the one that is read.
    let newer = Stands::new(kept.folder.path(), "c");
    kept.put(&newer.build);
    newer.stands(1);
    assert_eq!(copies(), before + 2);
    let again = kept.host.operator().backups("main").unwrap();
    assert_eq!((again.len(), again[0].number), (backups.len(), backups[0].number));
    assert_eq!(fs::metadata(&again[0].path).unwrap().ino(), kept.given().ino());
    newer.go();
    assert_eq!(kept.told.live().generation, 2);
    assert_eq!(kept.slot.pin().value().unwrap(), 5);
}
