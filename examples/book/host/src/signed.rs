//! The host of a process that must not stop: it takes signed artifacts only, rehearses each, and has
//! it on trial:
//! `signed <artifact> <public key> <folder>`.

use std::{env, error::Error, fs, time::Duration};

use hotswap_core::{Config, Host, Rehearsal, Replay, SlotConfig, Trial, Trust};
use shop_api::Shop;

pub(crate) fn signed() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(2);
    let mut arg = || args.next().ok_or("expected an artifact, a public key and a folder");
    let (artifact, key_file, data) = (arg()?, arg()?, arg()?);
    // ANCHOR: trial
    // Half a minute and a thousand calls, of which none panics, and which take no more than twice
    // as long as those of the version before.
    let trial = Trial::new(Duration::from_secs(30))
        .with_calls(1000, Duration::from_secs(300))
        .with_slower(2.0);
    // ANCHOR_END: trial
    // ANCHOR: rehearsal
    // First in a child process, for no longer than ten seconds and with no more than 512 MiB.
    let rehearsal = Rehearsal::new().with_deadline(Duration::from_secs(10)).with_memory(512 << 20);
    // ANCHOR_END: rehearsal
    // ANCHOR: replay
    // There both versions are asked what callers ask in the next two seconds, a thousand calls at
    // most. Who wants a sum gets the same one as before.
    let replay = Replay::calls(1000).within(Duration::from_secs(2)).exact(["sum"]);
    let rehearsal = rehearsal.with_replay(replay);
    // ANCHOR_END: replay
    // ANCHOR: signed
    let key = fs::read_to_string(key_file)?;
    let config = Config::production()
        .slot("shop", SlotConfig::artifact(artifact).with_module("corner-shop"))
        .with_trust(Trust::minisign([key])?)
        .with_data_dir(data)
        .with_rehearsal(rehearsal)
        .with_trial(trial);
    let host = Host::new(config)?;
    // ANCHOR_END: signed
    let shop = host.slot::<dyn Shop>("shop")?;
    println!("{} things", shop.pin().count()?);
    // ANCHOR: downgrade
    host.operator().allow_downgrade("corner-shop", "0.1.0".parse()?)?;
    // ANCHOR_END: downgrade
    host.shutdown()?;
    Ok(())
}
