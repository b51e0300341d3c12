//! Generations that are to be unloaded, and what holds them: it is told who, and when it is gone.

use std::{
    fs, mem,
    path::Path,
    process::{self, ExitCode},
    sync::mpsc,
    thread,
    time::Duration,
};

use habits_api::Habit;
use hotswap_core::{
    Config, Host, Retire, SlotConfig,
    event::{EventKind, Retirement},
};

use super::{
    apart,
    place::{Place, artifact_in},
    row::{After, Group, Happened, Row, Setting, Way},
    worker::Worker,
};
use crate::{Told, fixture, patient, replace};

pub(super) fn group() -> Group {
    let setting = Setting::of("habits", unloads);
    let held = |name, does: fn(&mut Place) -> Happened, says| {
        Row::new(name, does, "live, then retained, then unloaded", says).then(After::TheNewOne)
    };
    let stays = |name, module, says| {
        let does = |place: &mut Place| {
            let number = place.generation();
            upgrade(place).then(retained(place, number))
        };
        let row = Row::new(name, does, "live, then retained", says).then(After::TheNewOne);
        row.with(Setting::of(module, unloads))
    };
    let abandoned = |name, script, says| {
        let does = |place: &mut Place| {
            let number = place.generation();
            upgrade(place).then(retired(place, number))
        };
        let row = Row::new(name, does, "live, then abandoned", says).then(After::TheNewOne);
        row.with(setting.scripted(script))
    };
    let dies = |name, part: &'static str| {
        let does = move |place: &mut Place| {
            Happened::new(apart::how(apart::part(part, place.folder())), "")
        };
        Row::new(name, does, "killed by signal 6", &[])
    };
    Group {
        title: "unloading",
        setting,
        rows: vec![
            Row::new(
                "nothing holds the old version",
                |place| {
                    let number = place.generation();
                    let happened = upgrade(place).then(unloaded(place, number));
                    assert_eq!(mapped(place.folder()), 1, "one library is mapped");
                    happened
                },
                "live, then unloaded",
                &[],
            )
            .then(After::TheNewOne),
            held(
                "caller stays in the old version",
                caller_stays,
                &["\"visitor\"", "1 deep, entered at "],
            ),
            Row::new(
                "thread ends with a pin of the old version",
                |place| {
                    let (slot, number) = (place.habits(), place.generation());
                    let forgets = move || mem::forget(slot.pin());
                    let thread = thread::Builder::new().name("forgetful".to_owned()).spawn(forgets);
                    let thread = thread.expect("a thread can be started");
                    thread.join().expect("it does not panic");
                    upgrade(place).then(retained(place, number))
                },
                "live, then retained",
                &["\"forgetful\""],
            )
            .then(After::TheNewOne)
            .with(setting),
            held("thread of the module goes on", module_thread, &["stays"]),
            held(
                "thread has values of it, and is idle",
                |place| values(place, Habit::Locals, |idle| idle.calls(Habit::None)),
                &["1 thread with values of its thread-locals: idle"],
            ),
            held(
                "thread has values of it, and ends",
                |place| values(place, Habit::Locals, |_| {}),
                &["1 thread with values of its thread-locals: idle"],
            ),
            held("thread ends, and its values take their time", slow_local, &["ends"]),
            Row::new(
                "function for the exit takes its time",
                slow_exit,
                "live, then cancelled at Staged, then live",
                &[
                    "the system's loader is held for ",
                    "a function for the exit in ",
                    "no library can be opened, and no thread started",
                    "tried again by itself",
                ],
            )
            .then(After::TheNewOne)
            .with(setting)
            .apart(Way::Process),
            Row::new(
                "destructor of the old version hangs",
                hangs_while_idle,
                "live, then retained, then retained, then unloaded",
                &["1 thread in a destructor of its thread-locals: idle, for 1."],
            )
            .then(After::TheNewOne)
            .with(setting),
            Row::new(
                "handler of a signal is set",
                handler,
                "live, then retained",
                &["it has set a handler of signal 12"],
            )
            .then(After::TheNewOne)
            .apart(Way::Process),
            Row::new(
                "has looked up what keeps an address of it",
                |place| {
                    let number = place.generation();
                    place.habits().pin().practise(Habit::LookUp).expect("it serves");
                    upgrade(place).then(retained(place, number))
                },
                "live, then retained",
                &["it has looked up timer_create"],
            )
            .then(After::TheNewOne),
            Row::new(
                "something else has opened the library as well",
                opened_twice,
                "live, then retained",
                &["the system's loader keeps it"],
            )
            .then(After::TheNewOne)
            .with(setting),
            stays("linked with -z nodelete", "nodelete", &["it was linked with -z nodelete"]),
            stays(
                "needs a shared standard library",
                "dynamic-std",
                &["it needs the shared standard library libstd-"],
            ),
            stays(
                "calls what keeps an address of it",
                "quick-exit",
                &["it calls __cxa_at_quick_exit, which keeps a function to call at the exit"],
            ),
            stays("has a constructor", "constructor", &["it has constructors, which ran before"]),
            stays("has relocated code", "text-relocations", &["it has relocations in its code"]),
            abandoned("old version's stop panics", "stop=panic", &["its `stop`: it panicked"]),
            abandoned(
                "old version's stop hangs",
                "stop=hang",
                &["its `stop`: it did not come back"],
            ),
            Row::new(
                "as many generations as there may be",
                at_the_cap,
                "live, then cancelled at Loaded, then live",
                &[
                    "2 are mapped, and 2 may be",
                    "1 thread with values of its thread-locals: idle",
                    "it serves",
                    "with_generation_cap",
                ],
            )
            .then(After::TheNewOne)
            .with(Setting::of("habits", |folder| unloads(folder).with_generation_cap(2))),
            dies("function for the exit panics", EXIT_PANICS),
            dies("destructor of a thread-local panics", LOCAL_PANICS),
        ],
    }
}

