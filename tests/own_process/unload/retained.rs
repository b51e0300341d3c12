//! What cannot be unloaded stays mapped, and the reason is told.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self},
};

use habits_api::Habit;
use hotswap_core::{
    AtCap, Retire, SlotConfig,
    event::{Exit, Holder, Retirement},
};
use hotswap_tests::{fixture, until};

use super::support::{Place, Worker, alone, habits, held, mapped, noted, private, scene, unloads};

/// The reason why the library of generation 1 stays.
fn image(scene: &Place) -> String {
    let by = held(scene, 1);
    let [Holder::Image { why }] = &*by else { panic!("{by:?}") };
    why.clone()
}

#[test]
fn what_cannot_be_unloaded_is_retained_and_the_reason_told() {
    let _alone = alone();
    for (module, reason) in [
        ("nodelete", "it was linked with -z nodelete"),
        ("dynamic-std", "it needs the shared standard library libstd-"),
        ("constructor", "it has constructors, which ran before its calls were answered"),
        ("quick-exit", "it calls __cxa_at_quick_exit, which keeps a function to call at the exit"),
        ("text-relocations", "it has relocations in its code"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let scene = scene(&fixture(module).told("label=a"), folder.path());
        let worker = Worker::new(&scene.slot, "worker");
        for habit in [Habit::Locals, Habit::Current, Habit::Join, Habit::Key] {
            worker.calls(habit);
        }
        let _ = scene.upgrade(&habits("label=b"));
        let why = image(&scene);
        assert!(why.starts_with(reason), "{module}: {why}");
        assert_eq!(mapped(folder.path()), 2);
        // Its thread-locals are destroyed at the end of the thread, as ever.
        worker.calls(Habit::Locals);
        worker.ends();
        assert_eq!(scene.upgrade(&habits("label=c")).generation, 3);
        assert_eq!(scene.told.retired(), (2, Retirement::Unloaded));
        let listed = &scene.host.status().slots[0].generations;
        assert_eq!(listed[0].held_by, [Holder::Image { why }], "{listed:?}");
    }
}

#[test]
fn what_is_left_with_the_system_holds_the_library() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    for (habit, reason) in [
        (Habit::Handler, "it has set a handler of signal 12"),
        (Habit::Action, "it has set a handler of signal 12"),
        (Habit::SystemCall, "it has made the system call 273"),
        (Habit::LookUp, "it has looked up timer_create, which starts a thread"),
        (Habit::AtFork, "it has asked for a function to call at each fork"),
    ] {
        let place = scene(&habits("label=a"), folder.path());
        place.slot.pin().practise(habit).unwrap();
        // Who comes later may have kept the handler, to call it after its own.
        // SAFETY: as it was before.
        unsafe { libc::signal(libc::SIGUSR2, libc::SIG_DFL) };
        let _ = place.upgrade(&habits("label=b"));
        let why = image(&place);
        assert!(why.starts_with(reason), "{habit:?}: {why}");
    }
}

/// What runs while a library is closed (`atexit`, `.fini_array`) gets nothing that would lead into it
/// when it is gone.
#[test]
fn in_its_last_functions_a_library_leaves_nothing_with_the_system() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let build = |label: &str| habits(&format!("label={label};log={}", log.display()));
    let place = scene(&build("a"), folder.path());
    place.slot.pin().practise(Habit::GreedyExit).unwrap();
    let _ = place.upgrade(&build("b"));
    assert_eq!(place.told.retired(), (1, Retirement::Unloaded));
    assert_eq!(noted(&log, "a"), ["(true, -1, -1, true, -1, true)"]);
    assert_eq!(mapped(folder.path()), 1);
    // SAFETY: the handler that it was; nothing is sent.
    let handler = unsafe { libc::signal(libc::SIGUSR2, libc::SIG_DFL) };
    assert_eq!(handler, libc::SIG_DFL);
}

/// A subscriber that panics when the reaper says that it has freed a library's heap.
struct Panics;

static HAS_PANICKED: AtomicBool = AtomicBool::new(false);

impl tracing::Subscriber for Panics {
    fn enabled(&self, of: &tracing::Metadata<'_>) -> bool {
        of.target() == "hotswap_core"
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        if thread::current().name() == Some("hotswap-reaper") {
            HAS_PANICKED.store(true, Ordering::Relaxed);
            panic!("told to panic");
        }
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// What panics where libraries are closed closes none that is in use.
#[test]
fn a_subscriber_that_panics_unloads_nothing() {
    let _alone = alone();
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let stay = folder.path().join("stay");
    let place = scene(&habits(&format!("label=a;stay={}", stay.display())), folder.path());
    let worker = Worker::new(&place.slot, "worker");
    worker.calls(Habit::Stay);
    worker.ends();
    let _ = place.upgrade(&habits("label=b"));
    let by = held(&place, 1);
    assert!(matches!(&*by, [Holder::Threads(_)]), "{by:?}");

    tracing::subscriber::set_global_default(Panics).unwrap();
    let others = scene(&habits("label=a"), other.path());
    let _ = others.upgrade(&habits("label=b"));
    assert_eq!(others.told.retired(), (1, Retirement::Unloaded));
    until("the subscriber panics", || HAS_PANICKED.load(Ordering::Relaxed));
    // The thread goes on in its library, which goes when it has ended.
    assert_eq!(mapped(folder.path()), 2);
    fs::write(&stay, "").unwrap();
    assert_eq!(place.told.retired(), (1, Retirement::Unloaded));
}

#[test]
fn at_the_cap_nothing_more_is_loaded() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = unloads().with_generation_cap(2).with_private_folder(folder.path());
    let place = Place::with(config.clone(), &habits("label=a"));
    let idle = Worker::new(&place.slot, "idle");
    idle.calls(Habit::Locals);
    let _ = place.upgrade(&habits("label=b"));
    let _ = held(&place, 1);
    let refusal = place.refusal(&habits("label=c"));
    assert_eq!(refusal.exit, Exit::Cancelled);
    let text = refusal.to_string();
    assert!(text.contains("2 are mapped, and 2 may be"), "{text}");
    assert!(
        text.contains("generation 1  1 thread with values of its thread-locals: idle"),
        "{text}"
    );
    assert!(text.contains("generation 2  it serves"), "{text}");
    assert!(text.contains("with_generation_cap"), "{text}");
    // Room is made, and used at once.
    idle.calls(Habit::None);
    assert_eq!(place.told.retired(), (1, Retirement::Unloaded));
    assert_eq!(place.told.live().generation, 3);
    idle.ends();
    drop(place);

    let place = Place::with(config.with_at_cap(AtCap::GoOn), &habits("label=a"));
    let idle = Worker::new(&place.slot, "idle");
    for (label, generation) in [("b", 2), ("c", 3), ("d", 4)] {
        idle.calls(Habit::Locals);
        assert_eq!(place.upgrade(&habits(&format!("label={label}"))).generation, generation);
    }
    idle.ends();
}

#[test]
fn a_slot_may_be_retained_where_others_are_unloaded() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = unloads().with_private_folder(folder.path());
    let own = |slot: SlotConfig| slot.with_retire(Retire::Retain);
    let place = Place::with_slot(config, own, &habits("label=a"));
    let _ = place.upgrade(&habits("label=b"));
    assert_eq!(held(&place, 1), [Holder::Policy]);
    assert_eq!(mapped(folder.path()), 2);
    // Of what is retained there is no file left.
    let files = || fs::read_dir(private(folder.path())).unwrap().count();
    until("the file is gone", || files() == 2);
}
