//! What is left of many upgrades, where old code is unloaded: memory and descriptors of the process,
//! looked at as they go on.

use std::fs;

use benches_api::Calls;
use hotswap_core::{Config, Host, Retire, SlotConfig};

use crate::modules::{self, Artifact, PATIENCE};

/// What the process has after a number of upgrades.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) upgrades: u64,
    pub(crate) resident_mib: f64,
    pub(crate) descriptors: usize,
    pub(crate) mapped: usize,
}

/// Upgrades so often, under a caller, and looks ten times.
pub(crate) fn measure(upgrades: u64) -> Vec<Sight> {
    let mut artifact = Artifact::read(&modules::stripped(&modules::build("benches-calls", &[])));
    let path = modules::scratch("growth").join("libbenches_calls.so");
    modules::put(&path, artifact.marked(0));
    let config = Config::production()
        .slot("growth", SlotConfig::artifact(&path))
        .with_retire(Retire::Unload);
    let host = Host::new(config).expect("the host starts");
    let slot = host.slot::<dyn Calls>("growth").expect("the module is live");
    let reader = slot.reader();
    let mut sights = Vec::new();
    for upgrade in 1..=upgrades {
        let next = slot.generation() + 1;
        modules::put(&path, artifact.marked(upgrade));
        slot.wait_for(next, PATIENCE).expect("the artifact is taken");
        reader.add(upgrade).expect("the slot serves");
        if upgrade % (upgrades / 10).max(1) == 0 {
            sights.push(look(upgrade));
        }
    }
    sights
}

fn look(upgrades: u64) -> Sight {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    Sight {
        upgrades,
        resident_mib: modules::resident_mib(),
        descriptors: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
        mapped: maps.lines().count(),
    }
}
