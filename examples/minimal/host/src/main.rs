//! The program that does not stop: hands each line to the module that serves.

use std::{error::Error, io};

use adder_api::Adder;
use hotswap_core::{Config, Host, SlotConfig};

fn main() -> Result<(), Box<dyn Error>> {
    // Built now, and again whenever one of its sources is saved.
    let sources = SlotConfig::cargo("adder");
    let host = Host::new(Config::dev().slot("adder", sources))?;
    let adder = host.slot::<dyn Adder>("adder")?;

    for line in io::stdin().lines() {
        match adder.pin_mut().add(&line?) {
            Ok(total) => println!("total {total}"),
            Err(error) => println!("no total: {error}"),
        }
    }
    Ok(())
}
