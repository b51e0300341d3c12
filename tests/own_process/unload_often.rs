//! Many upgrades use up nothing: no keys, no descriptors, no threads, no files, no mappings, and no
//! more memory than the process ends with when it begins.
//!
//! A process of its own: it counts what its process has.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#![expect(unsafe_code, reason = "asks the C library for keys and memory")]

use std::{fs, path::Path, sync::mpsc, thread};

use habits_api::{Habit, Habits};
use hotswap_core::{
    Retire, Slot,
    event::{Holder, Retirement},
};
use hotswap_tests::{Scene, fixture, patient, until};

/// How many upgrades; the longer run is for a program of its own.
const UPGRADES: u64 = 40;
/// Those after which everything that is made once has been made.
const WARM: u64 = 8;

/// What a process has that it could run out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Has {
    keys: usize,
    descriptors: usize,
    threads: usize,
    files: usize,
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// The C library says of a key that is not in use that it is none.
fn keys() -> usize {
    let is_used = |key: &libc::pthread_key_t| {
        // SAFETY: any number may be asked for.
        let value = unsafe { libc::pthread_getspecific(*key) };
        // SAFETY: the value that it has.
        unsafe { libc::pthread_setspecific(*key, value) == 0 }
    };
    (0..1024).filter(is_used).count()
}

/// Bytes that are in use.
fn memory() -> usize {
    // SAFETY: it takes nothing.
    unsafe { libc::mallinfo2() }.uordblks
}

impl Has {
    fn now(private: &Path) -> Self {
        let folders = fs::read_dir(private).unwrap().map(|it| it.unwrap().path());
        Self {
            keys: keys(),
            descriptors: entries(Path::new("/proc/self/fd")),
            threads: entries(Path::new("/proc/self/task")),
            files: folders.map(|folder| entries(&folder)).sum(),
        }
    }
}

/// The names of all threads, as the system knows them.
fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|it| fs::read_to_string(it.ok()?.path().join("comm")).ok());
    names.map(|name| name.trim_end().to_owned()).collect()
}

fn mapped(folder: &Path) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let code = |line: &&str| line.contains("r-xp") && line.contains(&*folder.to_string_lossy());
    maps.lines().filter(code).count()
}

/// All that can be done without a reason to stay.
fn practise(slot: &Slot<dyn Habits>) {
    for habit in [
        Habit::Locals,
        Habit::Current,
        Habit::Join,
        Habit::Scope,
        Habit::Receive,
        Habit::Lock,
        Habit::Static,
        Habit::Key,
        Habit::Panic,
        Habit::Log,
        Habit::AtExit,
    ] {
        slot.pin().practise(habit).unwrap();
    }
}

/// Upgrades again and again, while threads come and go and one stays. What the process has after
/// the first few and after the last, and the memory that is in use then.
fn upgrade_often(retire: Retire, outcome: &Retirement) -> [(Has, usize); 2] {
    let folder = tempfile::tempdir().unwrap();
    let config =
        patient().with_retire(retire).with_retained_warning(0).with_private_folder(folder.path());
    // They are kept, up to a number; what is looked for here grows without an end.
    let config = config.with_kept_reports(1);
    let build = |n: u64| fixture("habits").told(&format!("label={n}"));
    let scene = Scene::<dyn Habits>::with(config, &build(1));
    let before = mapped(folder.path());
    let slot = scene.slot.clone();
    let (go, turns) = mpsc::channel::<()>();
    let (say, done) = mpsc::channel();
    let stays = thread::spawn(move || {
        for () in turns {
            hotswap_core::release_thread_locals();
            practise(&slot);
            say.send(()).unwrap();
        }
    });
    let mut has = Vec::new();
    for number in 2..=UPGRADES {
        thread::scope(|scope| scope.spawn(|| practise(&scene.slot)).join().unwrap());
        go.send(()).unwrap();
        done.recv().unwrap();
        assert_eq!(scene.upgrade(&build(number)).generation, number);
        let wanted = if retire == Retire::Unload { 1 } else { number as usize };
        until("the thread that stays has been idle", || {
            go.send(()).unwrap();
            done.recv().unwrap();
            scene.host.status().slots[0].mapped == wanted
        });
        assert_eq!(scene.told.retired(), (number - 1, outcome.clone()));
        if number == WARM || number == UPGRADES {
            assert_eq!(mapped(folder.path()), wanted * before);
            // The threads of the last practice, the one that has closed the library, and the ones
            // that have run its steps.
            let is_quiet = || {
                let names = threads();
                let count = |name: &str| names.iter().filter(|it| *it == name).count();
                // This thread, and the one that stays.
                count("hotswap-reaper") == 0
                    && count("hotswap-step") == usize::from(retire == Retire::Retain)
                    && count("hotswap-join") == 0
                    && count("nothing_is_used") == 2
            };
            until("threads that are done have ended", is_quiet);
            let wanted = has.first().map(|(has, _)| *has);
            until("everything is as before", || {
                wanted.is_none_or(|wanted| wanted == Has::now(folder.path()))
            });
            has.push((Has::now(folder.path()), memory()));
        }
    }
    drop(go);
    stays.join().unwrap();
    has.try_into().unwrap()
}

#[test]
fn nothing_is_used_up() {
    let retained = Retirement::Retained { by: vec![Holder::Policy] };
    for (retire, outcome) in [(Retire::Unload, Retirement::Unloaded), (Retire::Retain, retained)] {
        let [(first, memory), (last, later)] = upgrade_often(retire, &outcome);
        assert_eq!(first, last, "{retire:?}");
        let each = later.saturating_sub(memory) / (UPGRADES - WARM) as usize;
        let most = if retire == Retire::Unload { 2 << 10 } else { 64 << 10 };
        assert!(each < most, "{retire:?}: {each} bytes for each upgrade");
        assert!(first.keys < 16, "{first:?}");
    }
}
