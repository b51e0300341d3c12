//! Generations are unloaded when nothing holds them, and else it is told what does.
//!
//! A process of its own: it looks at what is mapped, and sets handlers of signals.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#![expect(unsafe_code, reason = "takes a signal's handler back")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use habits_api::{Habit, Habits};
use hotswap_core::{
    AtCap, Config, Retire, Slot,
    event::{Exit, Holder, Retirement},
};
use hotswap_tests::{Fixture, Scene, fixture, patient, until};

type Place = Scene<dyn Habits>;

/// One test at a time: handlers of signals are the process's, and so are the names of threads.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unloads() -> Config {
    patient().with_retire(Retire::Unload)
}

fn habits(script: &str) -> Fixture {
    fixture("habits").told(script)
}

/// A scene whose private copies have a folder of their own, so that its mappings can be told.
fn scene(first: &Fixture, folder: &Path) -> Place {
    Scene::with(unloads().with_private_folder(folder), first)
}

/// How many libraries are mapped from a folder.
fn mapped(folder: &Path) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps.lines().filter_map(|line| line.split_once('/').map(|(_, path)| path));
    let prefix = folder.strip_prefix("/").unwrap().to_str().unwrap().to_owned();
    let mut copies: Vec<_> = paths.filter(|path| path.starts_with(&prefix)).collect();
    copies.sort_unstable();
    copies.dedup();
    copies.len()
}

/// A thread of the host that calls when it is told to.
struct Worker {
    tasks: Sender<(Habit, Sender<()>)>,
    thread: JoinHandle<()>,
}

impl Worker {
    fn new(slot: &Slot<dyn Habits>, name: &str) -> Self {
        let slot = slot.clone();
        let (tasks, inbox): (_, Receiver<(Habit, Sender<()>)>) = mpsc::channel();
        let work = move || {
            for (habit, done) in inbox {
                hotswap_core::release_thread_locals();
                slot.pin().practise(habit).unwrap();
                done.send(()).unwrap();
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work).unwrap();
        Self { tasks, thread }
    }

    fn calls(&self, habit: Habit) {
        let (done, is_done) = mpsc::channel();
        self.tasks.send((habit, done)).unwrap();
        is_done.recv().unwrap();
    }

    fn ends(self) {
        drop(self.tasks);
        self.thread.join().unwrap();
    }
}

/// What the destructors of a build have noted.
fn noted(log: &Path, label: &str) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let of = text.lines().filter_map(|line| line.strip_prefix(label)?.strip_prefix(' '));
    let mut noted: Vec<_> = of.map(str::to_owned).collect();
    noted.retain(|line| !matches!(line.as_str(), "start" | "stop"));
    noted.sort_unstable();
    noted
}

