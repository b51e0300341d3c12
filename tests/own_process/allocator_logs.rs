//! A program whose allocator calls a module that logs, where the host has modules follow its log filters.
//!
//! A process of its own: it has that allocator, and the thread that has modules ask is the process's.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#![expect(unsafe_code, reason = "an allocator")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use chatter_api::Chatter;
use hotswap_core::{Retire, Slot, sync_log_filters};
use hotswap_tests::{Heard, Scene, fixture, patient, until};
use tracing_subscriber::{EnvFilter, prelude::*, reload};

/// On the thread that has modules ask, what is allocated or freed next has a module log, at a place where
/// it has not logged before.
struct Telling;

#[global_allocator]
static TELLING: Telling = Telling;

static TOLD: OnceLock<Slot<dyn Chatter>> = OnceLock::new();
static WAYS: [&str; 4] = ["values", "elsewhere", "named", "many"];
/// How many of them the module may have, and has.
static ALLOWED: AtomicUsize = AtomicUsize::new(0);
static TOLD_OF: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static IS_TELLING: Cell<bool> = const { Cell::new(false) };
}

fn is_follower() -> bool {
    let mut name = [0_u8; 16];
    // SAFETY: the calling thread's name has 16 bytes at most.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name.starts_with(b"hotswap-logs\0")
}

fn tell() {
    let Some(slot) = TOLD.get() else { return };
    if !is_follower() || IS_TELLING.replace(true) {
        return;
    }
    let number = TOLD_OF.load(Ordering::Relaxed);
    if number < ALLOWED.load(Ordering::Relaxed) {
        slot.pin().say(WAYS[number]).unwrap();
        TOLD_OF.store(number + 1, Ordering::Relaxed);
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
}

#[test]
fn a_module_that_has_a_new_callsite_there_is_asked_later() {
    let heard = Heard::default();
    let (filter, handle) = reload::Layer::new(EnvFilter::new("info"));
    tracing_subscriber::registry().with(filter).with(heard.clone()).init();
    let (done, is_done) = mpsc::channel();
    let work = thread::spawn(move || {
        let config = patient().with_retire(Retire::Unload);
        let scene = Scene::<dyn Chatter>::with(config, &fixture("chatter").told("a=1"));
        scene.slot.pin().say("levels").unwrap();
        sync_log_filters();
        assert!(TOLD.set(scene.slot.clone()).is_ok());
        // They follow by themselves: whoever waits for that would have them ask on its own thread.
        for allowed in 1..=WAYS.len() {
            let (directives, texts) =
                if allowed % 2 == 1 { ("debug", &["detail"][..]) } else { ("info", &[][..]) };
            ALLOWED.store(allowed, Ordering::Relaxed);
            handle.reload(EnvFilter::new(directives)).unwrap();
            until("the allocator has told", || TOLD_OF.load(Ordering::Relaxed) == allowed);
            sync_log_filters();
            let _ = heard.take();
            scene.slot.pin().say("detail").unwrap();
            assert_eq!(heard.texts(), texts, "{directives}");
        }
        scene.host.shutdown().unwrap();
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(120)).expect("nobody waits for himself");
    work.join().unwrap();
}
