//! A server that operators upgrade while it sells: `price-server FOLDER`. The book's chapter
//! "Operating a host" is played on it.
//!
//! Below the folder: `incoming`, where artifacts are watched; `journal`, what outlives the process;
//! `admin.sock`, where the program `hotswap` asks.

mod customers;

use std::{
    env,
    error::Error,
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use hotswap_core::{
    Approval, Config, Host, Rehearsal, SlotConfig, Trial,
    event::{Event, EventKind},
    plan::Level,
    probe::Probe,
};
use prices::Prices;
use prices_api::Pricing;

use crate::customers::Customers;

fn main() -> Result<(), Box<dyn Error>> {
    // First: a host starts this program again to rehearse an artifact.
    Probe::new()
        .check::<dyn Pricing>("prices", |prices| match prices.pin().quote("bread", 1)? {
            1..1000 => Ok(()),
            cents => Err(format!("bread costs {cents} cents").into()),
        })
        .serve();

    let folder: PathBuf = env::args_os().nth(1).ok_or("usage: price-server FOLDER")?.into();
    // Nobody else may write where the host answers, and keeps its journal.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder.join("incoming"))?;
    let host = Host::new(config(&folder))?;
    println!("process {} answers at {}", process::id(), folder.join("admin.sock").display());
    let prices = host.slot::<dyn Pricing>("prices")?;

    let customers = Customers::come(&prices);
    // Until `quit`, or the end of the input.
    for line in io::stdin().lines() {
        if line? == "quit" {
            break;
        }
    }
    customers.leave()?;
    host.shutdown()?;
    Ok(())
}

// ANCHOR: config
fn config(folder: &Path) -> Config {
    let prices = SlotConfig::folder(folder.join("incoming")).with_builtin::<Prices>();
    Config::production()
        .slot("prices", prices)
        .with_rehearsal(Rehearsal::new())
        .with_approval(Approval::up_to(Level::Low))
        .with_trial(Trial::new(Duration::from_secs(5)).with_calls(100, Duration::from_secs(60)))
        .with_data_dir(folder)
        .with_checkpoint_interval(Duration::from_secs(60))
        .admin(folder.join("admin.sock"))
        .on_event(told)
}
// ANCHOR_END: config

/// What its log shows.
fn told(event: &Event) {
    match event.kind {
        EventKind::Phase { .. }
        | EventKind::Rehearsed { .. }
        | EventKind::BackedUp(_)
        | EventKind::Panicked(_)
        | EventKind::Retired { .. }
        | EventKind::Reported(_) => {}
        _ => println!("{event}"),
    }
}
