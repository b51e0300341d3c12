//! The pause that callers see while a module with state is replaced.
//!
//! Held against it is what nobody can leave out whose state has a new shape: to encode the state, by
//! reference, and to decode it. A state whose shape has not changed is handed over as memory, if
//! its module says so; another one goes the same way as if it had changed.

use std::{fs, mem, path::PathBuf, time::Instant};

use benches_api::store::{Record, RecordsV1, RecordsV2};
use hotswap_abi::__private::portable::Buffer;
use hotswap_benches::stats::Samples;
use hotswap_core::event::StateNote;

use crate::{
    callers,
    modules::{self, Artifact},
    store::{Stored, Waits},
};

/// About how many bytes an entity of a scene has in memory.
const ENTITY: usize = 1 << 10;

/// The modules, in their two shapes, and the one whose state can be handed over.
#[derive(Debug)]
pub(crate) struct Shapes {
    first: Artifact,
    second: Artifact,
    scene: Artifact,
}

/// What upgrades with a codec came to.
#[derive(Debug, Default)]
pub(crate) struct Encoded {
    pub(crate) waits: Waits,
    /// The codec alone, in milliseconds.
    pub(crate) codec: Samples,
}

/// What upgrades came to whose state was handed over.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    pub(crate) waits: Waits,
    /// What the state has taken of the machine's memory, in MiB; `None` where it got what others had
    /// left to the process.
    pub(crate) resident_mib: Option<f64>,
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
        Self {
            first: Artifact::read(&first),
            second: Artifact::read(&second),
            scene: Artifact::read(&modules::build("benches-scene", &[])),
        }
    }

    /// Upgrades a module whose state is of about so many bytes, once a round, into one with another
    /// shape, or with the same one.
    pub(crate) fn encoded(&mut self, bytes: usize, changed: bool, rounds: u64) -> Encoded {
        callers::beside(|| self.encode(bytes, changed, rounds))
    }

    /// Upgrades a module whose state has about so many bytes in memory, once a round.
    pub(crate) fn moved(&mut self, bytes: usize, rounds: u64) -> Moved {
        callers::beside(|| self.hand_over(bytes, rounds))
    }

    fn encode(&mut self, bytes: usize, changed: bool, rounds: u64) -> Encoded {
        let mut figures = Encoded::default();
        let records = records(bytes);
        for round in 1..=rounds {
            figures.codec.0.push(codec(records));
            let stored = Stored::new(self.first.marked(0), records);
            let next = if changed { &mut self.second } else { &mut self.first };
            stored.upgrade(next.marked(round), &mut figures.waits);
            stored.end();
        }
        figures
    }

    fn hand_over(&mut self, bytes: usize, rounds: u64) -> Moved {
        let mut figures = Moved::default();
        let before = modules::resident_mib();
        let stored = Stored::new(self.scene.marked(0), (bytes / ENTITY) as u64);
        let taken = modules::resident_mib() - before;
        figures.resident_mib = (taken * f64::from(1 << 20) > bytes as f64 / 2.0).then_some(taken);
        for round in 1..=rounds {
            let live = stored.upgrade(self.scene.marked(round), &mut figures.waits);
            assert_eq!(live.state, StateNote::Moved);
        }
        stored.end();
        figures
    }
}

/// How many records make a state of so many bytes.
fn records(bytes: usize) -> u64 {
    let mut buffer = Buffer::new();
    let state = RecordsV1 { records: (0..100).map(Record::of).collect() };
    hotswap_abi::__private::state::encode(&state, &mut buffer.writer())
        .expect("the state can be encoded");
    (bytes * 100 / buffer.bytes().len()) as u64
}

/// Encodes a state by reference, decodes it and gives it its second shape; in milliseconds.
fn codec(records: u64) -> f64 {
    let state = RecordsV1 { records: (0..records).map(Record::of).collect() };
    let mut buffer = Buffer::new();
    let started = Instant::now();
    hotswap_abi::__private::state::encode(&state, &mut buffer.writer())
        .expect("the state can be encoded");
    let old: RecordsV1 =
        hotswap_abi::__private::state::decode(buffer.bytes()).expect("and decoded");
    let new = RecordsV2 { records: old.records, origin: String::new() };
    let figure = started.elapsed().as_secs_f64() * 1e3;
    drop(mem::take(&mut buffer));
    assert_eq!(std::hint::black_box(new).records.len() as u64, records);
    figure
}
