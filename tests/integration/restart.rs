//! The state goes from one run of a program to the next: kept at an orderly end, restored once.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    Config, ErrorKind, Host, Slot, SlotConfig, StateDrift,
    event::{EventKind, Live, Phase, Retirement, StateNote},
    snapshot::Snapshot,
};
use hotswap_tests::{Fixture, Told, file_name, fixture, patient, replace};

use crate::support::{counter, stay_inside, value};

/// A place that outlives the runs of a program.
struct Place(tempfile::TempDir);

/// One run of it.
struct Run {
    host: Host,
    slot: Slot<dyn Counter>,
    told: Told,
    live: Live,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn states(&self) -> PathBuf {
        self.0.path().join("checkpoints")
    }

    fn kept(&self) -> PathBuf {
        self.states().join("main.snapshot")
    }

    fn used(&self) -> PathBuf {
        self.states().join("main.snapshot.used")
    }

    fn artifact(&self) -> PathBuf {
        self.0.path().join(file_name("module"))
    }

    /// A host on the place, with a build there.
    fn host(&self, config: Config, build: &Fixture) -> Host {
        self.host_with(config, |slot| slot, build)
    }

    fn host_with(
        &self,
        config: Config,
        own: impl FnOnce(SlotConfig) -> SlotConfig,
        build: &Fixture,
    ) -> Host {
        replace(&self.artifact(), build.bytes());
        let slot = own(SlotConfig::artifact(self.artifact()));
        Host::new(
            config
                .slot("main", slot)
                .with_data_dir(self.0.path())
                .with_journal(false)
                .with_floors(false),
        )
        .unwrap()
    }

    fn run(&self, config: Config, build: &Fixture) -> Run {
        Self::opened(self.host(config, build))
    }

    fn opened(host: Host) -> Run {
        let told = Told::of(&host);
        let slot = host.slot("main").unwrap_or_else(|error| panic!("{error}"));
        let live = told.live();
        Run { host, slot, told, live }
    }

    /// A run that has counted to five and ended in order.
    fn counted_to_five(&self) {
        let first = self.run(patient(), &counter("label=a"));
        first.slot.pin_mut().add(5).unwrap();
        first.host.shutdown().unwrap();
    }
}

#[test]
fn an_orderly_end_keeps_the_state_and_the_next_start_restores_it() {
    let place = Place::new();
    let first = place.run(patient(), &counter("label=a"));
    assert_eq!((&first.live.state, first.live.restored), (&StateNote::Fresh, None));
    first.slot.pin_mut().add(5).unwrap();
    first.host.shutdown().unwrap();
    let told = first.told.so_far();
    let kept = told.iter().find(|it| matches!(it.kind, EventKind::Kept { .. })).unwrap();
    assert!(kept.to_string().starts_with("main: state kept for the next start, "), "{kept}");
    assert!(kept.to_string().contains("main.snapshot"), "{kept}");
    // The instance is stopped after its state was taken.
    assert!(matches!(
        told.last().unwrap().kind,
        EventKind::Kept { .. } | EventKind::Retired { outcome: Retirement::Retained { .. }, .. }
    ));

    let snapshot = Snapshot::read(place.kept()).unwrap();
    assert_eq!(
        (snapshot.module(), snapshot.module_version().to_string().as_str()),
        ("counter", "1.0.0")
    );
    assert_eq!((snapshot.state().name.as_str(), snapshot.state().version), ("Count", 1));

    let log = place.0.path().join("log");
    let second = place.run(patient(), &counter(&format!("label=b;log={}", log.display())));
    assert_eq!(second.live.state, StateNote::Kept);
    assert_eq!(second.live.restored, Some(snapshot.taken()));
    assert!(second.live.to_string().contains("state kept, as it was "), "{}", second.live);
    assert_eq!(value(&second.slot), 5);
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(log, "b prepare\nb start\nb restored\nb self_test\n");
    // Once.
    assert!(!place.kept().exists() && place.used().exists());
    // An upgrade is no restart.
    replace(&place.artifact(), counter("label=c").bytes());
    let live = second.told.live();
    assert_eq!((live.state, live.restored), (StateNote::Kept, None));
    assert_eq!(second.slot.pin_mut().add(1).unwrap(), 6);
    // A host that is dropped ends in order, too.
    drop(second.host);
    assert_eq!(value(&place.run(patient(), &counter("label=d")).slot), 6);
}

