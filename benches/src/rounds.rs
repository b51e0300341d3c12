//! How contenders are run: calibrated, interleaved, each round in another order.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::stats::Samples;

/// Does something so many times.
pub type Run<'a> = Box<dyn FnMut(u64) + 'a>;

/// One way of doing what is measured.
pub struct Contender<'a> {
    name: &'static str,
    make: Make<'a>,
    threads: usize,
}

enum Make<'a> {
    Anywhere(Box<dyn Fn() -> Run<'a> + Sync + 'a>),
    Here(Box<dyn Fn() -> Run<'a> + 'a>),
}

impl fmt::Debug for Contender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contender").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'a> Contender<'a> {
    /// One that any thread can run: each makes its own.
    pub fn new(name: &'static str, make: impl Fn() -> Run<'a> + Sync + 'a) -> Self {
        Self { name, make: Make::Anywhere(Box::new(make)), threads: 1 }
    }

    /// One that only the thread can run that has made it. It has no part in races of more.
    pub fn here(name: &'static str, make: impl Fn() -> Run<'a> + 'a) -> Self {
        Self { name, make: Make::Here(Box::new(make)), threads: 1 }
    }

    /// The same, by so many threads at once.
    #[must_use]
    pub fn on(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// The same under another name.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// How a race is run.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "settings, used by this program alone")]
pub struct Rounds {
    /// How many rounds.
    pub count: usize,
    /// About how long each contender runs in each.
    pub batch: Duration,
}

/// The figures of each contender, in nanoseconds for each time it did its work; none for one that
/// had no part. Of several threads the mean is taken.
pub fn race(contenders: &[Contender<'_>], rounds: Rounds) -> Vec<Samples> {
    let mut samples = vec![Samples::default(); contenders.len()];
    let times: Vec<u64> = contenders.iter().map(|it| calibrate(it, rounds)).collect();
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    let mut dice = Dice::new();
    for _ in 0..rounds.count {
        dice.shuffle(&mut order);
        for &at in &order {
            if let Some(figure) = contenders[at].measure(times[at]) {
                samples[at].0.push(figure);
            }
        }
    }
    samples
}

/// How often a contender does its work in one batch.
fn calibrate(contender: &Contender<'_>, rounds: Rounds) -> u64 {
    let mut times = 1;
    loop {
        let Some(figure) = contender.measure(times) else {
            return 0;
        };
        let wanted = rounds.batch.as_nanos() as f64;
        // What does not take longer for doing more will not end this.
        if figure * times as f64 > wanted / 8.0 || times > 1 << 40 {
            return ((wanted / figure) as u64).max(1);
        }
        times *= 4;
    }
}

impl Contender<'_> {
    fn measure(&self, times: u64) -> Option<f64> {
        match (&self.make, self.threads) {
            (Make::Anywhere(make), 1) => Some(alone(make(), times)),
            (Make::Here(make), 1) => Some(alone(make(), times)),
            (Make::Here(_), _) => None,
            (Make::Anywhere(make), threads) => Some(together(make, times, threads)),
        }
    }
}

/// Enough for caches, branch predictors and whatever is made at the first call.
const WARM: u64 = 64;

fn alone(mut run: Run<'_>, times: u64) -> f64 {
    run(times.min(WARM));
    let started = Instant::now();
    run(times);
    started.elapsed().as_nanos() as f64 / times as f64
}

fn together<'a>(make: &(dyn Fn() -> Run<'a> + Sync), times: u64, threads: usize) -> f64 {
    let ready = AtomicUsize::new(0);
    let one = |at: usize| {
        pin(at);
        let mut run = make();
        run(times.min(WARM));
        ready.fetch_add(1, Ordering::AcqRel);
        while ready.load(Ordering::Acquire) < threads {
            thread::yield_now();
        }
        let started = Instant::now();
        run(times);
        started.elapsed().as_nanos() as f64 / times as f64
    };
    let figures: f64 = thread::scope(|scope| {
        let one = &one;
        let threads: Vec<_> = (0..threads).map(|at| scope.spawn(move || one(at))).collect();
        threads.into_iter().map(|it| it.join().expect("a contender does not panic")).sum()
    });
    figures / threads as f64
}

/// Keeps the current thread, and what it starts from now on, on one of the processors that the
/// program's first thread may use, where the system lets it.
#[cfg(target_os = "linux")]
pub fn pin(thread: usize) {
    use rustix::{
        process::getpid,
        thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    };

    // Not those of the current thread: who has started it may have been pinned.
    let Ok(allowed) = sched_getaffinity(Some(getpid())) else { return };
    let of: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
    if of.is_empty() {
        return;
    }
    let mut own = CpuSet::new();
    own.set(of[thread % of.len()]);
    // Not to be pinned makes figures worse, not wrong.
    let _ = sched_setaffinity(None, &own);
}

/// The system does not let it.
#[cfg(not(target_os = "linux"))]
pub fn pin(_: usize) {}

/// Small and without a seed of the system's: a run can be repeated.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `sides`, by xorshift.
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.throw(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const FEW: Rounds = Rounds { count: 3, batch: Duration::from_micros(50) };

    fn nothing<'a>() -> Run<'a> {
        Box::new(|times| {
            (0..times).for_each(|time| {
                std::hint::black_box(time);
            })
        })
    }

    #[test]
    fn every_contender_has_a_figure_for_each_round() {
        let contenders = [Contender::new("a", nothing), Contender::here("b", nothing)];
        let samples = race(&contenders, FEW);
        assert!(samples.iter().all(|it| it.0.len() == FEW.count));
    }

    #[test]
    fn who_cannot_leave_its_thread_has_no_part_in_a_race_of_two() {
        let contenders = [Contender::new("a", nothing), Contender::here("b", nothing)];
        let lengths = race(&contenders.map(|it| it.on(2)), FEW).map_lengths();
        assert_eq!(lengths, [FEW.count, 0]);
    }

    trait Lengths {
        fn map_lengths(&self) -> Vec<usize>;
    }

    impl Lengths for Vec<Samples> {
        fn map_lengths(&self) -> Vec<usize> {
            self.iter().map(|it| it.0.len()).collect()
        }
    }

    #[test]
    fn a_shuffle_loses_nobody_and_gives_every_order() {
        let mut dice = Dice::new();
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let mut items = [1, 2, 3];
            dice.shuffle(&mut items);
            seen.insert(items);
        }
        assert_eq!(seen.len(), 6);
    }
}