/// Every habit, on a thread that has ended before, on one that goes on calling, and on one that ends
/// afterwards without having called again.
#[test]
fn whatever_a_module_is_used_to_it_is_unloaded() {
    let _alone = alone();
    for (habit, once) in [
        (Habit::None, &[][..]),
        (Habit::Locals, &["constant dropped", "lazy dropped"]),
        (Habit::Current, &[]),
        (Habit::Join, &["lazy dropped"]),
        (Habit::Scope, &[]),
        (Habit::Receive, &[]),
        (Habit::Lock, &[]),
        (Habit::Static, &[]),
        (Habit::Key, &["value dropped"]),
        (Habit::Panic, &[]),
        (Habit::Log, &[]),
        (Habit::AtExit, &["at exit"]),
        (Habit::AtAnyExit, &["at any exit"]),
        (Habit::NoHandler, &[]),
        (Habit::Backtrace, &[]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let build = |label: &str| habits(&format!("label={label};log={}", log.display()));
        let scene = scene(&build("a"), folder.path());
        let ended = Worker::new(&scene.slot, "ended");
        ended.calls(habit);
        ended.ends();
        let (goes_on, ends) =
            (Worker::new(&scene.slot, "goes on"), Worker::new(&scene.slot, "ends"));
        goes_on.calls(habit);
        ends.calls(habit);
        assert_eq!(scene.upgrade(&build("b")).generation, 2);
        ends.ends();
        // It is idle again when the generation dies.
        until("generation 1 is gone", || {
            goes_on.calls(Habit::None);
            scene.host.status().slots[0].mapped == 1
        });
        assert_eq!(scene.told.retired(), (1, Retirement::Unloaded), "{habit:?}");
        assert_eq!(mapped(folder.path()), 1, "{habit:?}");
        let status = &scene.host.status().slots[0];
        assert_eq!((status.mapped, status.generations.len()), (1, 1), "{habit:?}");
        assert_eq!(status.generations[0].held_by, [Holder::Serves], "{habit:?}");
        // Each destructor has run once on each of the three threads.
        let wanted: Vec<_> = once.iter().flat_map(|line| [*line; 3]).collect();
        assert_eq!(noted(&log, "a"), wanted, "{habit:?}");
        // What was unloaded is not missed, nor in a child of this process.
        // SAFETY: the child ends at once.
        match unsafe { libc::fork() } {
            // SAFETY: as above.
            0 => unsafe { libc::_exit(0) },
            child => {
                let mut status = -1;
                // SAFETY: a child, and a place for how it has ended.
                unsafe { libc::waitpid(child, &mut status, 0) };
                assert_eq!(status, 0, "{habit:?}");
            }
        }
        goes_on.calls(habit);
        goes_on.ends();
    }
}

/// The next event of a generation that is retained for now: who holds it.
fn held(scene: &Place, generation: u64) -> Vec<Holder> {
    let (number, outcome) = scene.told.retired();
    let Retirement::Retained { by } = outcome else { panic!("{outcome:?}") };
    assert_eq!(number, generation);
    by
}

#[test]
fn a_pin_holds_its_generation_and_is_named() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let scene = scene(&habits("label=a"), folder.path());
    let (release, released) = mpsc::channel::<()>();
    let (enter, entered) = mpsc::channel();
    let slot = scene.slot.clone();
    let line = line!() + 2;
    let pinned = move || {
        let pin = slot.pin();
        enter.send(()).unwrap();
        let _ = released.recv();
        pin.label().unwrap()
    };
    let pinned = thread::Builder::new().name("pins".to_owned()).spawn(pinned).unwrap();
    entered.recv().unwrap();
    let _ = scene.upgrade(&habits("label=b"));
    let by = held(&scene, 1);
    let [Holder::Callers(callers)] = &*by else { panic!("{by:?}") };
    let [caller] = &**callers else { panic!("{callers:?}") };
    assert!(caller.thread.contains("\"pins\""), "{caller:?}");
    let taken = caller.taken.unwrap();
    assert_eq!((caller.depth, taken.line()), (1, line), "{caller:?}");
    assert!(taken.file().ends_with("unload.rs") && caller.age.is_some(), "{caller:?}");
    let listed = &scene.host.status().slots[0].generations;
    assert!(matches!(&*listed[0].held_by, [Holder::Callers(_)]), "{listed:?}");
    assert_eq!((listed.len(), mapped(folder.path())), (2, 2));
    drop(release);
    assert_eq!(pinned.join().unwrap(), "a");
    assert_eq!(scene.told.retired(), (1, Retirement::Unloaded));
    assert_eq!(mapped(folder.path()), 1);
}

#[test]
fn a_thread_of_the_module_holds_it_to_its_end() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (log, stay) = (folder.path().join("log"), folder.path().join("go"));
    let script = format!("label=a;log={};stay={}", log.display(), stay.display());
    let scene = scene(&habits(&script), folder.path());
    let worker = Worker::new(&scene.slot, "worker");
    worker.calls(Habit::Stay);
    worker.ends();
    let _ = scene.upgrade(&habits("label=b"));
    let by = held(&scene, 1);
    let [Holder::Threads(threads)] = &*by else { panic!("{by:?}") };
    assert_eq!((threads.len(), &*threads[0].thread), (1, "stays"));
    assert_eq!(mapped(folder.path()), 2);
    fs::write(&stay, "").unwrap();
    assert_eq!(scene.told.retired(), (1, Retirement::Unloaded));
    assert_eq!((mapped(folder.path()), noted(&log, "a")), (1, vec!["lazy dropped".to_owned()]));
}

#[test]
fn a_thread_that_is_never_idle_holds_its_values() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let script = format!("label=a;log={}", log.display());
    let scene = scene(&habits(&script), folder.path());
    let idle = Worker::new(&scene.slot, "idle");
    idle.calls(Habit::Locals);
    let _ = scene.upgrade(&habits("label=b"));
    let by = held(&scene, 1);
    let [Holder::ThreadLocals(threads)] = &*by else { panic!("{by:?}") };
    assert_eq!((threads.len(), &*threads[0].thread), (1, "idle"));
    assert!(noted(&log, "a").is_empty());
    let listed = scene.host.status().to_string();
    assert!(listed.contains("generation 1, habits 1.0.0"), "{listed}");
    let text = "1 thread with values of its thread-locals: idle, for ";
    assert!(listed.contains(text), "{listed}");
    idle.calls(Habit::None);
    assert_eq!(scene.told.retired(), (1, Retirement::Unloaded));
    assert_eq!(noted(&log, "a"), ["constant dropped", "lazy dropped"]);
    assert_eq!(mapped(folder.path()), 1);
    idle.ends();
}

