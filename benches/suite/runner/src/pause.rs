//! The pause that callers see while a module with state is replaced.
//!
//! A generator calls at fixed times, whatever the calls before have taken, and counts from the time
//! at which a call should have begun: so a pause is seen by every call that falls into it, and not
//! only by the one that waits. Held against it is what nobody can leave out: to encode the state,
//! by reference, and to decode it.

use std::{
    fs, mem,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use benches_api::{
    Store,
    store::{Record, RecordsV1, RecordsV2},
};
use hotswap_abi::portable::Buffer;
use hotswap_benches::stats::Samples;
use hotswap_core::{Config, Host, Slot};

use crate::modules::{self, Artifact, PATIENCE};

/// How often the generator calls.
const EVERY: Duration = Duration::from_micros(50);

/// The modules, in their two shapes.
#[derive(Debug)]
pub(crate) struct Shapes {
    first: Artifact,
    second: Artifact,
}

/// What a number of upgrades came to, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// The longest wait of each upgrade.
    pub(crate) longest: Samples,
    /// What the host says of each.
    pub(crate) told: Samples,
    /// All calls of all upgrades.
    pub(crate) calls: Samples,
    /// The codec alone.
    pub(crate) codec: Samples,
}

impl Shapes {
    /// Builds them.
    pub(crate) fn new() -> Self {
        let folder = modules::scratch("store");
        let kept = |name: &str, features: &[&str]| -> PathBuf {
            let path = folder.join(name);
            fs::copy(modules::build("benches-store", features), &path)
                .expect("the target folder can be written");
            path
        };
        let (first, second) = (kept("first.so", &[]), kept("second.so", &["second"]));
        Self { first: Artifact::read(&first), second: Artifact::read(&second) }
    }

    /// Upgrades a module whose state is of about so many bytes, once a round.
    pub(crate) fn measure(&mut self, bytes: usize, changed: bool, rounds: u64) -> Figures {
        let mut figures = Figures::default();
        let records = records(bytes);
        let path = modules::scratch("pause").join("libbenches_store.so");
        for round in 1..=rounds {
            figures.codec.0.push(codec(records));
            replace(&path, self.first.marked(0));
            let (sender, told) = std::sync::mpsc::channel();
            let config = Config::production()
                .artifact("store", &path)
                .with_pause_deadline(PATIENCE)
                .with_call_budget(PATIENCE)
                .on_event(move |event| {
                    if let hotswap_core::event::EventKind::Live(live) = &event.kind {
                        // Fails only when the round is over.
                        let _ = sender.send(live.pause);
                    }
                });
            let host = Host::new(config).expect("the host starts");
            let slot = host.slot::<dyn Store>("store").expect("the module is live");
            slot.pin_mut().fill(records).expect("the slot serves");
            let next = if changed { &mut self.second } else { &mut self.first };
            let mut waits = upgrade(&slot, &path, next.marked(round));
            assert_eq!(slot.pin().records().expect("the slot serves"), records);
            figures.longest.0.push(waits.0.iter().copied().fold(0.0, f64::max));
            figures.calls.0.append(&mut waits.0);
            let pause = told.try_iter().filter_map(|pause: Option<Duration>| pause).last();
            figures.told.0.extend(pause.map(|pause| pause.as_secs_f64() * 1e3));
            host.shutdown().expect("the host ends");
        }
        figures
    }
}

/// Calls at fixed times while an artifact is taken; the waits in milliseconds.
fn upgrade(slot: &Slot<dyn Store>, path: &Path, artifact: &[u8]) -> Samples {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let generator = scope.spawn(|| {
            let reader = slot.reader();
            let (started, mut waits) = (Instant::now(), Vec::new());
            for call in 0.. {
                let due = started + EVERY * call;
                // A sleep is too coarse.
                while Instant::now() < due {
                    thread::yield_now();
                }
                reader.records().expect("the slot serves");
                waits.push(due.elapsed().as_secs_f64() * 1e3);
                if over.load(Ordering::Relaxed) {
                    break;
                }
            }
            Samples(waits)
        });
        let next = slot.generation() + 1;
        replace(path, artifact);
        slot.wait_for(next, PATIENCE).expect("the artifact is taken");
        over.store(true, Ordering::Relaxed);
        generator.join().expect("calls do not panic")
    })
}

fn replace(path: &Path, bytes: &[u8]) {
    let part = path.with_extension("part");
    fs::write(&part, bytes).expect("the target folder can be written");
    fs::rename(&part, path).expect("the target folder can be written");
}

/// How many records make a state of so many bytes.
fn records(bytes: usize) -> u64 {
    let mut buffer = Buffer::new();
    let state = RecordsV1 { records: (0..100).map(Record::of).collect() };
    hotswap_abi::state::encode(&state, &mut buffer.writer()).expect("the state can be encoded");
    (bytes * 100 / buffer.bytes().len()) as u64
}

/// Encodes a state by reference, decodes it and gives it its second shape; in milliseconds.
fn codec(records: u64) -> f64 {
    let state = RecordsV1 { records: (0..records).map(Record::of).collect() };
    let mut buffer = Buffer::new();
    let started = Instant::now();
    hotswap_abi::state::encode(&state, &mut buffer.writer()).expect("the state can be encoded");
    let old: RecordsV1 = hotswap_abi::state::decode(buffer.bytes()).expect("and decoded");
    let new = RecordsV2 { records: old.records, origin: String::new() };
    let figure = started.elapsed().as_secs_f64() * 1e3;
    drop(mem::take(&mut buffer));
    assert_eq!(std::hint::black_box(new).records.len() as u64, records);
    figure
}
