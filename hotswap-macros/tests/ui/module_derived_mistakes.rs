use hotswap_abi::{HotModule, interface};

#[interface]
pub trait Game {}

impl Game for Arcade {}

#[derive(HotModule)]
#[hot_module(interface = Game, state = wrold)]
pub struct Arcade {
    world: (),
}

mod by_variant {
    #[derive(hotswap_abi::HotModule)]
    #[hot_module(interface = super::Game, state = ())]
    pub enum Arcade {
        Open,
    }
}

mod with_a_type {
    #[derive(hotswap_abi::HotModule)]
    #[hot_module(interface = super::Game, state = (u8))]
    pub struct Arcade;
}

mod twice {
    #[derive(hotswap_abi::HotModule)]
    #[hot_module(interface = super::Game, state = (), state = ())]
    pub struct Arcade;
}

fn main() {}
