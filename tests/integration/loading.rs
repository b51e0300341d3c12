//! The first load: late, missing, misnamed, shared.

use std::{
    env, fs,
    path::Path,
    time::{Duration, SystemTime},
};

use counter_api::Counter;
use hotswap_core::{
    Config, ErrorKind, Host, Slot, SlotConfig,
    event::{EventKind, Exit, Phase},
    plan::Intent,
};
use hotswap_tests::{Scene, Told, file_name, fixture, patient, replace};
use meter_api::Meter;
use object::{Object, ObjectSection, ObjectSymbol};

use crate::support::{counter, label, open, value};

#[test]
fn a_first_artifact_may_come_late_in_folders_that_do_not_exist_yet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target").join("debug").join(file_name("counter"));
    let host = Host::new(patient().slot("main", SlotConfig::artifact(&path))).unwrap();
    let told = Told::of(&host);
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| host.slot::<dyn Counter>("main"));
        // It is said where it should come.
        let place = told.find(|event| match &event.kind {
            EventKind::WaitingForFirst { place, .. } => Some(place.clone()),
            _ => None,
        });
        assert_eq!(place, path.display().to_string());
        assert!(host.status().slots[0].serving.is_none());
        fs::create_dir(path.parent().unwrap().parent().unwrap()).unwrap();
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, counter("label=late").bytes()).unwrap();
        assert_eq!(label(&waits.join().unwrap().unwrap()), "late");
    });
}

#[test]
fn a_first_artifact_that_does_not_come_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing.so");
    let config = patient().with_first_artifact_deadline(Duration::from_millis(200));
    let host = Host::new(config.slot("main", SlotConfig::artifact(&path))).unwrap();
    let error = host.slot::<dyn Counter>("main").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let text = error.to_string();
    for part in ["slot main", "200ms", &path.display().to_string()] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(host.status().to_string().contains("nothing serves yet"));
    // It may be asked for again.
    let told = Told::of(&host);
    replace(&path, counter("label=later").bytes());
    assert_eq!(told.live().generation, 1);
    assert_eq!(label(&host.slot("main").unwrap()), "later");
}

#[test]
fn a_first_artifact_that_does_not_work_is_named_by_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name("counter"));
    fs::write(&path, counter("start=fail").bytes()).unwrap();
    let config = Config::production().with_first_artifact_deadline(Duration::from_secs(3));
    let host = Host::new(config.slot("main", SlotConfig::artifact(&path))).unwrap();
    let told = Told::of(&host);
    let error = host.slot::<dyn Counter>("main").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Artifact);
    let text = error.to_string();
    for part in ["slot main", "nothing serves yet", "start was told to fail", "at Activated"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(told.refused().serving.is_none());
    replace(&path, counter("label=good").bytes());
    assert_eq!(label(&host.slot("main").unwrap()), "good");
}

#[test]
fn a_slot_is_opened_by_its_name_and_for_one_interface() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    let error = scene.host.slot::<dyn Counter>("mian").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.to_string().contains("mian") && error.to_string().contains("main"), "{error}");
    let error = scene.host.slot::<dyn Meter>("main").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(
        error.to_string().contains("Counter") && error.to_string().contains("Meter"),
        "{error}"
    );
    // The second time it is the same slot.
    let again: Slot<dyn Counter> = scene.host.slot("main").unwrap();
    scene.slot.pin_mut().add(3).unwrap();
    assert_eq!((again.name(), value(&again)), ("main", 3));
}

#[test]
fn slots_with_the_same_module_have_instances_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name("counter"));
    fs::write(&path, counter("label=a").bytes()).unwrap();
    let names = ["first", "second", "third"];
    let config = names
        .iter()
        .fold(patient(), |config, name| config.slot(*name, SlotConfig::artifact(&path)));
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let slots = names.map(|name| {
        let slot = host.slot::<dyn Counter>(name).unwrap();
        assert_eq!(told.live().generation, 1);
        slot
    });
    for (n, slot) in (1..).zip(&slots) {
        slot.pin_mut().add(n).unwrap();
    }
    assert_eq!(slots.each_ref().map(value), [1, 2, 3]);
    // One file, and each slot upgrades.
    replace(&path, counter("label=b").bytes());
    let mut upgraded = [0; 3].map(|_| {
        told.find(|event| matches!(event.kind, EventKind::Live(_)).then(|| event.slot.to_string()))
    });
    upgraded.sort();
    assert_eq!(upgraded, names);
    assert_eq!(slots.each_ref().map(value), [1, 2, 3]);
    assert_eq!(slots.each_ref().map(label), ["b", "b", "b"]);
}

#[test]
fn slots_share_a_folder_and_take_their_own_modules() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(file_name(name));
    let config = patient()
        .slot("counter", SlotConfig::folder(folder.path()))
        .slot("gauge", SlotConfig::folder(folder.path()).with_module("meter"));
    let host = Host::new(config).unwrap();
    fs::write(path("counter"), counter("label=a").bytes()).unwrap();
    fs::write(path("meter"), fixture("meter").told("label=x").bytes()).unwrap();
    fs::write(path("echo"), fixture("echo").bytes()).unwrap();
    fs::write(folder.path().join("notes.txt"), "no library").unwrap();
    let told = Told::of(&host);
    let count = host.slot::<dyn Counter>("counter").unwrap();
    let gauge = host.slot::<dyn Meter>("gauge").unwrap();
    let _ = (told.live(), told.live());
    assert_eq!((label(&count), gauge.pin().label().unwrap()), ("a".to_owned(), "x".to_owned()));
    replace(&path("meter"), fixture("meter").told("label=y").bytes());
    let (slot, outcome) = told.outcome();
    assert!(matches!(outcome, hotswap_tests::Outcome::Live(_)) && slot == "gauge", "{outcome:?}");
    assert_eq!((count.generation(), gauge.generation()), (1, 2));
    assert_eq!(gauge.pin().label().unwrap(), "y");
    // The other one's turn.
    replace(&path("counter"), counter("label=b").bytes());
    assert_eq!(told.outcome().0, "counter");
    assert_eq!((count.generation(), gauge.generation()), (2, 2));
}