#[test]
fn a_newer_module_migrates_the_state_of_the_last_run() {
    let place = Place::new();
    place.counted_to_five();
    let second = place.run(patient(), &fixture("chain").told("label=b"));
    assert_eq!(second.live.state, StateNote::Migrated { from: 1, to: 3 });
    assert_eq!(value(&second.slot), 5);
}

#[test]
fn a_state_that_is_stored_in_a_version_that_the_artifact_does_not_know_is_refused() {
    let place = Place::new();
    let first = place.run(patient(), &fixture("chain").told("label=a"));
    first.slot.pin_mut().add(5).unwrap();
    first.host.shutdown().unwrap();
    // Who could write it in an older version is not there any more.
    let quick = patient().with_first_artifact_deadline(Duration::from_secs(1));
    let host = place.host(quick, &counter("label=old"));
    let told = Told::of(&host);
    assert_eq!(host.slot::<dyn Counter>("main").unwrap_err().kind(), ErrorKind::Artifact);
    let refusal = told.refused();
    assert_eq!(refusal.phase, Phase::Assessed);
    let text = refusal.to_string();
    assert!(text.contains("state Count  stored: version 3   artifact: versions 1 to 1"), "{text}");
    assert!(text.contains("previous = "), "{text}");
    drop(host);
    let third = place.run(patient(), &fixture("chain").told("label=b"));
    assert_eq!((third.live.state, value(&third.slot)), (StateNote::Kept, 5));
}

#[test]
fn a_shape_that_drifted_over_the_restart_is_judged_as_in_an_upgrade() {
    let place = Place::new();
    place.counted_to_five();
    let drifted = fixture("drift").told("label=b");
    let quick = patient().with_first_artifact_deadline(Duration::from_secs(1));
    let host = place.host(quick.clone(), &drifted);
    let told = Told::of(&host);
    let error = host.slot::<dyn Counter>("main").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Artifact);
    let refusal = told.refused();
    assert_eq!(refusal.phase, Phase::Assessed);
    let text = refusal.to_string();
    assert!(text.contains("has another shape than the version 1 that is stored"), "{text}");
    assert!(text.contains("stored: ") && text.contains("impl hotswap_abi::Migrate<"), "{text}");
    drop(host);
    // It stays until something takes it.
    assert!(place.kept().exists());
    let second = place.run(patient().with_state_drift(StateDrift::CarryByName), &drifted);
    assert!(matches!(second.live.state, StateNote::Carried { .. }), "{}", second.live);
    assert!(second.live.restored.is_some());
    assert_eq!(value(&second.slot), 5);
    second.host.shutdown().unwrap();

    // What is dropped is said, and is not lost.
    let other = place.run(
        patient().with_state_drift(StateDrift::StartAfresh),
        &fixture("renamed").told("label=c"),
    );
    let StateNote::Dropped { why } = &other.live.state else { panic!("{}", other.live) };
    assert!(why[0].starts_with("state  stored: "), "{why:?}");
    assert_eq!(other.live.restored, None);
    assert_eq!(Snapshot::read(place.used()).unwrap().module(), "drift");
}

#[test]
fn a_builtin_module_is_restored_and_hands_over_to_the_artifact() {
    let place = Place::new();
    place.counted_to_five();
    let builtin = SlotConfig::with_builtin::<counter::Counting>;
    let second = Place::opened(place.host_with(patient(), builtin, &counter("label=b")));
    assert_eq!((second.live.release.artifact, &second.live.state), (None, &StateNote::Kept));
    assert!(second.live.restored.is_some());
    let live = second.told.live();
    assert_eq!((live.generation, live.restored), (2, None));
    assert_eq!(value(&second.slot), 5);
}

#[test]
fn a_module_that_does_not_start_with_it_leaves_it_for_one_that_does() {
    for (bad, phase) in [
        (counter("label=bad;start=fail"), Phase::Activated),
        (fixture("chain").told("label=bad;migrate=panic"), Phase::Migrating),
    ] {
        let place = Place::new();
        place.counted_to_five();
        let host = place.host(patient(), &bad);
        let told = Told::of(&host);
        let slot = std::thread::scope(|scope| {
            let slot = scope.spawn(|| host.slot::<dyn Counter>("main"));
            assert_eq!(told.refused().phase, phase);
            assert!(place.kept().exists());
            replace(&place.artifact(), counter("label=good").bytes());
            assert_eq!(told.live().state, StateNote::Kept);
            slot.join().unwrap().unwrap()
        });
        assert_eq!(value(&slot), 5);
    }
}

