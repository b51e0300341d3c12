//! Generations are unloaded when nothing holds them, and else it is told what does.
//!
//! A process of its own: it looks at what is mapped, and sets handlers of signals.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#![expect(unsafe_code, reason = "takes a signal's handler back")]

#[path = "unload/retained.rs"]
mod retained;
#[path = "unload/support.rs"]
mod support;

use std::{
    fs,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self},
};

use habits_api::Habit;
use hotswap_core::event::{Holder, Retirement};
use hotswap_tests::until;

use self::support::{Worker, alone, habits, held, mapped, noted, scene};

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
