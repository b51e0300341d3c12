//! The module as its version 1 was, kept to write the state that `upgrade.rs` migrates.
//!
//! A test program of its own: two modules of one package do not link into one program.
//!
//! The stored file is written anew, after a change of its format, by
//! `UPDATE_SNAPSHOTS=1 cargo test -p corner-shop --test version_1`.

use std::{borrow::Cow, collections::BTreeMap, env};

use hotswap_abi::{Context, HotModule, HotState, Module, ModuleError, Start};
use hotswap_core::{harness::Harness, snapshot::Snapshot};
use serde::{Deserialize, Serialize};
use shop_api::{Journal, Order, Price, Shop, ShopError};

const STORED: &str = "tests/snapshots/version-1.snapshot";

/// The state, as `ShelvesV1` in the module has it.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 1)]
struct Shelves {
    goods: BTreeMap<String, u32>,
}

/// Takes goods in, and sells nothing yet.
#[derive(HotModule)]
#[hot_module(interface = Shop)]
struct FirstShop {
    shelves: Shelves,
}

impl Module for FirstShop {
    type State = Shelves;

    fn start(from: Start<Shelves>, _cx: &Context) -> Result<Self, ModuleError> {
        Ok(Self { shelves: from.state().unwrap_or_default() })
    }

    fn state(&self) -> Cow<'_, Shelves> {
        Cow::Borrowed(&self.shelves)
    }
}

impl Shop for FirstShop {
    fn sell(&mut self, _order: Order) -> Result<u64, ShopError> {
        Err(ShopError::SoldOut)
    }

    fn stock_up(&mut self, goods: BTreeMap<String, u32>, _journal: &mut dyn Journal) {
        self.shelves.goods.extend(goods);
    }

    fn sum(&self, prices: &[Price]) -> u64 {
        prices.iter().map(|price| price.cents).sum()
    }

    fn each(&self, visit: &mut dyn FnMut(&str, u32)) {
        for (item, count) in &self.shelves.goods {
            visit(item, *count);
        }
    }
}

struct Nothing;

impl Journal for Nothing {
    fn write(&mut self, _line: &str) {}
}

// ANCHOR: store
#[test]
fn the_stored_state_is_what_version_1_writes() {
    let shop = Harness::builtin::<FirstShop>().start::<dyn Shop>().unwrap();
    let goods = BTreeMap::from([("soap".to_owned(), 5), ("tea".to_owned(), 12)]);
    shop.slot().pin_mut().stock_up(goods, &mut Nothing).unwrap();
    let state = shop.end().unwrap().expect("it has a state");

    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        state.write(STORED).unwrap();
    }
    let stored = Snapshot::read(STORED).expect("written by this test under UPDATE_SNAPSHOTS=1");
    assert_eq!(stored.state(), state.state());
    assert_eq!(stored.size(), state.size());
}
// ANCHOR_END: store
