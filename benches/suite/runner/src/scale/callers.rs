//! More threads that call, all at full speed.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use benches_api::Calls;
use hotswap_benches::{
    stats::Samples,
    table::{Table, figure},
};
use hotswap_core::{Config, Host, SlotConfig};

use crate::{
    calls::{self, Kind, ROUNDS, Scene},
    modules::{self, Artifact, PATIENCE, milliseconds},
};

/// What a call costs, and how long an upgrade takes, under so many threads.
pub(crate) fn callers(scene: &Scene, counts: &[usize]) -> Table {
    let mut table = Table::new([
        "threads",
        "fn pointer ns",
        "reader ns",
        "pin ns",
        "reader / fn pointer",
        "upgrade ms",
        "calls meanwhile",
    ]);
    let mut artifact = Artifact::read(&modules::build("benches-calls", &[]));
    for &threads in counts {
        let race = scene.race(Kind::Number, threads, ROUNDS);
        let min = |name| race.samples(name).summary().map_or(f64::NAN, |it| it.min);
        let [pointer, reader, pin] = [calls::FN_POINTER, calls::READER, calls::PIN].map(min);
        let (took, made) = upgrades(&mut artifact, threads);
        let figures = [pointer, reader, pin, reader / pointer, took].map(figure);
        table.row([threads.to_string()].into_iter().chain(figures).chain([made.to_string()]));
    }
    table
}

/// The median of a few upgrades under callers, in milliseconds, and the calls that were made.
fn upgrades(artifact: &mut Artifact, threads: usize) -> (f64, u64) {
    let path = modules::scratch("callers").join("libbenches_calls.so");
    modules::put(&path, artifact.marked(0));
    let host = Host::new(Config::production().slot("callers", SlotConfig::artifact(&path)))
        .expect("it starts");
    let slot = host.slot::<dyn Calls>("callers").expect("the module is live");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let caller = || {
            let (reader, mut calls) = (slot.reader(), 0);
            while !over.load(Ordering::Relaxed) {
                reader.add(calls).expect("the slot serves");
                calls += 1;
            }
            calls
        };
        let callers: Vec<_> = (0..threads).map(|_| scope.spawn(caller)).collect();
        let mut took = Samples::default();
        for round in 1..=10 {
            let started = modules::put(&path, artifact.marked(round));
            slot.wait_for(round + 1, PATIENCE).expect("the artifact is taken");
            took.0.push(milliseconds(started));
        }
        over.store(true, Ordering::Relaxed);
        let calls = callers.into_iter().map(|it| it.join().expect("calls do not panic")).sum();
        (took.summary().map_or(f64::NAN, |it| it.median), calls)
    })
}