/// A slot in a folder, with what happened after it was opened.
fn counts_in(config: Config) -> (Host, Slot<dyn Counter>, Told) {
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("main").unwrap();
    (host, slot, told)
}

#[test]
fn a_module_has_one_file_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(file_name(name));
    fs::write(path("a"), counter("label=a").bytes()).unwrap();
    fs::write(path("b"), counter("label=b").bytes()).unwrap();
    let (host, slot, told) =
        counts_in(patient().slot("main", SlotConfig::folder(folder.path()).with_module("counter")));
    assert_eq!(told.live().generation, 1);
    let both = |first, second| {
        let refusal = told.refused();
        assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Staged), "{refusal}");
        let (first, second) = (path(first), path(second));
        let finding = format!(
            "two files of one folder are module counter: {} and {}",
            first.display(),
            second.display()
        );
        assert_eq!(refusal.findings, [finding]);
        assert!(refusal.advice.starts_with("remove one of the two, or give the slot its file"));
    };
    both("a", "b");
    assert_eq!((label(&slot), slot.generation()), ("a".to_owned(), 1));
    slot.pin_mut().add(5).unwrap();
    // Said once of one content, and again of another; the first file goes on upgrading.
    fs::File::options()
        .append(true)
        .open(path("b"))
        .unwrap()
        .set_modified(SystemTime::now())
        .unwrap();
    replace(&path("a"), counter("label=c").bytes());
    assert_eq!(told.live().generation, 2);
    // A copy of what serves is no other version.
    replace(&path("copy"), counter("label=c").bytes());
    replace(&path("b"), counter("label=d").bytes());
    both("a", "b");
    assert_eq!((label(&slot), slot.generation()), ("c".to_owned(), 2));
    // Who names a file has chosen it.
    host.operator().offer("main", path("b"), Intent::default()).unwrap();
    assert_eq!(told.live().generation, 3);
    assert_eq!((label(&slot), value(&slot)), ("d".to_owned(), 5));
    replace(&path("a"), counter("label=e").bytes());
    both("b", "a");
    // The other one's turn, when the first is gone, or is another module.
    fs::remove_file(path("b")).unwrap();
    assert_eq!((told.live().generation, label(&slot)), (4, "e".to_owned()));
    replace(&path("b"), counter("label=f").bytes());
    both("a", "b");
    replace(&path("a"), fixture("meter").bytes());
    assert_eq!((told.live().generation, label(&slot)), (5, "f".to_owned()));
    assert_eq!(value(&slot), 5);
}

#[test]
fn a_restart_keeps_to_the_file_of_what_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(file_name(name));
    let journal = tempfile::tempdir().unwrap();
    let config = || {
        patient()
            .slot("main", SlotConfig::folder(folder.path()).with_module("counter"))
            .with_data_dir(journal.path().join("data"))
    };
    fs::write(path("b"), counter("label=b").bytes()).unwrap();
    drop(counts_in(config()));
    fs::write(path("a"), counter("label=a").bytes()).unwrap();
    let (_host, slot, told) = counts_in(config());
    assert_eq!(told.live().generation, 1);
    let refusal = told.refused();
    assert!(refusal.findings[0].ends_with("liba.so"), "{refusal}");
    assert!(refusal.findings[0].contains("libb.so and "), "{refusal}");
    assert_eq!(label(&slot), "b");
}

#[test]
fn a_path_may_be_relative() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let here = env::current_dir().unwrap();
    let mut relative = here.ancestors().skip(1).map(|_| "..").collect::<Vec<_>>().join("/");
    relative.push_str(folder.path().to_str().unwrap());
    assert!(Path::new(&relative).is_relative());
    let path = Path::new(&relative).join(file_name("counter"));
    fs::write(&path, counter("label=a").bytes()).unwrap();
    let host = Host::new(patient().slot("main", SlotConfig::artifact(&path))).unwrap();
    let (slot, told) = open(&host);
    assert_eq!(label(&slot), "a");
    replace(&path, counter("label=b").bytes());
    assert_eq!(told.live().generation, 2);
    assert_eq!(label(&slot), "b");
}

/// A linker keeps what an exported static refers to. GNU's drops the rest on Windows, whatever says
/// that it is used.
#[test]
fn the_exported_root_refers_to_the_manifest() {
    let build = fixture("counter");
    let file = object::File::parse(build.bytes()).unwrap();
    let section = file.section_by_name(".hotswap").unwrap();
    let mut symbols = file.dynamic_symbols();
    let root = symbols.find(|it| it.name() == Ok("hotswap_root_counter")).unwrap();
    let root = root.address()..root.address() + root.size();
    let refers = file.dynamic_relocations().unwrap().any(|(place, relocation)| {
        root.contains(&place) && relocation.addend().cast_unsigned() == section.address()
    });
    assert!(refers);
}
