//! Canaries that begin, grow and are settled under callers of every kind.

use super::*;
use crate::{Arm, Salt, Weight};

const CANARIES: u64 = if cfg!(debug_assertions) { 1_000 } else { 10_000 };

/// The value knows the number that its entries must say.
fn value(number: u64) -> Arc<Value> {
    Value::new([0; CALLERS], number)
}

struct Caller<'c> {
    gate: &'c Gate<Value>,
    readers: [Reader<Value>; 2],
    turn: u64,
}

impl<'c> Caller<'c> {
    fn new(gate: &'c Gate<Value>) -> Self {
        Self { gate, readers: [gate.reader(), gate.reader()], turn: 0 }
    }

    /// Enters in one of seven ways. The gate never closes, so nobody ever waits.
    fn enter(&self, way: u64) -> Entered<'_, Value> {
        let [first, second] = &self.readers;
        let point = move |_: &Salt| if way.is_multiple_of(2) { 0 } else { u32::MAX };
        let entered = match way % 7 {
            0 => self.gate.enter(Duration::ZERO),
            1 => first.enter(Duration::ZERO),
            2 => second.enter(Duration::ZERO),
            3 => self.gate.enter_for(point, Duration::ZERO),
            4 => first.enter_for(point, Duration::ZERO),
            5 => second.enter_for(point, Duration::ZERO),
            _ => match self.gate.preview(Duration::ZERO).expect("the gate is open") {
                Some(preview) => return preview,
                None => self.gate.enter(Duration::ZERO),
            },
        };
        entered.expect("the gate is open")
    }

    /// One call, with others inside it. Returns the number of those that saw what they must not.
    fn call(&mut self) -> u64 {
        self.turn += 1;
        let turn = self.turn;
        let outer = self.enter(turn);
        let mut bad = 0;
        let mut look = |entered: &Entered<'_, Value>| {
            // SAFETY: nobody writes to it.
            let own = unsafe { entered.alone.get().read() };
            let right = own == entered.number() && own == outer.number() && !entered.is_dead();
            bad += u64::from(!right);
        };
        look(&outer);
        for nested in 0..turn % 4 {
            let inner = self.enter(turn / 7 + nested);
            look(&inner);
            if turn.is_multiple_of(5) {
                (0..turn % 50).for_each(|_| hint::spin_loop());
            }
        }
        look(&outer);
        bad
    }
}

/// Ends the callers, also where an assertion of the other side fails.
struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// `threads` callers until `change` has been done often enough. Returns the number of calls.
fn storm(form: Form, threads: usize, canaries: u64, settle_on: impl Fn(u64) -> Arm) -> u64 {
    let gate = Gate::with_form(form, "stress", 1, value(1));
    let (calls, bad, stop) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let callers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut caller = Caller::new(&gate);
                    while !stop.load(Ordering::Relaxed) {
                        bad.fetch_add(caller.call(), Ordering::Relaxed);
                        calls.fetch_add(1, Ordering::Relaxed);
                        if caller.turn.is_multiple_of(32) {
                            thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        let stop = Stop(&stop);
        let mut graves = VecDeque::new();
        for number in 2..2 + canaries {
            gate.begin_canary(number, value(number), Weight::from_parts(1 << 30), [0; 32]).unwrap();
            let until = calls.load(Ordering::Relaxed) + CALLS_EACH;
            while calls.load(Ordering::Relaxed) < until {
                thread::yield_now();
            }
            if number.is_multiple_of(3) {
                gate.set_weight(Weight::from_parts(1 << 31)).unwrap();
            }
            if number.is_multiple_of(5) {
                // One more turn with both arms.
                gate.drain_open(far()).unwrap();
            }
            let (lost, value) = gate.settle(settle_on(number)).unwrap();
            gate.wait_left(lost, far()).unwrap();
            assert_eq!(Arc::strong_count(&value), 1);
            value.die();
            graves.push_back(value);
            if graves.len() > 64 {
                graves.pop_front();
            }
        }
        drop(stop);
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    });
    assert_eq!(bad.into_inner(), 0);
    assert_eq!(gate.inner.core.state().records.len(), 0);
    gate.inner.let_go();
    assert!(gate.inner.leaving.lock().is_empty());
    calls.into_inner()
}

