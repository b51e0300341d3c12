//! Would let modules work on the host's own values, of which nobody has promised anything.

use hotswap_abi::interface;
use hotswap_core::Config;

#[interface]
pub trait Counter {}

fn config() -> Config {
    Config::dev().lend_rust_types()
}

fn main() {}
