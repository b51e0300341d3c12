//! The part of the program that is rolled out: it has no state.

use std::borrow::Cow;

use hotswap_abi::{Context, HotModule, Module, ModuleError, Start};
use tax_api::Tax;

/// The module.
#[derive(HotModule)]
#[hot_module(interface = Tax)]
pub struct Rates;

impl Module for Rates {
    type State = ();

    fn start(_: Start<()>, _: &Context) -> Result<Self, ModuleError> {
        Ok(Self)
    }

    fn state(&self) -> Cow<'_, ()> {
        Cow::Owned(())
    }
}

impl Tax for Rates {
    fn tax_in(&self, country: &str, price: u64) -> Result<u64, String> {
        let percent = match country {
            "DE" => 19,
            "FR" => 20,
            "JP" => 10,
            _ => return Err(format!("no rate for {country}")),
        };
        Ok(price * percent / (100 + percent))
    }
}
