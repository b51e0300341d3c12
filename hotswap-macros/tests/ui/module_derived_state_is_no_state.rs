use hotswap_abi::{HotModule, interface};

#[interface]
pub trait Game {}

impl Game for Arcade {}

#[derive(Clone, Default)]
pub struct World {
    score: u64,
}

#[derive(HotModule)]
#[hot_module(interface = Game, state = world)]
pub struct Arcade {
    world: World,
}

fn main() {}
