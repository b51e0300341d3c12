//! The program that does not stop: hands each line to the module that serves.

use std::{error::Error, io};

use adder_api::Adder;
use hotswap_core::{Config, Host, SlotConfig, StateDrift, event::EventKind};

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::dev()
        .slot("adder", SlotConfig::artifact("target/debug/libadder.so"))
        .with_state_drift(StateDrift::Refuse)
        .on_event(|event| match event.kind {
            EventKind::Phase { .. }
            | EventKind::Planned(_)
            | EventKind::Panicked(_)
            | EventKind::Reported(_)
            | EventKind::Retired { .. } => {}
            _ => println!("{event}"),
        });
    let host = Host::new(config)?;
    let adder = host.slot::<dyn Adder>("adder")?;

    for line in io::stdin().lines() {
        match adder.pin_mut().add(&line?) {
            Ok(total) => println!("total {total}"),
            Err(error) => println!("no total: {error}"),
        }
    }
    host.shutdown()?;
    Ok(())
}
