//! What the book says of testing a module: calls, state, a migration, the built library.

use std::collections::BTreeMap;

use corner_shop::CornerShop;
use hotswap_core::{
    Config, ErrorKind, Slot, StateDrift, event::StateNote, harness::Harness, snapshot::Snapshot,
};
use shop_api::{Customer, Journal, Order, Shop, ShopError};

// ANCHOR: calls
#[test]
fn what_is_sold_is_gone() {
    let shop = Harness::builtin::<CornerShop>().start::<dyn Shop>().unwrap();
    stock_up(shop.slot(), "tea", 3);
    assert_eq!(shop.slot().pin_mut().sell(order("tea", 2)), Ok(640));
    assert_eq!(shop.slot().pin_mut().sell(order("tea", 2)), Err(ShopError::SoldOut));
    assert_eq!(shop.slot().pin().count().unwrap(), 1);
}
// ANCHOR_END: calls

// ANCHOR: reload
#[test]
fn the_state_survives_a_reload() {
    let harness = Harness::builtin::<CornerShop>();
    let shop = harness.start::<dyn Shop>().unwrap();
    stock_up(shop.slot(), "tea", 3);
    let state = shop.end().unwrap().expect("it has a state");

    let again = harness.restore::<dyn Shop>(&state).unwrap();
    assert_eq!(again.live().state, StateNote::Kept);
    assert_eq!(again.slot().pin().count().unwrap(), 3);
}
// ANCHOR_END: reload

// ANCHOR: migration
#[test]
fn a_state_of_version_1_is_migrated() {
    let stored = Snapshot::read("tests/snapshots/version-1.snapshot")
        .expect("UPDATE_SNAPSHOTS=1 cargo test -p corner-shop --test version_1 writes it anew");
    let shop = Harness::builtin::<CornerShop>().restore::<dyn Shop>(&stored).unwrap();
    assert_eq!(shop.live().state, StateNote::Migrated { from: 1, to: 2 });
    assert_eq!(shop.slot().pin().count().unwrap(), 17);
}
// ANCHOR_END: migration

// ANCHOR: package
#[test]
fn the_built_library_takes_the_same_state() {
    let stored = Snapshot::read("tests/snapshots/version-1.snapshot").unwrap();
    let shop = Harness::package("corner-shop").restore::<dyn Shop>(&stored).unwrap();
    assert!(shop.live().release.artifact.is_some(), "it is a library, not linked in");
    assert_eq!(shop.slot().pin().count().unwrap(), 17);
    // Panics and all: what it sells has no price.
    stock_up(shop.slot(), "gold", 1);
    let error = shop.slot().pin_mut().sell(order("gold", 1)).unwrap_err();
    assert!(error.to_string().contains("failed in Shop::sell"), "{error}");
}
// ANCHOR_END: package

// ANCHOR: configure
/// As the program sets its host up that runs the module.
fn as_deployed() -> Harness {
    let like_the_program = |config: Config| config.with_state_drift(StateDrift::Refuse);
    Harness::builtin::<CornerShop>().configure(like_the_program)
}

#[test]
fn another_interface_is_refused() {
    let error = as_deployed().start::<dyn Journal>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Artifact);
    assert!(error.to_string().contains("interface  host: Journal   artifact: Shop"), "{error}");
}
// ANCHOR_END: configure

/// Where the module writes what it takes in.
struct Nothing;

impl Journal for Nothing {
    fn write(&mut self, _line: &str) {}
}

fn stock_up(shop: &Slot<dyn Shop>, item: &str, count: u32) {
    let goods = BTreeMap::from([(item.to_owned(), count)]);
    shop.pin_mut().stock_up(goods, &mut Nothing).unwrap();
}

fn order(item: &str, count: u32) -> Order {
    Order { item: item.to_owned(), count, from: Customer::Guest }
}
