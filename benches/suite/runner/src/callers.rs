//! Callers who call at fixed times, whatever the calls before have taken, and count from the time at
//! which a call should have begun: so a pause is seen by every call that falls into it, and not only
//! by the one that waits.
//!
//! They have a processor for themselves, where there are two, so that what they wait for is the
//! slot and not their turn.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use benches_api::Store;
use hotswap_benches::{rounds::pin, stats::Samples};
use hotswap_core::Slot;

/// How often they call.
const EVERY: Duration = Duration::from_micros(50);

/// Does something on a processor that callers leave alone, with all threads that it starts.
pub(crate) fn beside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pinned = || {
        pin(0);
        work()
    };
    thread::scope(|scope| scope.spawn(pinned).join().expect("a benchmark does not panic"))
}

/// The waits of all calls while something is done, in milliseconds.
pub(crate) fn waits(slot: &Slot<dyn Store>, during: impl FnOnce()) -> Samples {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let generator = scope.spawn(|| {
            pin(1);
            let reader = slot.reader();
            let (started, mut waits) = (Instant::now(), Vec::new());
            for call in 0.. {
                let due = started + EVERY * call;
                // A sleep is too coarse.
                while Instant::now() < due {
                    thread::yield_now();
                }
                reader.records().expect("the slot serves");
                waits.push(due.elapsed().as_secs_f64() * 1e3);
                if over.load(Ordering::Relaxed) {
                    break;
                }
            }
            Samples(waits)
        });
        during();
        over.store(true, Ordering::Relaxed);
        generator.join().expect("calls do not panic")
    })
}
