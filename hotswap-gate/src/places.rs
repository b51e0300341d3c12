//! Places: a small number for each gate, its index in the table of every thread (see `seats`).
//!
//! A place is given back when its gate is gone, so the tables are never longer than there were
//! gates at one time. A serial number tells gates that had the same place one after the other
//! apart.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::tables::{List, list};

/// A gate's index in the table of every thread. It orders nothing and is taken on no hot path, so
/// it has no part in the model-checked seam.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) index: usize,
    pub(crate) serial: u64,
}

static FREE: Mutex<FreePlaces> = Mutex::new(FreePlaces { next: 0, free: list() });

struct FreePlaces {
    next: usize,
    free: List<usize>,
}

impl Place {
    pub(crate) fn take() -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let mut places = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let index = places.free.pop().unwrap_or_else(|| {
            places.next += 1;
            places.next - 1
        });
        Self { index, serial }
    }

    pub(crate) fn give_back(self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).free.push(self.index);
    }
}
