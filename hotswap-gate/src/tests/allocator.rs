//! Nothing is allocated or freed with a lock of the gate held: the program's allocator may be code that
//! calls a slot, and would need that lock.
//!
//! The allocator of these tests looks at the locks of one gate, on threads that have said which.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::task::{Context, Waker};

use super::*;
use crate::inner::Inner;
use crate::waits::is_locked;
use crate::{Arm, Waiting, Weight};

struct Looking;

#[global_allocator]
static LOOKING: Looking = Looking;

thread_local! {
    static LOOKS_AT: Cell<*const Inner<Module>> = const { Cell::new(ptr::null()) };
    static FOUND: Cell<Found> = const { Cell::new(Found { looks: 0, own: 0, graph: 0 }) };
}

#[derive(Clone, Copy, Default)]
struct Found {
    /// How often it has looked.
    looks: u64,
    /// How often a lock of the gate was held.
    own: u64,
    /// How often that of the graph of waits was, which is that of all tests.
    graph: u64,
}

fn look() {
    // SAFETY: null, or what `found` borrows as long as this is set.
    if let Some(inner) = unsafe { LOOKS_AT.get().as_ref() } {
        let Found { looks, own, graph } = FOUND.get();
        let is_own = inner.core.is_locked() || inner.leaving.is_locked();
        let (own, graph) = (own + u64::from(is_own), graph + u64::from(is_locked()));
        FOUND.set(Found { looks: looks + 1, own, graph });
    }
}

// SAFETY: the system's, and what else is done neither allocates nor unwinds.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        look();
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        look();
        // SAFETY: the caller's.
        unsafe { System.dealloc(block, layout) };
    }
}

/// What the allocator of this thread has found meanwhile.
fn found(gate: &TestGate, work: impl FnOnce()) -> Found {
    FOUND.set(Found::default());
    LOOKS_AT.set(Arc::as_ptr(&gate.inner));
    work();
    LOOKS_AT.set(ptr::null());
    FOUND.get()
}

/// Of what one thread does to a gate that no other one knows.
#[track_caller]
fn nothing_under_a_lock(work: impl Fn(&TestGate)) {
    let found = [(); 20].map(|()| {
        let gate = gate("arcade");
        found(&gate, || work(&gate))
    });
    assert!(found.iter().all(|it| it.looks > 0 && it.own == 0), "a lock of the gate was held");
    // By another test, in some of them.
    assert!(found.iter().any(|it| it.graph == 0), "that of the graph was held");
}

#[test]
fn of_generations() {
    nothing_under_a_lock(|gate| {
        let before = gate.enter(BUDGET).unwrap();
        gate.swap(2, module(2)).unwrap();
        assert!(gate.wait_left(1, Instant::now()).is_err());
        drop((gate.callers(1), gate.find(1), gate.current()));
        drop(before);
        gate.wait_left(1, far()).unwrap();
        let reader = gate.reader();
        drop(reader.enter(BUDGET).unwrap());
        drop(reader);
        gate.drain_open(far()).unwrap();
        let closed = gate.close_within(BUDGET, far(), |_| ()).unwrap();
        assert!(gate.enter(Duration::ZERO).is_err());
        let mut waiting = Waiting::of_caller();
        let context = Context::from_waker(Waker::noop());
        assert!(gate.poll_enter(&mut waiting, &context).is_pending());
        assert!(gate.swap(3, module(3)).is_err());
        drop(closed.activate(3, module(3)));
        drop(waiting);
        gate.end();
    });
}

#[test]
fn of_a_canary() {
    nothing_under_a_lock(|gate| {
        gate.begin_canary(2, module(2), Weight::ZERO, [0; 32]).unwrap();
        let on_canary = gate.preview(BUDGET).unwrap().unwrap();
        let by_reader = gate.reader();
        drop(by_reader.enter_for(|_| 0, BUDGET).unwrap());
        drop(on_canary);
        drop(gate.enter_for(|_| u32::MAX, BUDGET).unwrap());
        gate.swap(3, module(3)).unwrap();
        drop(by_reader.enter(BUDGET).unwrap());
        gate.settle(Arm::Stable).unwrap();
        gate.wait_left(2, far()).unwrap();
    });
}

#[test]
fn of_locks_and_waits() {
    nothing_under_a_lock(|gate| {
        let entered = gate.enter(BUDGET).unwrap();
        let alone = entered.exclusive().unwrap();
        assert!(entered.shared().is_err());
        assert!(why(gate.close(far())).to_string().contains("inside"));
        drop(alone);
    });
}

/// By then the closer alone has its record.
#[test]
fn of_a_caller_who_leaves_a_closing_gate_for_good() {
    let gate = gate("arcade");
    let (enter, is_inside) = mpsc::channel();
    let guest = {
        let gate = Arc::clone(&gate);
        thread::spawn(move || {
            let reader = gate.reader();
            let entered = reader.enter(BUDGET).unwrap();
            let record = Arc::downgrade(&gate.inner.core.state().records[0]);
            enter.send(()).unwrap();
            // Its own, the roster, and the closer who has noticed it.
            until(|| record.strong_count() == 3);
            drop(entered);
        })
    };
    is_inside.recv().unwrap();
    let found = found(&gate, || drop(gate.close(far()).unwrap()));
    guest.join().unwrap();
    assert_eq!(found.own, 0);
}
