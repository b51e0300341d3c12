//! More slots in one host.

use std::time::Instant;

use benches_api::Calls;
use hotswap_benches::table::{Table, figure};
use hotswap_core::{Config, Host};

use crate::modules::{self, Artifact, PATIENCE, milliseconds, resident_mib};

/// Hosts with so many slots, each with a generation of its own, and an upgrade of all of them.
pub(crate) fn slots(counts: &[usize]) -> Table {
    let mut table = Table::new([
        "slots",
        "start ms",
        "ms a slot",
        "MiB a slot",
        "upgrade of all ms",
        "ms a slot",
        "ns a call",
    ]);
    let mut artifact = Artifact::read(&modules::build("benches-calls", &[]));
    let path = modules::scratch("slots").join("libbenches_calls.so");
    for &count in counts {
        modules::put(&path, artifact.marked(0));
        let names: Vec<String> = (0..count).map(|at| format!("slot-{at}")).collect();
        let (before, started) = (resident_mib(), Instant::now());
        let config = Config::production().with_retained_warning(usize::MAX);
        let config = names.iter().fold(config, |config, name| config.artifact(name, &path));
        let host = Host::new(config).expect("the host starts");
        let slots: Vec<_> =
            names.iter().map(|name| host.slot::<dyn Calls>(name).expect("it is live")).collect();
        let start = milliseconds(started);
        let memory = resident_mib() - before;
        let started = modules::put(&path, artifact.marked(1));
        for slot in &slots {
            slot.wait_for(2, PATIENCE).expect("the artifact is taken");
        }
        let upgrade = milliseconds(started);
        let call = call(&slots);
        let each = |all: f64| all / count as f64;
        let figures = [start, each(start), each(memory), upgrade, each(upgrade), call].map(figure);
        table.row([count.to_string()].into_iter().chain(figures));
        host.shutdown().expect("the host ends");
    }
    table
}

/// A call by a reader of each slot in turn, in nanoseconds.
fn call(slots: &[hotswap_core::Slot<dyn Calls>]) -> f64 {
    const CALLS: usize = 200_000;
    let readers: Vec<_> = slots.iter().map(|slot| slot.reader()).collect();
    let turn = |times: usize| {
        for at in 0..times {
            readers[at % readers.len()].add(at as u64).expect("the slot serves");
        }
    };
    turn(readers.len());
    let best = (0..5).map(|_| {
        let started = Instant::now();
        turn(CALLS);
        started.elapsed().as_nanos() as f64 / CALLS as f64
    });
    best.fold(f64::INFINITY, f64::min)
}
