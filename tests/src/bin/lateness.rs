//! How late a timer is on a runtime whose tasks call a slot while that is upgraded.
//!
//! A runtime with two workers has a thousand tasks that call a slot again and again, and a timer. Of each
//! upgrade the pause takes half a second, since a thread is inside for so long. Measured are tasks that
//! call by `Slot::run`, without upgrades and with them, and tasks that block their thread with `Slot::pin`.
//!
//! Ends with a line of JSON. Fails where the timer is later than 50 ms with `run`, or where `pin` does
//! not block it for most of a pause.

#![allow(clippy::print_stdout, reason = "a program that reports")]

use std::{
    num::NonZeroU32,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use counter_api::Counter;
use hotswap_core::{CallError, Pin, Slot};
use hotswap_tests::{LONG, Scene, fixture, patient, until};
use tokio::{runtime::Builder, time};

const WORKERS: usize = 2;
const TASKS: usize = 1000;
const PAUSE: Duration = Duration::from_millis(500);
/// How late a timer may be whose runtime is not blocked.
const MOST: Duration = Duration::from_millis(50);
/// From one call of a task to its next.
const PACE: Duration = Duration::from_millis(50);
const TICK: Duration = Duration::from_millis(5);

/// Measures how late a timer is beside tasks whose calls wait for upgrades. Ends with a line of JSON.
#[derive(Debug, Parser)]
#[command(name = "lateness")]
struct Options {
    /// Upgrades of each measurement
    #[arg(long, value_name = "N", default_value = "5")]
    upgrades: NonZeroU32,
}

fn main() -> ExitCode {
    let rounds = Options::parse().upgrades.get();
    let quiet = measure(true, rounds, false);
    let run = measure(true, rounds, true);
    let pin = measure(false, rounds, true);
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "{{\"workers\":{WORKERS},\"tasks\":{TASKS},\"upgrades\":{rounds},\"shortest_pause_ms\":{:.1},\
         \"run_without_upgrades_latest_ms\":{:.1},\"run_latest_ms\":{:.1},\"pin_latest_ms\":{:.1}}}",
        ms(run.pause.min(pin.pause)),
        ms(quiet.latest),
        ms(run.latest),
        ms(pin.latest),
    );
    let is_well = run.latest <= MOST && pin.latest >= PAUSE - MOST;
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Measured {
    /// How late the timer was at most.
    latest: Duration,
    /// The shortest time that callers were kept out in an upgrade.
    pause: Duration,
}

fn measure(by_run: bool, rounds: u32, upgrades: bool) -> Measured {
    let build = |label: u32| fixture("counter").told(&format!("label={label}"));
    let scene = Scene::<dyn Counter>::with(patient().with_longest_wait(LONG), &build(0));
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_time()
        .build()
        .expect("a runtime can be started");
    let ends = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (slot, ends) = (scene.slot.clone(), Arc::clone(&ends));
            runtime.spawn(async move {
                while !ends.load(Ordering::Relaxed) {
                    call(&slot, by_run).await.expect("no call fails");
                    time::sleep(PACE).await;
                }
            })
        })
        .collect();
    let timer = runtime.spawn({
        let ends = Arc::clone(&ends);
        async move {
            let mut latest = Duration::ZERO;
            while !ends.load(Ordering::Relaxed) {
                let due = Instant::now() + TICK;
                time::sleep_until(due.into()).await;
                latest = latest.max(due.elapsed());
            }
            latest
        }
    });
    let mut pause = Duration::MAX;
    for round in 1..=rounds {
        thread::sleep(PAUSE);
        if upgrades {
            let (release, visitor) = visit(&scene.slot);
            scene.put(&build(round));
            until("the upgrade closes the gate", || is_closed(&scene.slot));
            thread::sleep(PAUSE);
            drop(release);
            visitor.join().expect("it does not panic").expect("its call goes well");
            pause = pause.min(scene.told.live().pause.expect("callers waited"));
        }
    }
    ends.store(true, Ordering::Relaxed);
    let latest = runtime.block_on(timer).expect("the timer does not panic");
    for task in tasks {
        runtime.block_on(task).expect("no task panics");
    }
    Measured { latest, pause }
}

async fn call(slot: &Slot<dyn Counter>, by_run: bool) -> Result<u64, CallError> {
    if by_run { slot.run(|pin| pin.value()).await } else { slot.pin().value() }
}

type Visitor = thread::JoinHandle<Result<(), CallError>>;

/// A thread that is inside until the sender is dropped.
fn visit(slot: &Slot<dyn Counter>) -> (mpsc::Sender<()>, Visitor) {
    let (slot, (release, held), (enter, entered)) =
        (slot.clone(), mpsc::channel::<()>(), mpsc::channel());
    let visitor = thread::spawn(move || {
        slot.pin().inside(&mut || {
            enter.send(()).expect("the program waits");
            let _ = held.recv();
        })
    });
    entered.recv().expect("the thread goes inside");
    (release, visitor)
}

/// A call that does not wait is turned away.
fn is_closed(slot: &Slot<dyn Counter>) -> bool {
    let now = slot.with_budget(Duration::ZERO);
    matches!(Pin::generation(&now.pin()), Err(CallError::Draining { .. }))
}
