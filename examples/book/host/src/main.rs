//! The host of the book's example: opens a shop with a module that is linked in, so that it runs
//! without any artifact, and takes a newer one where there is one.
//!
//! The lines `ANCHOR: …` are for the book, which shows pieces of this file.

mod develop;
mod kept;
mod signed;

use std::{collections::BTreeMap, env, error::Error, time::Duration};

use corner_shop::CornerShop;
use hotswap_core::{
    CallError, Config, Host, Pin, Slot, SlotConfig, Timing,
    event::{Event, EventKind},
    probe,
};
use shop_api::{Customer, Journal, Order, Price, Shop};

// ANCHOR: journal
/// What the host lends to the module.
struct Lines(Vec<String>);

impl Journal for Lines {
    fn write(&mut self, line: &str) {
        self.0.push(line.to_owned());
    }
}
// ANCHOR_END: journal

// ANCHOR: serve
fn main() -> Result<(), Box<dyn Error>> {
    // First: a host starts this program again to rehearse an artifact, and nothing else of it is to
    // run there.
    probe::Probe::new()
        .check::<dyn Shop>("shop", |shop| match shop.pin().count()? {
            0..1_000_000 => Ok(()),
            many => Err(format!("{many} things, and the shop is small").into()),
        })
        .serve();
    // ANCHOR_END: serve

    match env::args().nth(1).as_deref() {
        Some("develop") => return develop::develop(),
        Some("kept") => return kept::kept(),
        Some("signed") => return signed::signed(),
        _ => {}
    }

    // ANCHOR: config
    let slot = SlotConfig::artifact("target/debug/libcorner_shop.so")
        .with_builtin::<CornerShop>()
        .with_module("corner-shop");
    let config = Config::production()
        .slot("shop", slot)
        .with_timing(Timing::on_request())
        .with_pause_deadline(Duration::from_millis(200))
        .on_event(told);
    let host = Host::new(config)?;
    let shop = host.slot::<dyn Shop>("shop")?;
    // ANCHOR_END: config

    frame(&shop)?;
    handles(&shop)?;
    let cents = order(&shop)?;
    println!("{cents} cents");

    // ANCHOR: apply
    // At the end of a frame: whatever is prepared takes over here, and nowhere else.
    let applied = host.apply_pending()?;
    // ANCHOR_END: apply
    println!("{applied} upgrades applied");

    // ANCHOR: status
    println!("{}", host.status());
    // ANCHOR_END: status

    // ANCHOR: shutdown
    host.shutdown()?;
    assert!(matches!(shop.pin().count(), Err(CallError::Ended { .. })));
    // ANCHOR_END: shutdown
    Ok(())
}

// ANCHOR: events
/// Runs on the host's own thread: hand over and return.
fn told(event: &Event) {
    match &event.kind {
        EventKind::Live(live) => println!("now {}; {}", live.release, live.state),
        EventKind::Refused(refusal) => eprintln!("{refusal}"),
        EventKind::Rehearsed { .. } | EventKind::NotRehearsed { .. } => println!("{event}"),
        EventKind::Pending { release, .. } => println!("{release} is ready"),
        _ => {}
    }
}
// ANCHOR_END: events

// ANCHOR: frame
/// One frame on one version, alone with the instance: nobody else's call comes in between.
fn frame(shop: &Slot<dyn Shop>) -> Result<(), CallError> {
    let mut journal = Lines(Vec::new());
    let mut shop = shop.pin_mut();
    shop.stock_up(BTreeMap::from([("tea".to_owned(), 20)]), &mut journal)?;
    shop.stock_up(BTreeMap::from([("soap".to_owned(), 5)]), &mut journal)?;
    assert_eq!(journal.0, ["20 of tea", "5 of soap"]);
    Ok(())
}
// ANCHOR_END: frame

// ANCHOR: handles
/// `&self` calls, in two ways.
fn handles(shop: &Slot<dyn Shop>) -> Result<(), CallError> {
    let pin = shop.pin();
    assert_eq!(pin.count()?, 25);
    assert_eq!(pin.sum(&[Price { item: 1, cents: 5 }, Price { item: 2, cents: 7 }])?, 12);
    println!("served by generation {}", Pin::generation(&pin)?);
    drop(pin);

    let reader = shop.reader();
    let mut items = Vec::new();
    reader.each(&mut |item, count| items.push(format!("{item}: {count}")))?;
    assert_eq!(items, ["soap: 5", "tea: 20"]);
    Ok(())
}
// ANCHOR_END: handles

// ANCHOR: fold
/// A `#[fold]` method has one `Result`, not two.
fn order(shop: &Slot<dyn Shop>) -> Result<u64, shop_api::ShopError> {
    shop.pin_mut().sell(Order {
        item: "tea".to_owned(),
        count: 3,
        from: Customer::Member {
            name: "ada".to_owned(),
            invited_by: Some(Box::new(Customer::Guest)),
        },
    })
}
// ANCHOR_END: fold
