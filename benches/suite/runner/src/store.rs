//! A host with one module that has a state, and what it tells of its upgrades.

use std::{
    path::PathBuf,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use benches_api::Store;
use hotswap_benches::stats::Samples;
use hotswap_core::{
    Config, Host, Slot, SlotConfig,
    event::{EventKind, Live},
};

use crate::{
    callers,
    modules::{self, PATIENCE},
};

/// What a number of upgrades came to, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    /// The longest wait of each upgrade.
    pub(crate) longest: Samples,
    /// The pause of each, as the host tells it.
    pub(crate) told: Samples,
    /// All calls of all upgrades.
    pub(crate) calls: Samples,
}

/// The host.
#[derive(Debug)]
pub(crate) struct Stored {
    path: PathBuf,
    told: Receiver<Live>,
    pub(crate) slot: Slot<dyn Store>,
    // Last: the slot's calls go through it.
    host: Host,
}

impl Stored {
    /// Serves an artifact whose state has so many records.
    pub(crate) fn new(artifact: &[u8], records: u64) -> Self {
        let path = modules::scratch("pause").join("libbenches_store.so");
        modules::put(&path, artifact);
        let (sender, told) = channel();
        let config = Config::production()
            .slot("store", SlotConfig::artifact(&path))
            .with_pause_deadline(PATIENCE)
            .with_call_budget(PATIENCE)
            .on_event(move |event| {
                if let EventKind::Live(live) = &event.kind {
                    // Fails only when nobody is interested any more.
                    let _ = sender.send(live.clone());
                }
            });
        let host = Host::new(config).expect("the host starts");
        let slot = host.slot::<dyn Store>("store").expect("the module is live");
        slot.pin_mut().fill(records).expect("the slot serves");
        told.recv_timeout(PATIENCE).expect("the first version is told");
        Self { path, told, slot, host }
    }

    /// Upgrades it while it is called; what the host tells of it.
    pub(crate) fn upgrade(&self, artifact: &[u8], waits: &mut Waits) -> Live {
        let records = self.slot.pin().records().expect("the slot serves");
        let next = self.slot.generation() + 1;
        let mut calls = callers::waits(&self.slot, || {
            modules::put(&self.path, artifact);
            self.slot.wait_for(next, PATIENCE).expect("the artifact is taken");
        });
        assert_eq!(self.slot.pin().records().expect("the slot serves"), records);
        let live = self.told.recv_timeout(PATIENCE).expect("it is told");
        waits.longest.0.push(calls.0.iter().copied().fold(0.0, f64::max));
        waits.told.0.push(live.pause.unwrap_or(Duration::ZERO).as_secs_f64() * 1e3);
        waits.calls.0.append(&mut calls.0);
        live
    }

    /// Ends it.
    pub(crate) fn end(self) {
        self.host.shutdown().expect("the host ends");
    }
}