fn either(number: u64) -> Arm {
    if number.is_multiple_of(2) { Arm::Canary } else { Arm::Stable }
}

#[test]
fn canaries_with_fences() {
    storm(Form::fences(), CALLERS, CANARIES, either);
}

#[test]
fn canaries_in_the_asymmetric_form() {
    if let Some(form) = Form::asymmetric() {
        storm(form, CALLERS, CANARIES, either);
    }
}

/// No entry fails or waits, and none is on the canary when its last caller has left.
#[test]
fn rollbacks_under_eight_threads() {
    let calls = storm(Form::of_process(), 8, CANARIES / 2, |_| Arm::Stable);
    assert!(calls >= CANARIES / 2 * CALLS_EACH);
}

#[test]
fn a_key_sees_one_version_while_the_weight_grows() {
    const ENTRIES: u64 = 1_000_000;
    const KEYS: u64 = 1_000;
    const THREADS: u64 = 4;
    let gate = Gate::new("stress", 1, value(1));
    gate.begin_canary(2, value(2), Weight::ZERO, [0; 32]).unwrap();
    // Weyl's sequence: spread evenly.
    let points: Vec<u32> = (0..KEYS as u32).map(|key| key.wrapping_mul(0x9e37_79b9)).collect();
    let on_canary: Vec<_> = points.iter().map(|_| AtomicBool::new(false)).collect();
    let (entries, back) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (gate, points, on_canary) = (&gate, &points, &on_canary);
            let (entries, back) = (&entries, &back);
            scope.spawn(move || {
                let reader = gate.reader();
                for entry in 0..ENTRIES / THREADS {
                    let key = (entry * 7 + thread * 13) as usize % points.len();
                    let point = |_: &Salt| points[key];
                    let was = on_canary[key].load(Ordering::Acquire);
                    let entered = if entry.is_multiple_of(2) {
                        gate.enter_for(point, BUDGET)
                    } else {
                        reader.enter_for(point, BUDGET)
                    };
                    let is = entered.unwrap().number() == 2;
                    on_canary[key].fetch_or(is, Ordering::Release);
                    back.fetch_add(u64::from(was && !is), Ordering::Relaxed);
                    entries.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut weight = 0;
        while entries.load(Ordering::Relaxed) < ENTRIES {
            let share = entries.load(Ordering::Relaxed) as f64 / ENTRIES as f64 * 0.9;
            let next = Weight::from_share(share).unwrap();
            assert!(next.parts() >= weight);
            weight = next.parts();
            gate.set_weight(next).unwrap();
            thread::yield_now();
        }
    });
    assert_eq!(back.into_inner(), 0, "entries of keys that had been on the canary");
    let moved = on_canary.iter().filter(|it| it.load(Ordering::Relaxed)).count();
    assert!((500..=900).contains(&moved), "{moved} of {KEYS} keys moved");
}

/// What an entry costs; printed, not judged.
#[test]
#[ignore = "a measurement: run it by name, in release, with --nocapture"]
#[expect(clippy::print_stdout, reason = "the result")]
fn the_cost_of_an_entry() {
    const ENTRIES: u32 = 20_000;
    let gate = Gate::new("cost", 1, value(1));
    let reader = gate.reader();
    let best = |enter: &dyn Fn()| {
        let run = |_| {
            let begun = Instant::now();
            (0..ENTRIES).for_each(|_| enter());
            begun.elapsed().as_secs_f64() * 1e9 / f64::from(ENTRIES)
        };
        (0..60).map(run).fold(f64::MAX, f64::min)
    };
    let all = |when: &str| {
        let seat = best(&|| drop(hint::black_box(gate.enter(BUDGET).unwrap())));
        let key = best(&|| drop(hint::black_box(gate.enter_for(|_| 7, BUDGET).unwrap())));
        let by_reader = best(&|| {
            if let Some(visit) = reader.visit() {
                drop(hint::black_box(visit));
            } else {
                drop(hint::black_box(reader.enter(BUDGET).unwrap()));
            }
        });
        println!("{when}: seat {seat:.1} ns, seat and key {key:.1} ns, reader {by_reader:.1} ns");
    };
    all("no canary");
    gate.begin_canary(2, value(2), Weight::from_parts(1 << 30), [0; 32]).unwrap();
    all("canary");
    gate.settle(Arm::Stable).unwrap();
    all("settled");
}
