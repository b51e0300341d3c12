use hotswap_abi::{HotModule, interface};

#[interface]
pub trait Game {}

impl Game for Arcade {}

#[derive(HotModule)]
#[hot_module(interface = Game)]
pub struct Arcade;

fn main() {}
