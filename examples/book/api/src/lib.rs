//! The interface of the book's example: a shop whose prices and rules are replaced while it sells.
//!
//! The lines `ANCHOR: …` are for the book, which shows pieces of this file.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use hotswap_abi::{CallError, Plain, Portable, interface};

// ANCHOR: portable
/// What is bought.
#[derive(Portable, Clone, Debug, PartialEq)]
pub struct Order {
    /// The thing.
    pub item: String,
    /// How many of it.
    pub count: u32,
    /// Who asks.
    pub from: Customer,
}

/// A customer; enums, generic and recursive types cross as well.
#[derive(Portable, Clone, Debug, PartialEq)]
pub enum Customer {
    /// Pays at once.
    Guest,
    /// Pays at the end of the month.
    Member {
        /// The name.
        name: String,
        /// Who has brought this member along.
        invited_by: Option<Box<Customer>>,
    },
    /// Comes over the network.
    Remote(#[portable(with = address)] IpAddr),
}
// ANCHOR_END: portable

// ANCHOR: with
/// How an address of the standard library crosses: as its text.
mod address {
    use std::net::{AddrParseError, IpAddr};

    pub(crate) type Repr = String;

    pub(crate) fn to(address: &IpAddr) -> String {
        address.to_string()
    }

    pub(crate) fn from(text: String) -> Result<IpAddr, AddrParseError> {
        text.parse()
    }
}
// ANCHOR_END: with

// ANCHOR: plain
/// A price, lent as `&[Price]` without a copy.
#[derive(Plain, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Price {
    /// The number of the item.
    pub item: u32,
    /// In cents.
    pub cents: u64,
}
// ANCHOR_END: plain

// ANCHOR: error
/// Why an order was not taken.
#[derive(Portable, Clone, Debug, PartialEq)]
pub enum ShopError {
    /// There is none left.
    SoldOut,
    /// The call itself has failed: the text of the `CallError`.
    Call(String),
}

impl From<CallError> for ShopError {
    fn from(error: CallError) -> Self {
        Self::Call(error.to_string())
    }
}
// ANCHOR_END: error

impl fmt::Display for ShopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SoldOut => f.write_str("sold out"),
            Self::Call(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for ShopError {}

// ANCHOR: interface
/// A shop.
#[interface]
pub trait Shop {
    /// Sells, and returns what it costs, in cents.
    #[fold]
    fn sell(&mut self, order: Order) -> Result<u64, ShopError>;

    /// Takes goods in, and tells the journal of each.
    fn stock_up(&mut self, goods: BTreeMap<String, u32>, journal: &mut dyn Journal);

    /// The sum of these prices.
    fn sum(&self, prices: &[Price]) -> u64;

    /// Calls `visit` with each item and how many there are.
    fn each(&self, visit: &mut dyn FnMut(&str, u32));

    /// How many things there are in all. New in 1.1.
    #[since("1.1.0")]
    fn count(&self) -> u64 {
        let mut count = 0;
        self.each(&mut |_, number| count += u64::from(number));
        count
    }
}

/// Implemented by the host, lent to the module for one call.
#[interface]
pub trait Journal {
    /// Writes a line.
    fn write(&mut self, line: &str);
}
// ANCHOR_END: interface
