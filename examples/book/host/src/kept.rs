//! A host that goes on after whatever has ended it: `kept <artifact> <folder>`.

use std::{env, error::Error, time::Duration};

use hotswap_core::{
    Config, Host, SlotConfig,
    event::{Event, EventKind},
    journal::RevertTarget,
    report::Note,
};
use shop_api::Shop;

pub(crate) fn kept() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(2);
    let mut arg = || args.next().ok_or("expected an artifact and a folder");
    let (artifact, folder) = (arg()?, arg()?);
    // ANCHOR: journal
    let config = Config::production()
        .slot("shop", SlotConfig::artifact(artifact))
        .with_data_dir(folder)
        .with_checkpoint_interval(Duration::from_secs(60))
        .on_event(|event: &Event| match &event.kind {
            EventKind::Recovered(recovered) => println!("{recovered}"),
            EventKind::Refused(refusal) => println!("{refusal}"),
            _ => {}
        });
    let host = Host::new(config)?;
    // ANCHOR_END: journal
    let shop = host.slot::<dyn Shop>("shop")?;
    println!("{} things", shop.pin().count()?);
    // ANCHOR: backups
    let backup = host.operator().checkpoint("shop")?; // it is on disk now
    for backup in host.operator().backups("shop")? {
        println!("{backup}");
    }
    host.operator().restore("shop", backup.number)?;
    // ANCHOR_END: backups
    // ANCHOR: revert
    for past in host.operator().history()? {
        println!("{past}");
    }
    let earlier = RevertTarget::Version("0.1.0".parse()?);
    host.operator().revert_to("shop", earlier, "orders are counted twice")?;
    // ANCHOR_END: revert
    // ANCHOR: reports
    if let Some(report) = host.report("shop") {
        println!("{report}");
        let note = Note::new("ada", "orders were counted twice").with_solution("0.1.1 counts once");
        host.operator().add_note("shop", report.number, note)?;
    }
    // ANCHOR_END: reports
    host.shutdown()?;
    Ok(())
}
