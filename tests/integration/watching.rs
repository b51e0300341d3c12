//! Watching through a whole host: however an artifact comes to its place, it is taken once, whole.

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::symlink,
    time::{Duration, SystemTime},
};

use counter_api::Counter;
use hotswap_core::{Host, SlotConfig, Timing, event::EventKind};
use hotswap_tests::{Fixture, Outcome, Scene, Told, file_name, fixture, patient, replace};

use crate::support::{counter, label, open};

/// Stateless: what is watched here is only which build serves.
fn build(label: &str) -> Fixture {
    fixture("stateless").told(&format!("label={label}"))
}

fn scene() -> Scene<dyn Counter> {
    Scene::of(&build("a"))
}

/// The next thing that comes out is this build: so nothing came out before.
fn next_is(told: &Told, scene_slot: &hotswap_core::Slot<dyn Counter>, generation: u64, name: &str) {
    let (_, outcome) = told.outcome();
    let Outcome::Live(live) = outcome else { panic!("{outcome:?}") };
    assert_eq!((live.generation, label(scene_slot)), (generation, name.to_owned()));
}

#[test]
fn replaced_by_rename() {
    let scene = scene();
    for (generation, name) in (2..).zip(["b", "c", "d"]) {
        scene.put(&build(name));
        next_is(&scene.told, &scene.slot, generation, name);
    }
}

#[test]
fn written_slowly_in_place_by_a_writer_that_keeps_it_open() {
    let scene = scene();
    let new = build("b");
    // What serves is a private copy: the original may be overwritten.
    let mut file = File::create(scene.artifact()).unwrap();
    for chunk in new.bytes().chunks(new.bytes().len() / 8) {
        file.write_all(chunk).unwrap();
        file.flush().unwrap();
        // The host looks at it meanwhile.
        scene.host.rescan().unwrap();
        assert_eq!(label(&scene.slot), "a");
    }
    // All is written, but the writer has it open still.
    scene.host.rescan().unwrap();
    assert_eq!(scene.slot.generation(), 1);
    file.set_modified(SystemTime::now()).unwrap();
    drop(file);
    next_is(&scene.told, &scene.slot, 2, "b");
}

#[test]
fn a_writer_that_keeps_it_open_for_long_is_told() {
    let scene = scene();
    let new = build("b");
    let mut file = File::create(scene.artifact()).unwrap();
    file.write_all(new.bytes()).unwrap();
    file.flush().unwrap();
    let told = scene.told.find(|event| match &event.kind {
        EventKind::BeingWritten { path } => Some((path.clone(), event.to_string())),
        EventKind::Live(_) | EventKind::Refused(_) => panic!("{event}"),
        _ => None,
    });
    assert_eq!(told.0, scene.artifact());
    assert!(told.1.contains("still open for writing"), "{}", told.1);
    drop(file);
    next_is(&scene.told, &scene.slot, 2, "b");
}

#[test]
fn preallocated_and_then_filled() {
    let scene = scene();
    let new = build("b");
    let mut file = File::create(scene.artifact()).unwrap();
    file.set_len(new.bytes().len() as u64).unwrap();
    scene.host.rescan().unwrap();
    let half = new.bytes().len() / 2;
    file.seek(SeekFrom::Start(half as u64)).unwrap();
    file.write_all(&new.bytes()[half..]).unwrap();
    scene.host.rescan().unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&new.bytes()[..half]).unwrap();
    drop(file);
    next_is(&scene.told, &scene.slot, 2, "b");
}

#[test]
fn a_symlink_to_a_file_that_is_switched() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["a", "b"] {
        fs::write(at(name), build(name).bytes()).unwrap();
    }
    let link = at(&file_name("module"));
    symlink("a", &link).unwrap();
    let host = Host::new(patient().slot("main", SlotConfig::artifact(&link))).unwrap();
    let (slot, told) = open(&host);
    symlink("b", at("next")).unwrap();
    fs::rename(at("next"), &link).unwrap();
    next_is(&told, &slot, 2, "b");
    // The file that it names now.
    replace(&at("b"), build("c").bytes());
    next_is(&told, &slot, 3, "c");
}

