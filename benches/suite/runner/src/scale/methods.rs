//! An interface with more methods.

use std::fs;

use benches_api::wide::{Wide1, Wide10, Wide50, Wide200};
use hotswap_benches::{
    stats::Samples,
    table::{Table, figure},
};
use hotswap_core::{Config, Host, SlotConfig};

use crate::modules::{self, Artifact, PATIENCE, milliseconds};

/// Upgrades of modules whose interfaces have one method to two hundred.
pub(crate) fn methods() -> Table {
    let mut table =
        Table::new(["methods", "artifact KiB", "artifact to first call, min ms", "median"]);
    macro_rules! row {
        ($interface:ident, $count:literal, $features:expr) => {{
            let built = modules::build("benches-wide", $features);
            let size = fs::metadata(&built).map_or(f64::NAN, |it| it.len() as f64 / 1024.0);
            let mut artifact = Artifact::read(&built);
            let path = modules::scratch("methods").join("libbenches_wide.so");
            modules::put(&path, artifact.marked(0));
            let config = Config::production().slot("wide", SlotConfig::artifact(&path));
            let host = Host::new(config.with_retained_warning(usize::MAX)).expect("it starts");
            let slot = host.slot::<dyn $interface>("wide").expect("the module is live");
            let mut took = Samples::default();
            for round in 1..=20 {
                let started = modules::put(&path, artifact.marked(round));
                slot.wait_for(round + 1, PATIENCE).expect("the artifact is taken");
                assert_eq!(slot.pin().m0(7).expect("the slot serves"), 7);
                took.0.push(milliseconds(started));
            }
            if let Some(took) = took.summary() {
                table.row([
                    stringify!($count).to_owned(),
                    figure(size),
                    figure(took.min),
                    figure(took.median),
                ]);
            }
        }};
    }
    row!(Wide1, 1, &[]);
    row!(Wide10, 10, &["ten"]);
    row!(Wide50, 50, &["fifty"]);
    row!(Wide200, 200, &["two-hundred"]);
    table
}
