//! From the save of a source to the first call into it, against `cargo build` of the same change.
//!
//! Each round saves a change and builds it by hand, and saves another one under a host that watches,
//! in turn the one and the other first.

use std::{thread, time::Duration};

use benches_api::Calls;
use hotswap_benches::stats::Samples;
use hotswap_core::{Config, Host, cargo};

use crate::{
    crates::Crate,
    modules::{PATIENCE, milliseconds},
};

/// The figures, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) alone: Samples,
    pub(crate) live: Samples,
}

impl Figures {
    /// What a host adds: the median of the differences, round by round.
    pub(crate) fn overhead(&self) -> Option<f64> {
        let pairs = self.live.0.iter().zip(&self.alone.0);
        Some(Samples(pairs.map(|(live, alone)| live - alone).collect()).summary()?.median)
    }
}

/// A crate whose source is saved.
#[derive(Debug)]
pub(crate) struct Saves {
    saved: Crate,
    release: bool,
}

impl Saves {
    /// Writes the crate, and builds what it depends on.
    pub(crate) fn new(release: bool) -> Self {
        let saved = Crate::module(if release { "saves-release" } else { "saves-debug" });
        let saves = Self { saved, release };
        saves.build();
        saves
    }

    /// Saves and builds, once by hand and once under a host, in each round.
    pub(crate) fn measure(&self, rounds: u64) -> Figures {
        let mut figures = Figures::default();
        for round in 1..=rounds {
            if round % 2 == 0 {
                figures.alone.0.push(self.alone(2 * round));
                figures.live.0.push(self.live(2 * round + 1));
            } else {
                figures.live.0.push(self.live(2 * round));
                figures.alone.0.push(self.alone(2 * round + 1));
            }
        }
        figures
    }

    fn build(&self) -> f64 {
        self.saved.build(if self.release { &["--release"] } else { &[] }, "")
    }

    fn alone(&self, number: u64) -> f64 {
        self.saved.save(number);
        self.build()
    }

    fn live(&self, number: u64) -> f64 {
        let (folder, target) = (self.saved.folder().to_owned(), self.saved.target());
        let profile = if self.release { cargo::Profile::Release } else { cargo::Profile::Dev };
        let config = Config::dev()
            .cargo_package("saved")
            .with_reporter(|_| {})
            .with_first_artifact_deadline(PATIENCE)
            .build(move |request| {
                request.with_folder(folder).with_profile(profile).with_target_folder(target)
            });
        let host = Host::new(config).expect("the host starts");
        let slot = host.slot::<dyn Calls>("saved").expect("the module is live");
        // The builder has said what it has built, and looks again at what it watches.
        thread::sleep(Duration::from_millis(300));
        let next = slot.generation() + 1;
        let started = std::time::Instant::now();
        self.saved.save(number);
        slot.wait_for(next, PATIENCE).expect("the save is built and taken");
        assert_eq!(slot.pin().add(0).expect("the slot serves"), number);
        let took = milliseconds(started);
        host.shutdown().expect("the host ends");
        took
    }
}