#[test]
fn after_a_crash_there_is_no_state_and_the_host_says_where_the_older_one_is() {
    let place = Place::new();
    place.counted_to_five();
    let crashed = place.run(patient(), &counter("label=b"));
    crashed.slot.pin_mut().add(1).unwrap();
    std::mem::forget(crashed.host);

    let heard = Arc::new(Mutex::new(Vec::new()));
    let listen = {
        let heard = Arc::clone(&heard);
        patient().on_event(move |event| heard.lock().unwrap().push(event.to_string()))
    };
    let third = place.run(listen, &counter("label=c"));
    assert_eq!((third.live.state, third.live.restored), (StateNote::Fresh, None));
    let heard = heard.lock().unwrap().join("\n");
    assert!(heard.contains("did not end in order") && heard.contains("snapshot.used"), "{heard}");
    // What the event advises: without the ending it is taken.
    std::mem::forget(third.host);
    fs::rename(place.used(), place.kept()).unwrap();
    assert_eq!(value(&place.run(patient(), &counter("label=d")).slot), 5);
}

/// What every format keeps, of a later one.
const LATER: &[u8] = b"HOTSNAP\0\x09\0\x059.1.0 and more";

#[test]
fn a_damaged_snapshot_is_named_and_left_as_it_is() {
    let place = Place::new();
    place.counted_to_five();
    let good = fs::read(place.kept()).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(place.kept(), bytes).unwrap();
        let error = Snapshot::read(place.kept()).unwrap_err();
        assert!(error.to_string().ends_with("is not a whole snapshot"), "{error}");
        std::error::Error::source(&error).unwrap().to_string()
    };
    for length in 0..good.len() {
        refused(&good[..length]);
    }
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        refused(&bytes);
    }
    assert_eq!(refused(&[&good[..], b"more"].concat()), "4 bytes stand behind its end");
    assert_eq!(refused(b"{}"), "it does not begin like one");
    for (later, by) in [(&b"HOTSNAP\0\x09\0"[..], "another version"), (LATER, "hotswap 9.1.0")] {
        fs::write(place.kept(), later).unwrap();
        let error = Snapshot::read(place.kept()).unwrap_err().to_string();
        assert!(error.contains(&format!("has format 9 and was written by {by}, ")), "{error}");
    }

    let host = place.host(patient(), &counter("label=b"));
    let error = host.slot::<dyn Counter>("main").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::System);
    assert!(error.to_string().contains("state of slot main from the last run"), "{error}");
    assert_eq!(fs::read(place.kept()).unwrap(), LATER);
    // Mended, the slot opens in the same process.
    fs::write(place.kept(), &good).unwrap();
    let slot = host.slot::<dyn Counter>("main").unwrap();
    assert_eq!(value(&slot), 5);
}

#[test]
fn a_state_that_cannot_be_kept_is_told() {
    // Its code fails, panics, hangs; callers stay inside; the folder is none.
    let expect = |place: &Place, run: Run, wanted: &str| {
        let error = run.host.shutdown().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::System);
        let text = error.to_string();
        assert!(text.contains("the state of slot main (") && text.contains(wanted), "{text}");
        let told = run.told.so_far();
        assert!(told.iter().any(|it| matches!(it.kind, EventKind::NotKept { .. })), "{told:?}");
        assert!(!place.kept().exists());
    };
    let impatient = || patient().with_pause_deadline(Duration::from_secs(1));
    for (script, wanted) in [
        ("state=panic", "it panicked: state was told to panic"),
        ("suspend=panic", "it panicked: suspend was told to panic"),
        ("state=hang", "did not come back within"),
    ] {
        let place = Place::new();
        let run = place.run(impatient(), &counter(&format!("label=a;{script}")));
        expect(&place, run, wanted);
    }
    let place = Place::new();
    let run = place.run(impatient(), &counter("label=a"));
    let inside = stay_inside(&run.slot, "visitor");
    expect(&place, run, "visitor");
    inside.leave();

    let place = Place::new();
    fs::write(place.states(), "a file").unwrap();
    let error = place.host(patient(), &counter("label=a")).slot::<dyn Counter>("main").unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
    fs::remove_file(place.states()).unwrap();
    let run = place.run(patient(), &counter("label=a"));
    fs::write(place.states(), "a file").unwrap();
    expect(&place, run, "cannot be written");
    assert_eq!(fs::read(place.states()).unwrap(), b"a file");
}

#[test]
fn a_module_without_state_leaves_nothing() {
    let place = Place::new();
    let run = place.run(patient(), &fixture("stateless").told("label=a"));
    run.host.shutdown().unwrap();
    assert!(!Path::new(&place.kept()).exists());
}
