//! Two threads that call the module all the time, and count.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use hotswap_core::{CallError, Slot};
use quickstart_api::Game;

/// What the callers have counted.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// `&mut self` calls that have succeeded.
    pub(crate) updates: u64,
    /// `&self` calls that have succeeded.
    pub(crate) reads: u64,
    /// Calls in which the module has panicked: their callers were told so.
    pub(crate) panicked: u64,
    pub(crate) failed: u64,
    pub(crate) first_error: Option<CallError>,
}

pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    updates: JoinHandle<Counted>,
    reads: JoinHandle<Counted>,
}

impl Load {
    pub(crate) fn start(slot: &Slot<dyn Game>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let updates = {
            let (stop, slot) = (Arc::clone(&stop), slot.clone());
            thread::spawn(move || {
                let mut counted = Counted::default();
                while !stop.load(Ordering::Relaxed) {
                    // A frame: one version, alone with the instance.
                    let result = slot.pin_mut().update(1.0 / 60.0);
                    counted.updates += u64::from(result.is_ok());
                    counted.note(result);
                    thread::yield_now();
                }
                counted
            })
        };
        let reads = {
            let (stop, slot) = (Arc::clone(&stop), slot.clone());
            thread::spawn(move || {
                let reader = slot.reader();
                let mut counted = Counted::default();
                while !stop.load(Ordering::Relaxed) {
                    let result = reader.scores();
                    counted.reads += u64::from(result.is_ok());
                    counted.note(result);
                    thread::yield_now();
                }
                counted
            })
        };
        Self { stop, updates, reads }
    }

    /// Stops the callers.
    pub(crate) fn stop(self) -> Counted {
        self.stop.store(true, Ordering::Relaxed);
        let updates = self.updates.join().expect("the caller does not panic");
        let reads = self.reads.join().expect("the caller does not panic");
        Counted {
            updates: updates.updates,
            reads: reads.reads,
            panicked: updates.panicked + reads.panicked,
            failed: updates.failed + reads.failed,
            first_error: updates.first_error.or(reads.first_error),
        }
    }
}

impl Counted {
    fn note<T>(&mut self, result: Result<T, CallError>) {
        match result {
            Ok(_) => {}
            Err(CallError::Panicked(_)) => self.panicked += 1,
            Err(error) => {
                self.failed += 1;
                self.first_error.get_or_insert(error);
            }
        }
    }
}
