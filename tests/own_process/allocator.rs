//! A program whose allocator calls a slot, whoever allocates and wherever: also hotswap itself, in the
//! middle of what it does to its own tables.
//!
//! A process of its own: it has that allocator.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#![expect(unsafe_code, reason = "an allocator")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    ffi::c_void,
    ptr,
    sync::{
        Arc, Barrier, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use habits_api::{Habit, Habits};
use hotswap_core::{CallError, Retire, Slot, Trial};
use hotswap_tests::{LONG, Scene, fixture, patient};

/// Each allocation is told to a module.
struct Telling;

#[global_allocator]
static TELLING: Telling = Telling;

static TOLD: OnceLock<Slot<dyn Habits>> = OnceLock::new();
static TELLS: AtomicBool = AtomicBool::new(false);
/// How often the slot was called, and how often it could not be.
static CALLS: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

thread_local! {
    static IS_TELLING: Cell<bool> = const { Cell::new(false) };
    /// Tells nothing before std's own thread-locals are destroyed.
    static IS_LATE: Cell<bool> = const { Cell::new(false) };
}

/// Gives the value of a key to the current thread.
fn keep(key: u32, value: usize) {
    // SAFETY: a key of this process, and a value that nobody looks at.
    let kept = unsafe { libc::pthread_setspecific(key, ptr::without_provenance(value)) };
    assert_eq!(kept, 0);
}

static KEY: OnceLock<u32> = OnceLock::new();

/// The system calls it again for a value that was kept meanwhile: at last when std has given up the
/// thread. From there on it tells.
unsafe extern "C" fn at_the_end(times: *mut c_void) {
    if times.addr() < 4 {
        return keep(KEY.get().copied().unwrap_or_default(), times.addr() + 1);
    }
    IS_LATE.set(false);
    drop(std::hint::black_box(Box::new(1_u8)));
}

fn tell() {
    if !TELLS.load(Ordering::Relaxed) || IS_LATE.get() || IS_TELLING.replace(true) {
        return;
    }
    if let Some(slot) = TOLD.get() {
        // A library has 1,024 keys, and these are not given back.
        let has_keys = CALLS[0].load(Ordering::Relaxed) < 800;
        let habit = if has_keys { Habit::Key } else { Habit::Locals };
        let done = slot.pin().practise(habit);
        // At a thread's end the module has no thread-locals left, and says so by a panic of its own.
        let got_there = matches!(done, Ok(()) | Err(CallError::Panicked(_)));
        CALLS[usize::from(!got_there)].fetch_add(1, Ordering::Relaxed);
        // Blocks of the module's, among all that it has.
        let labels: [_; 16] = std::array::from_fn(|_| slot.pin().label());
        drop(labels);
    }
    IS_TELLING.set(false);
}

// SAFETY: the system's, and what else is done does not unwind.
unsafe impl GlobalAlloc for Telling {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        tell();
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        tell();
        // SAFETY: the caller's.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        tell();
        // SAFETY: the caller's.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[test]
fn an_allocator_that_calls_a_slot_gets_through() {
    let build = |n: u64| fixture("habits").told(&format!("label={n}"));
    // On trial, calls are counted and timed.
    let trial = Trial::new(LONG).with_longest_call(LONG).with_panics(u64::MAX);
    let config = patient().with_retire(Retire::Unload).with_trial(trial);
    let scene = Scene::<dyn Habits>::with(config, &build(1));
    let builds: Vec<_> = (2..5).map(build).collect();
    assert!(TOLD.set(scene.slot.clone()).is_ok());
    let mut key = 0;
    // SAFETY: a place for a key, and a function of this program.
    assert_eq!(unsafe { libc::pthread_key_create(&raw mut key, Some(at_the_end)) }, 0);
    assert!(KEY.set(key).is_ok());
    let (done, is_done) = mpsc::channel();
    let work = thread::spawn(move || {
        for build in builds {
            // Each of them may be the first whose call its tally counts: it has told nothing before.
            let begun = Arc::new(Barrier::new(33));
            let first: Vec<_> = (1..33)
                .map(|_| {
                    let (slot, begun) = (scene.slot.clone(), Arc::clone(&begun));
                    thread::spawn(move || {
                        IS_LATE.set(true);
                        begun.wait();
                        begun.wait();
                        drop(slot.pin());
                        IS_LATE.set(false);
                        // A call that needs no memory of its own.
                        slot.pin().inside(&mut || ()).unwrap();
                    })
                })
                .collect();
            begun.wait();
            TELLS.store(true, Ordering::Relaxed);
            begun.wait();
            first.into_iter().for_each(|thread| thread.join().unwrap());
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    let slot = scene.slot.clone();
                    thread::spawn(move || {
                        for habit in [Habit::Locals, Habit::Key, Habit::Join, Habit::Scope] {
                            slot.pin().practise(habit).unwrap();
                        }
                        let labels: Vec<_> = (0..200).map(|_| slot.pin().label()).collect();
                        assert!(labels.iter().all(Result::is_ok));
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            // A thread whose first call is at its very end: it has told nothing when it began.
            TELLS.store(false, Ordering::Relaxed);
            let late = thread::spawn(move || {
                IS_LATE.set(true);
                keep(key, 1);
                TELLS.store(true, Ordering::Relaxed);
            });
            late.join().unwrap();
            let generation = scene.slot.generation();
            if generation > 1 {
                scene.host.operator().commit("main", "the test").unwrap();
            }
            scene.put(&build);
            assert!(scene.told.live().generation > generation);
        }
        TELLS.store(false, Ordering::Relaxed);
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(120)).expect("nobody waits for himself");
    work.join().unwrap();
    let [calls, refused] = [&CALLS[0], &CALLS[1]].map(|count| count.load(Ordering::Relaxed));
    assert!(calls > 1_000 && refused == 0, "{calls} calls, and {refused} refused");
}
