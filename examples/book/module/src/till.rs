//! A state in its third version, whose first step may fail and has a nested type of its own.

use hotswap_abi::{HotState, Migrate, MigrateError, Shape};
use serde::{Deserialize, Serialize};

// ANCHOR: versions
#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1)]
struct TillV1 {
    sales: Vec<SaleV1>,
}

/// `Sale` has changed between versions 1 and 2: version 1 keeps a copy of what it was.
#[derive(Shape, Serialize, Deserialize, Clone)]
struct SaleV1 {
    item: String,
    price: String,
}

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 2, previous = TillV1)]
struct TillV2 {
    sales: Vec<Sale>,
}

/// Versions 2 and 3 share it: it has not changed between them.
#[derive(Shape, Serialize, Deserialize, Clone)]
pub struct Sale {
    item: String,
    cents: u64,
}

/// The state.
#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 3, previous = TillV2)]
pub struct Till {
    sales: Vec<Sale>,
    /// New in version 3.
    total: u64,
}
// ANCHOR_END: versions

// ANCHOR: migrate
impl Migrate<TillV1> for TillV2 {
    fn upgrade(old: TillV1) -> Result<Self, MigrateError> {
        let sales: Result<_, _> = old.sales.into_iter().map(Sale::try_from).collect();
        Ok(Self { sales: sales? })
    }
}

impl TryFrom<SaleV1> for Sale {
    type Error = MigrateError;

    fn try_from(SaleV1 { item, price }: SaleV1) -> Result<Self, MigrateError> {
        let cents = price.replace('.', "").parse();
        let cents = cents.map_err(|_| MigrateError::new(format!("{item}: no price: {price:?}")))?;
        Ok(Self { item, cents })
    }
}

impl Migrate<TillV2> for Till {
    fn upgrade(old: TillV2) -> Result<Self, MigrateError> {
        let total = old.sales.iter().map(|sale| sale.cents).sum();
        Ok(Self { sales: old.sales, total })
    }
}
// ANCHOR_END: migrate

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_becomes_the_third_or_says_what_is_wrong() {
        let upgraded = |price: &str| {
            let sale = SaleV1 { item: "tea".to_owned(), price: price.to_owned() };
            Till::upgrade(TillV2::upgrade(TillV1 { sales: vec![sale.clone(), sale] })?)
        };
        assert_eq!(upgraded("3.20").map(|till| (till.total, till.sales[1].cents)), Ok((640, 320)));
        let error = upgraded("dear").map(|till| till.total).unwrap_err();
        assert_eq!(error.to_string(), "tea: no price: \"dear\"");
    }
}
