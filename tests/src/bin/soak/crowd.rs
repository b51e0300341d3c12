//! Those who call: some as fast as they can, some once before their thread ends.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use hotswap_core::{CallError, Slot};
use ledger_api::{Entry, Ledger, PANICS};

/// Between two looks at a sign.
const MOMENT: Duration = Duration::from_millis(1);

/// What callers have seen.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    /// The sum of all amounts whose booking came back without an error.
    pub(crate) booked: u64,
    pub(crate) longest: Duration,
}

#[derive(Debug)]
pub(crate) struct Crowd {
    callers: Vec<JoinHandle<Sums>>,
    signs: Arc<Signs>,
}

#[derive(Debug, Default)]
struct Signs {
    end: AtomicBool,
    rest: AtomicBool,
    resting: AtomicUsize,
}

impl Signs {
    /// Round after round until the end, with a rest when one is asked for. After each the thread is
    /// idle, and destroys what it had of older versions.
    fn rounds(&self, mut round: impl FnMut()) {
        while !self.end.load(Ordering::Relaxed) {
            let is_last = self.rest.load(Ordering::Acquire);
            round();
            hotswap_core::release_thread_locals();
            if is_last {
                self.rest();
            }
        }
    }

    fn rest(&self) {
        self.resting.fetch_add(1, Ordering::AcqRel);
        while self.rest.load(Ordering::Acquire) {
            thread::sleep(MOMENT);
        }
        self.resting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Crowd {
    /// As many callers, and one thread that makes others.
    pub(crate) fn start(slot: &Slot<dyn Ledger>, callers: usize) -> Self {
        let signs = Arc::new(Signs::default());
        let work = [frames, bookings, exercises, looks];
        let mut all: Vec<_> = (0..callers)
            .map(|i| {
                let (slot, signs) = (slot.clone(), Arc::clone(&signs));
                thread::spawn(move || work[i % work.len()](&slot, &signs))
            })
            .collect();
        let (slot, watched) = (slot.clone(), Arc::clone(&signs));
        all.push(thread::spawn(move || visits(&slot, &watched)));
        Self { callers: all, signs }
    }

    /// Does something while nobody calls.
    pub(crate) fn at_rest<R>(&self, then: impl FnOnce() -> R) -> R {
        self.signs.rest.store(true, Ordering::Release);
        while self.signs.resting.load(Ordering::Acquire) < self.callers.len() {
            thread::sleep(MOMENT);
        }
        let result = then();
        self.signs.rest.store(false, Ordering::Release);
        result
    }

    pub(crate) fn end(self) -> Sums {
        self.signs.end.store(true, Ordering::Relaxed);
        let mut all = Sums::default();
        for caller in self.callers {
            all.add(&caller.join().expect("a caller does not panic"));
        }
        all
    }
}

impl Sums {
    fn add(&mut self, other: &Self) {
        let Self { calls, failed, booked, longest } = other;
        self.calls += calls;
        self.failed += failed;
        self.booked += booked;
        self.longest = self.longest.max(*longest);
    }

    fn call<T>(&mut self, call: impl FnOnce() -> Result<T, CallError>) -> Option<T> {
        let begun = Instant::now();
        let result = call();
        self.longest = self.longest.max(begun.elapsed());
        self.calls += 1;
        result
            .inspect_err(|error| {
                self.failed += 1;
                if self.failed < 5 {
                    eprintln!("a call failed: {error}");
                }
            })
            .ok()
    }

    /// An answer that cannot be.
    fn wrong(&mut self, what: &str) {
        self.failed += 1;
        if self.failed < 5 {
            eprintln!("a wrong answer: {what}");
        }
    }
}

fn entry(number: u64) -> Entry {
    Entry { account: number as u32, amount: 1, text: None }
}

/// Frames: several calls on one version, alone with it.
fn frames(slot: &Slot<dyn Ledger>, signs: &Signs) -> Sums {
    let mut sums = Sums::default();
    signs.rounds(|| {
        let mut frame = slot.pin_mut();
        let before = sums.call(|| frame.total());
        let entry = entry(sums.calls);
        if sums.call(|| frame.book(entry)).is_some() {
            sums.booked += 1;
        }
        let after = sums.call(|| frame.total());
        if let (Some(before), Some(after)) = (before, after)
            && after != before + 1
        {
            sums.wrong(&format!("a total of {after} after one of {before}"));
        }
    });
    sums
}

/// One booking after the other, each on the version that serves then.
fn bookings(slot: &Slot<dyn Ledger>, signs: &Signs) -> Sums {
    let mut sums = Sums::default();
    let mut reader = slot.reader();
    signs.rounds(|| {
        let entry = entry(sums.calls);
        if sums.call(|| reader.book(entry)).is_some() {
            sums.booked += 1;
        }
    });
    sums
}

/// What leaves something behind.
fn exercises(slot: &Slot<dyn Ledger>, signs: &Signs) -> Sums {
    let mut sums = Sums::default();
    let reader = slot.reader();
    signs.rounds(|| {
        let seed = sums.calls;
        if let Some(answer) = sums.call(|| reader.exercise(seed))
            && answer != seed
            && answer != seed * 2
        {
            sums.wrong(&format!("{answer} for {seed}"));
        }
        if seed % 16 == 0 && !matches!(reader.exercise(PANICS), Err(CallError::Panicked(_))) {
            sums.wrong("no panic where there is one");
        }
    });
    sums
}

/// Methods that some versions do not have, and values that are rebuilt.
fn looks(slot: &Slot<dyn Ledger>, signs: &Signs) -> Sums {
    let mut sums = Sums::default();
    signs.rounds(|| {
        let several = vec![entry(1), entry(2), entry(3)];
        if sums.call(|| slot.pin_mut().book_all(several)).is_some() {
            sums.booked += 3;
        }
        let pin = slot.pin();
        let greatest = sums.call(|| pin.greatest(3));
        if greatest.is_some_and(|it| it.len() != 3) {
            sums.wrong("not as many accounts as were asked for");
        }
        if sums.call(|| pin.edition()).is_some_and(|edition| edition.is_empty()) {
            sums.wrong("an edition without a name");
        }
    });
    sums
}

/// Threads that come, call once and go.
fn visits(slot: &Slot<dyn Ledger>, signs: &Signs) -> Sums {
    let mut sums = Sums::default();
    let mut number = 0;
    signs.rounds(|| {
        number += 1;
        let visitors: Vec<_> = (0..2)
            .map(|_| {
                let slot = slot.clone();
                thread::spawn(move || {
                    let mut sums = Sums::default();
                    sums.call(|| slot.pin().exercise(number));
                    sums
                })
            })
            .collect();
        for visitor in visitors {
            sums.add(&visitor.join().expect("a visitor does not panic"));
        }
    });
    sums
}
