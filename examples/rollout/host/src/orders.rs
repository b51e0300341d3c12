//! Orders that come all the time, on threads of their own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use hotswap_core::Slot;
use tax_api::Tax;

const THREADS: u64 = 2;
/// Between two orders of one thread.
const PAUSE: Duration = Duration::from_micros(200);

pub(crate) struct Orders {
    counts: Arc<Counts>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    taken: AtomicU64,
    failed: AtomicU64,
    ends: AtomicBool,
}

impl Orders {
    pub(crate) fn come(tax: &Slot<dyn Tax>) -> Self {
        let counts = Arc::<Counts>::default();
        let threads = (0..THREADS).map(|first| {
            let (tax, counts) = (tax.clone(), Arc::clone(&counts));
            thread::spawn(move || take(&tax, &counts, first))
        });
        Self { threads: threads.collect(), counts }
    }

    /// How many there were, and how many of them got no tax.
    pub(crate) fn end(self) -> (u64, u64) {
        self.counts.ends.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().expect("orders do not panic"));
        let Counts { taken, failed, .. } = &*self.counts;
        (taken.load(Ordering::Relaxed), failed.load(Ordering::Relaxed))
    }
}

fn take(tax: &Slot<dyn Tax>, counts: &Counts, first: u64) {
    for number in (first..).step_by(usize::try_from(THREADS).expect("they are few")) {
        // One order in twenty.
        let country = match number % 20 {
            0 => "JP",
            1..10 => "FR",
            _ => "DE",
        };
        // ANCHOR: key
        // All orders of a customer are on one version.
        let customer = number % 10_000;
        let answer = tax.pin_for(customer.to_le_bytes()).tax_in(country, 100 + number % 900);
        // ANCHOR_END: key
        counts.taken.fetch_add(1, Ordering::Relaxed);
        if !matches!(answer, Ok(Ok(_))) {
            counts.failed.fetch_add(1, Ordering::Relaxed);
        }
        if counts.ends.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep(PAUSE);
    }
}