/// A destructor of the old version hangs; it does so on the thread that has the value, while that is
/// idle, and is named. Neither a call of the new version nor the next upgrades wait for it.
#[test]
fn a_destructor_that_hangs_blocks_no_caller() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let leave = folder.path().join("leave");
    let script =
        format!("label=a;log={};leave={}", folder.path().join("log").display(), leave.display());
    let scene = scene(&habits(&script), folder.path());
    scene.slot.pin().practise(Habit::SlowLocal).unwrap();
    let worker = Worker::new(&scene.slot, "hangs");
    worker.calls(Habit::SlowLocal);
    let _ = scene.upgrade(&habits("label=b"));
    // Each of the two has a value, and calls the new version.
    assert_eq!(scene.slot.pin().label().unwrap(), "b");
    let by = held(&scene, 1);
    let [Holder::ThreadLocals(threads)] = &*by else { panic!("{by:?}") };
    assert_eq!(threads.len(), 2);
    // One is idle: it is busy with the destructor from now on.
    let (done, _is_done) = mpsc::channel();
    worker.tasks.send((Habit::None, done)).unwrap();
    let by = held(&scene, 1);
    let [Holder::ThreadLocals(_), Holder::Destructors(busy)] = &*by else { panic!("{by:?}") };
    assert_eq!((busy.len(), &*busy[0].thread), (1, "hangs"));
    assert_eq!(scene.upgrade(&habits("label=c")).generation, 3);
    assert_eq!(scene.told.retired(), (2, Retirement::Unloaded));
    assert_eq!(scene.slot.pin().label().unwrap(), "c");
    fs::write(&leave, "").unwrap();
    hotswap_core::release_thread_locals();
    assert_eq!(scene.told.retired(), (1, Retirement::Unloaded));
    worker.ends();
}

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
    let config = unloads().with_private_folder(folder.path()).retire("main", Retire::Retain);
    let place = Place::with(config, &habits("label=a"));
    let _ = place.upgrade(&habits("label=b"));
    assert_eq!(held(&place, 1), [Holder::Policy]);
    assert_eq!(mapped(folder.path()), 2);
    // Of what is retained there is no file left.
    let files = || fs::read_dir(private(folder.path())).unwrap().count();
    until("the file is gone", || files() == 2);
}

/// The private folder of the only host: a lock, and copies.
fn private(folder: &Path) -> PathBuf {
    let mut found = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    found.find(|path| path.is_dir()).unwrap()
}

/// Threads that never stop calling, and others that come and go.
#[test]
fn under_callers_every_generation_is_unloaded() {
    const UPGRADES: u64 = 12;
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let place = scene(&habits("label=1"), folder.path());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &is_over;
        for habit in [Habit::Locals, Habit::Current] {
            let slot = place.slot.clone();
            scope.spawn(move || {
                let reader = slot.reader();
                while !over.load(Ordering::Relaxed) {
                    reader.practise(habit).unwrap();
                    slot.pin().practise(Habit::None).unwrap();
                    reader.inside(&mut || slot.pin().practise(Habit::Locals).unwrap()).unwrap();
                    hotswap_core::release_thread_locals();
                }
            });
        }
        let slot = place.slot.clone();
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                thread::scope(|scope| {
                    for habit in [Habit::Locals, Habit::Panic] {
                        let slot = &slot;
                        scope.spawn(move || slot.pin().practise(habit).unwrap());
                    }
                });
            }
        });
        for number in 2..=UPGRADES {
            let live = place.upgrade(&habits(&format!("label={number}")));
            assert_eq!(live.generation, number);
        }
        until("all but the last are gone", || place.host.status().slots[0].mapped == 1);
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(mapped(folder.path()), 1);
}

#[test]
fn a_host_that_has_ended_leaves_nothing() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let place = scene(&habits("label=a"), folder.path());
        place.slot.pin().practise(Habit::None).unwrap();
        let _ = place.upgrade(&habits("label=b"));
    }
    until("all is unloaded", || mapped(folder.path()) == 0);
}
