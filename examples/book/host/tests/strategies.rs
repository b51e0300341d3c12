//! How a slot gets a strategy, as the chapter "Rolling out" shows it.

use std::time::Duration;

use hotswap_core::{Config, Host, SlotConfig, Strategy, Trial};

#[test]
fn a_strategy_is_taken_with_a_trial() {
    // ANCHOR: gradual
    let prices = SlotConfig::folder("/srv/prices")
        .with_strategy(Strategy::gradual([0.01, 0.1, 0.5]))
        .with_trial(Trial::new(Duration::from_secs(60)));
    // ANCHOR_END: gradual
    let host = Host::new(Config::dev().slot("prices", prices)).unwrap();
    host.shutdown().unwrap();
}

#[test]
fn a_strategy_without_a_trial_is_an_error() {
    let prices =
        SlotConfig::folder("/srv/prices").with_strategy(Strategy::gradual([0.01, 0.1, 0.5]));
    let error = Host::new(Config::dev().slot("prices", prices)).unwrap_err().to_string();
    assert!(error.contains("prices") && error.contains("trial"), "{error}");
}