#[test]
fn a_symlink_to_a_folder_that_is_switched() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["1", "2"] {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join(file_name("module")), build(name).bytes()).unwrap();
    }
    symlink("1", at("current")).unwrap();
    let path = at("current").join(file_name("module"));
    let host = Host::new(patient().slot("main", SlotConfig::artifact(path))).unwrap();
    let (slot, told) = open(&host);
    symlink("2", at("next")).unwrap();
    fs::rename(at("next"), at("current")).unwrap();
    next_is(&told, &slot, 2, "2");
    replace(&at("2").join(file_name("module")), build("3").bytes());
    next_is(&told, &slot, 3, "3");
}

#[test]
fn deleted_and_back() {
    let scene = scene();
    fs::remove_file(scene.artifact()).unwrap();
    scene.host.rescan().unwrap();
    assert_eq!(label(&scene.slot), "a");
    // Back as it was: nothing to do. Then a new one.
    fs::write(scene.artifact(), build("a").bytes()).unwrap();
    fs::remove_file(scene.artifact()).unwrap();
    fs::write(scene.artifact(), build("b").bytes()).unwrap();
    next_is(&scene.told, &scene.slot, 2, "b");
}

#[test]
fn the_whole_folder_deleted_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("target");
    let path = target.join(file_name("module"));
    fs::create_dir(&target).unwrap();
    fs::write(&path, build("a").bytes()).unwrap();
    let host = Host::new(patient().slot("main", SlotConfig::artifact(&path))).unwrap();
    let (slot, told) = open(&host);
    fs::remove_dir_all(&target).unwrap();
    assert_eq!(label(&slot), "a");
    fs::create_dir(&target).unwrap();
    fs::write(&path, build("b").bytes()).unwrap();
    next_is(&told, &slot, 2, "b");
}

#[test]
fn touched_or_written_again_without_a_change() {
    let scene = scene();
    for _ in 0..3 {
        let file = File::options().append(true).open(scene.artifact()).unwrap();
        file.set_modified(SystemTime::now()).unwrap();
        drop(file);
        scene.put(&build("a"));
        scene.host.rescan().unwrap();
    }
    scene.put(&build("b"));
    next_is(&scene.told, &scene.slot, 2, "b");
    assert_eq!(scene.host.status().slots[0].mapped, 2);
}

#[test]
fn back_to_what_serves_while_another_build_waits() {
    let config = patient().with_timing(Timing::on_request());
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.put(&counter("label=b"));
    scene.told.pending();
    assert!(scene.host.status().slots[0].pending.is_some());
    scene.put(&counter("label=a"));
    hotswap_tests::until("what waited is taken back", || {
        scene.host.status().slots[0].pending.is_none()
    });
    assert_eq!(scene.host.apply_pending().unwrap(), 0);
    assert_eq!(label(&scene.slot), "a");
    // The same build once more: it waits again, and is applied.
    scene.put(&counter("label=b"));
    scene.told.pending();
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    next_is(&scene.told, &scene.slot, 2, "b");
}

#[test]
fn a_version_that_served_before_serves_again() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    scene.upgrade(&counter("label=b"));
    scene.slot.pin_mut().add(1).unwrap();
    scene.put(&counter("label=a"));
    next_is(&scene.told, &scene.slot, 3, "a");
    assert_eq!(scene.slot.pin().value().unwrap(), 1);
}

#[test]
fn by_polling_where_the_file_system_tells_nothing() {
    let config = patient().with_polling(Duration::from_millis(50));
    let scene = Scene::<dyn Counter>::with(config, &build("a"));
    scene.put(&build("b"));
    next_is(&scene.told, &scene.slot, 2, "b");
}
