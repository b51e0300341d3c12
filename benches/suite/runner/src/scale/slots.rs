//! More slots in one host.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use benches_api::Calls;
use hotswap_benches::{
    Contender, Rounds, race,
    rounds::Run,
    table::{Table, figure},
};
use hotswap_core::{Config, Host, Reader, Slot, SlotConfig};
use libloading::{Library, os::unix};

use crate::{
    calls::{number, symbol},
    modules::{self, Artifact, PATIENCE, milliseconds, resident_mib},
};

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
        "by fn pointers",
    ]);
    // With debug information, a thousand copies are as much as a disk takes in a minute.
    let mut artifact = Artifact::read(&modules::stripped(&modules::build("benches-calls", &[])));
    let path = modules::scratch("slots").join("libbenches_calls.so");
    for &count in counts {
        modules::put(&path, artifact.marked(0));
        let names: Vec<String> = (0..count).map(|at| format!("slot-{at}")).collect();
        let (before, started) = (resident_mib(), Instant::now());
        let config = Config::production().with_retained_warning(usize::MAX);
        let config = names
            .iter()
            .fold(config, |config, name| config.slot(name, SlotConfig::artifact(&path)));
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
        let [call, pointer] = calls(&slots);
        let each = |all: f64| all / count as f64;
        let figures = [start, each(start), each(memory), upgrade, each(upgrade), call, pointer];
        let figures = figures.map(figure);
        table.row([count.to_string()].into_iter().chain(figures));
        host.shutdown().expect("the host ends");
    }
    table
}

/// Many calls in each batch: each way begins with a turn that fetches what it needs.
const LONG_ROUNDS: Rounds = Rounds { count: 12, batch: Duration::from_millis(50) };

/// A call of each slot in turn by a reader of its own, and of as many copies of the library by
/// function pointers, in nanoseconds.
fn calls(slots: &[Slot<dyn Calls>]) -> [f64; 2] {
    let copies: Vec<_> = copies(slots.len()).collect();
    let readers = || {
        in_turn(slots.iter().map(Slot::reader).collect(), |reader: &Reader<dyn Calls>, x| {
            reader.add(x).expect("the slot serves")
        })
    };
    let pointers = || {
        let pointers = copies.iter().map(|copy| symbol::<fn(u64) -> u64>(copy, "direct_add"));
        in_turn(pointers.collect(), |add, x| add(x))
    };
    let race = race(
        &[Contender::new("readers", readers), Contender::new("fn pointers", pointers)],
        LONG_ROUNDS,
    );
    [0, 1].map(|at| race[at].summary().map_or(f64::NAN, |it| it.min))
}

fn in_turn<'a, T: 'a>(all: Vec<T>, call: impl Fn(&T, u64) -> u64 + 'a) -> Run<'a> {
    let mut at = 0;
    number(move |x| {
        let result = call(&all[at], x);
        at = if at + 1 < all.len() { at + 1 } else { 0 };
        result
    })
}

/// So many of the private copies that are mapped, opened once more.
fn copies(count: usize) -> impl Iterator<Item = Library> {
    /// Of glibc's `dlfcn.h`: what is not mapped is not opened.
    const RTLD_NOLOAD: i32 = 4;
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let paths = maps.lines().filter_map(|line| line.split_once('/').map(|(_, path)| path));
    // Of those of earlier hosts the files are gone.
    let paths = paths.filter(|path| path.contains("/libbenches_calls-") && path.ends_with(".so"));
    let paths: BTreeSet<String> = paths.map(|path| format!("/{path}")).collect();
    paths.into_iter().take(count).map(|path| {
        // SAFETY: it is mapped, so that nothing of it runs.
        let library = unsafe { unix::Library::open(Some(&path), unix::RTLD_NOW | RTLD_NOLOAD) };
        library.expect("it is mapped").into()
    })
}