const EXIT_PANICS: &str = "a function for the exit panics";
const LOCAL_PANICS: &str = "a thread-local panics";

fn unloads(folder: &Path) -> Config {
    patient()
        .with_pause_deadline(Duration::from_secs(2))
        .with_work_deadline(Duration::from_secs(3))
        .with_retire(Retire::Unload)
        .with_private_folder(folder.join("private"))
}

fn upgrade(place: &Place) -> Happened {
    place.put(&place.build(""))
}

/// What is told next of a generation that is no longer needed.
fn retired(place: &Place, wanted: u64) -> Happened {
    place.told.find(|event| {
        let EventKind::Retired { generation, outcome } = &event.kind else { return None };
        let word = match outcome {
            Retirement::Retained { .. } => "retained",
            Retirement::Unloaded => "unloaded",
            Retirement::Abandoned { .. } => "abandoned",
            _ => "something else",
        };
        (*generation == wanted).then(|| Happened::new(word, event))
    })
}

fn retained(place: &Place, number: u64) -> Happened {
    retired(place, number)
}

fn unloaded(place: &Place, number: u64) -> Happened {
    retired(place, number)
}

/// How many libraries of a host are mapped.
fn mapped(folder: &Path) -> usize {
    copies(folder).len()
}

fn copies(folder: &Path) -> Vec<String> {
    let maps = fs::read_to_string("/proc/self/maps").expect("it can be read");
    let paths = maps.lines().filter_map(|line| line.find('/').map(|at| line[at..].to_owned()));
    let folder = folder.to_str().expect("a text").to_owned();
    let mut copies: Vec<_> = paths.filter(|path| path.starts_with(&folder)).collect();
    copies.sort_unstable();
    copies.dedup();
    copies
}

fn caller_stays(place: &mut Place) -> Happened {
    let (slot, number) = (place.habits(), place.generation());
    let (release, released) = mpsc::channel::<()>();
    let (enter, entered) = mpsc::channel();
    let stays = move || {
        let mut stay = || {
            enter.send(()).expect("the row waits");
            let _ = released.recv();
        };
        slot.pin().inside(&mut stay).expect("its call goes well");
    };
    let visitor = thread::Builder::new().name("visitor".to_owned()).spawn(stays);
    entered.recv().expect("it goes inside");
    let happened = upgrade(place).then(retained(place, number));
    drop(release);
    visitor.expect("a thread can be started").join().expect("it does not panic");
    happened.then(unloaded(place, number))
}

fn module_thread(place: &mut Place) -> Happened {
    let stay = place.folder().join("stay");
    let before = place.put(&place.build(&format!("stay={}", stay.display())));
    assert_eq!(before.outcome, "live", "{}", before.text);
    let number = place.generation();
    // A thread that starts one has values of its own.
    let starter = Worker::new(place.habits(), "starter");
    starter.calls(Habit::Stay);
    starter.ends();
    let happened = upgrade(place).then(retained(place, number));
    fs::write(stay, "").expect("a file can be made");
    happened.then(unloaded(place, number))
}

fn values(place: &mut Place, habit: Habit, comes_by: fn(&Worker)) -> Happened {
    let number = place.generation();
    let idle = Worker::new(place.habits(), "idle");
    idle.calls(habit);
    let happened = upgrade(place).then(retained(place, number));
    comes_by(&idle);
    idle.ends();
    happened.then(unloaded(place, number))
}

