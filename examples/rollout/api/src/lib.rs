//! What the host and the module agree on.

use hotswap_abi::interface;

/// Knows taxes. Money is in cents.
#[interface]
pub trait Tax {
    /// The tax in a price.
    ///
    /// # Errors
    /// When the country is not known.
    fn tax_in(&self, country: &str, price: u64) -> Result<u64, String>;
}
