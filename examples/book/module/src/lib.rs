//! The module of the book's example.
//!
//! The lines `ANCHOR: …` are for the book, which shows pieces of this file.

pub mod till;

use std::{borrow::Cow, collections::BTreeMap};

use hotswap_abi::{
    Context, HotModule, HotState, Migrate, MigrateError, Module, ModuleError, Start,
};
use serde::{Deserialize, Serialize};
use shop_api::{Journal, Order, Price, Shop, ShopError};

// ANCHOR: versions
/// The state as version 1 stored it. Private, and never used but to migrate from.
#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1)]
struct ShelvesV1 {
    goods: BTreeMap<String, u32>,
}

/// The state: what outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 2, previous = ShelvesV1)]
pub struct Shelves {
    goods: BTreeMap<String, u32>,
    /// New in version 2.
    sold: u64,
}
// ANCHOR_END: versions

// ANCHOR: migrate
impl Migrate<ShelvesV1> for Shelves {
    fn upgrade(old: ShelvesV1) -> Result<Self, MigrateError> {
        Ok(Self { goods: old.goods, sold: 0 })
    }

    // Optional. Without it the step has no way back.
    fn downgrade(self) -> Result<ShelvesV1, MigrateError> {
        Ok(ShelvesV1 { goods: self.goods })
    }
}
// ANCHOR_END: migrate

// ANCHOR: module
/// The module: the state, and what can be made anew from nothing.
#[derive(HotModule)]
#[hot_module(interface = Shop)]
pub struct CornerShop {
    shelves: Shelves,
    prices: Prices,
}

type Prices = BTreeMap<String, u64>;

impl Module for CornerShop {
    type State = Shelves;

    /// Slow work, while the old version still serves.
    fn prepare(cx: &Context) -> Result<(), ModuleError> {
        cx.keep(price_list()?);
        Ok(())
    }

    /// Quick: callers wait meanwhile.
    fn start(from: Start<Shelves>, cx: &Context) -> Result<Self, ModuleError> {
        let prices = cx.take().ok_or_else(|| ModuleError::new("no prices were prepared"))?;
        Ok(Self { shelves: from.state().unwrap_or_default(), prices })
    }

    fn state(&self) -> Cow<'_, Shelves> {
        Cow::Borrowed(&self.shelves)
    }

    /// Before anybody calls this instance.
    fn self_test(&self, _cx: &Context) -> Result<(), ModuleError> {
        match self.prices.values().find(|cents| **cents == 0) {
            Some(_) => Err(ModuleError::new("something has no price")),
            None => Ok(()),
        }
    }
}
// ANCHOR_END: module

fn price_list() -> Result<Prices, ModuleError> {
    let list = "tea 320\nbread 480\nsoap 150";
    list.lines()
        .map(|line| {
            let (item, cents) =
                line.split_once(' ').ok_or_else(|| ModuleError::new("a line without a price"))?;
            Ok((item.to_owned(), cents.parse()?))
        })
        .collect()
}

// ANCHOR: shop
impl Shop for CornerShop {
    fn sell(&mut self, order: Order) -> Result<u64, ShopError> {
        let left = self.shelves.goods.get_mut(&order.item).ok_or(ShopError::SoldOut)?;
        *left = left.checked_sub(order.count).ok_or(ShopError::SoldOut)?;
        self.shelves.sold += u64::from(order.count);
        Ok(self.prices[&order.item] * u64::from(order.count))
    }

    fn stock_up(&mut self, goods: BTreeMap<String, u32>, journal: &mut dyn Journal) {
        for (item, count) in goods {
            journal.write(&format!("{count} of {item}"));
            *self.shelves.goods.entry(item).or_default() += count;
        }
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
// ANCHOR_END: shop