/// A build that lingers until the file that is returned is there.
fn lingers(place: &Place) -> std::path::PathBuf {
    let leave = place.folder().join("leave");
    let script = format!("log={};leave={}", place.log().display(), leave.display());
    let before = place.put(&place.build(&script));
    assert_eq!(before.outcome, "live", "{}", before.text);
    leave
}

/// Its destructor runs in the old version's code, while that is replaced.
fn slow_local(place: &mut Place) -> Happened {
    let leave = lingers(place);
    let number = place.generation();
    let ends = Worker::new(place.habits(), "ends");
    ends.calls(Habit::SlowLocal);
    drop(ends.tasks);
    place.noted("local lingers");
    let happened = upgrade(place).then(retained(place, number));
    fs::write(leave, "").expect("a file can be made");
    ends.thread.join().expect("it does not panic");
    happened.then(unloaded(place, number))
}

/// Its destructor lingers on a thread that is idle, and is reported while it does. Calls of the new
/// version go on.
fn hangs_while_idle(place: &mut Place) -> Happened {
    let leave = lingers(place);
    let number = place.generation();
    let idle = Worker::new(place.habits(), "idle");
    idle.calls(Habit::SlowLocal);
    let live = upgrade(place).then(retained(place, number));
    let (done, is_done) = mpsc::channel();
    idle.tasks.send((Habit::None, done)).expect("it is there");
    let slow = retained(place, number);
    place.habits().pin().practise(Habit::None).expect("nobody waits for the destructor");
    fs::write(leave, "").expect("a file can be made");
    is_done.recv().expect("it goes on");
    idle.ends();
    live.then(slow).then(unloaded(place, number))
}

/// Until it is over the loader is held by it.
fn slow_exit(place: &mut Place) -> Happened {
    let leave = lingers(place);
    place.habits().pin().practise(Habit::SlowExit).expect("it serves");
    let live = upgrade(place);
    place.noted("exit lingers");
    let cancelled = place.put(&place.build("another=one"));
    fs::write(leave, "").expect("a file can be made");
    live.then(cancelled).then(place.live())
}

fn handler(place: &mut Place) -> Happened {
    let number = place.generation();
    place.habits().pin().practise(Habit::Handler).expect("it serves");
    // Who comes later may have kept it, to call it after its own.
    take_back_handler();
    upgrade(place).then(retained(place, number))
}

#[expect(unsafe_code, reason = "takes a signal's handler back")]
fn take_back_handler() {
    // SAFETY: as it was before.
    unsafe { libc::signal(libc::SIGUSR2, libc::SIG_DFL) };
}

fn opened_twice(place: &mut Place) -> Happened {
    let number = place.generation();
    let copies = copies(place.folder());
    let [copy] = &copies[..] else { panic!("one library is mapped: {copies:?}") };
    open_again(copy);
    upgrade(place).then(retained(place, number))
}

#[expect(unsafe_code, reason = "opens a library that is open")]
fn open_again(copy: &str) {
    let path = std::ffi::CString::new(copy).expect("a path");
    // SAFETY: it is mapped, so that nothing of it runs.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
    assert!(!handle.is_null(), "it can be opened again");
}

fn at_the_cap(place: &mut Place) -> Happened {
    let idle = Worker::new(place.habits(), "idle");
    idle.calls(Habit::Locals);
    let live = upgrade(place);
    let cancelled = place.put(&place.build("another=one"));
    // Room is made, and used at once.
    idle.calls(Habit::None);
    let happened = live.then(cancelled).then(place.live());
    idle.ends();
    happened
}

/// Whether a part is one of these rows'.
pub(super) fn has_part(part: &str) -> bool {
    [EXIT_PANICS, LOCAL_PANICS].contains(&part)
}

/// A process that ends by what its module has left with it.
pub(super) fn part(part: &str, folder: &Path) -> ExitCode {
    let folder = folder.join("habits");
    let artifact = artifact_in(&folder);
    fs::create_dir_all(artifact.parent().expect("it lies in a folder")).expect("it can be made");
    replace(&artifact, fixture("habits").told("label=first").bytes());
    let host = Host::new(unloads(&folder).slot("main", SlotConfig::artifact(&artifact)))
        .expect("it starts");
    let told = Told::of(&host);
    let worker = Worker::new(host.slot("main").expect("it serves"), "worker");
    worker.calls(if part == EXIT_PANICS { Habit::PanicAtExit } else { Habit::PanicAtThreadEnd });
    worker.ends();
    replace(&artifact, fixture("habits").told("label=second").bytes());
    told.find(|event| {
        let EventKind::Retired { outcome, .. } = &event.kind else { return None };
        (*outcome == Retirement::Unloaded).then_some(())
    });
    process::exit(3)
}
