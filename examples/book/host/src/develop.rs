//! The host while its module is developed: it builds the module, and keeps its state over a
//! restart. Chosen by the argument `develop`.

use std::{
    error::Error,
    io,
    sync::mpsc::{self, Receiver},
};

use hotswap_core::{Config, Host, SlotConfig, cargo::Profile};
use shop_api::Shop;

/// Shows what the shop has, for each line that is typed.
pub(crate) fn develop() -> Result<(), Box<dyn Error>> {
    // ANCHOR: develop
    let config = Config::dev()
        .slot("corner-shop", SlotConfig::cargo("corner-shop"))
        .build(|request| request.with_profile(Profile::Dev))
        .with_data_dir("target/state");
    let (config, lines) = with_lines(config);
    let host = Host::new(config)?;
    let shop = host.slot::<dyn Shop>("corner-shop")?;
    // ANCHOR_END: develop
    for line in io::stdin().lines() {
        line?;
        lines.try_iter().for_each(|line| println!("{line}"));
        println!("{} things", shop.pin().count()?);
    }
    host.shutdown()?;
    Ok(())
}

// ANCHOR: terminal
/// The reporter's lines, for the program to show where it likes.
fn with_lines(config: Config) -> (Config, Receiver<String>) {
    let (sender, lines) = mpsc::channel();
    let config = config.with_reporter(move |line| {
        // Fails only when nobody shows lines any more.
        let _ = sender.send(line.to_owned());
    });
    (config, lines)
}
// ANCHOR_END: terminal
