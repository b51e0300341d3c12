//! The host that takes signed artifacts only: `signed <artifact> <public key> <folder>`.

use std::{env, error::Error, fs};

use hotswap_core::{Config, Host, Trust};
use shop_api::Shop;

pub(crate) fn signed() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(2);
    let mut arg = || args.next().ok_or("expected an artifact, a public key and a folder");
    let (artifact, key_file, floors) = (arg()?, arg()?, arg()?);
    // ANCHOR: signed
    let key = fs::read_to_string(key_file)?;
    let config = Config::production()
        .artifact("shop", artifact)
        .with_trust(Trust::minisign([key])?)
        .with_floors(floors);
    let host = Host::new(config)?;
    // ANCHOR_END: signed
    let shop = host.slot::<dyn Shop>("shop")?;
    println!("{} things", shop.pin().count()?);
    // ANCHOR: downgrade
    host.allow_downgrade("corner-shop", "0.1.0".parse()?)?;
    // ANCHOR_END: downgrade
    host.shutdown()?;
    Ok(())
}
