//! How long it takes from a complete artifact to the first call into it.
//!
//! Every contender gets the same new file in the same way, under the name that it watches, in turn.
//! The floor is what nobody can leave out who does not run what he has not seen: copy, hash, open,
//! check, close.

mod floor;
mod peers;

use benches_api::Calls;
use hotswap_benches::stats::Samples;
use hotswap_core::{Config, Host, Slot, SlotConfig};

use self::{
    floor::Floor,
    peers::{Relib, Reloader},
};
use crate::modules::{self, Artifact, PATIENCE, milliseconds, put};

/// The figures, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) floor: Samples,
    pub(crate) ours: Samples,
    pub(crate) relib: Samples,
    pub(crate) reloader: Samples,
    pub(crate) reloader_at_once: Samples,
}

/// Races everybody.
pub(crate) fn race(rounds: u64) -> Figures {
    let mut figures = Figures::default();
    let mut ours = Ours::new();
    let mut floor = Floor::new();
    let mut relib = Relib::new();
    let mut reloaders = [Reloader::by_default(), Reloader::at_once()];
    for round in 1..=rounds {
        figures.floor.0.push(floor.run(round));
        figures.ours.0.push(ours.run(round));
        figures.relib.0.push(relib.run(round));
        let [by_default, at_once] = &mut reloaders;
        figures.reloader.0.push(by_default.run(round));
        figures.reloader_at_once.0.push(at_once.run(round));
    }
    figures
}

struct Ours {
    artifact: Artifact,
    slot: Slot<dyn Calls>,
    _host: Host,
}

impl Ours {
    fn new() -> Self {
        let mut artifact = Artifact::read(&modules::build("benches-calls", &[]));
        let path = Self::path();
        put(&path, artifact.marked(0));
        let config = Config::production()
            .slot("live", SlotConfig::artifact(path))
            .with_retained_warning(usize::MAX);
        let host = Host::new(config).expect("the host starts");
        let slot = host.slot::<dyn Calls>("live").expect("the module is live");
        Self { artifact, slot, _host: host }
    }

    fn path() -> std::path::PathBuf {
        modules::scratch("live").join("libbenches_calls.so")
    }

    fn run(&mut self, round: u64) -> f64 {
        let next = self.slot.generation() + 1;
        let started = put(&Self::path(), self.artifact.marked(round));
        self.slot.wait_for(next, PATIENCE).expect("the artifact is taken");
        self.slot.pin().add(1).expect("the slot serves");
        milliseconds(started)
    }
}
