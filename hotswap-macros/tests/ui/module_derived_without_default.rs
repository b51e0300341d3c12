use hotswap_abi::{HotModule, HotState, interface};
use serde::{Deserialize, Serialize};

#[interface]
pub trait Game {}

impl Game for Arcade {}

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1)]
pub struct World {
    score: u64,
}

pub struct Sound;

#[derive(HotModule)]
#[hot_module(interface = Game, state = world)]
pub struct Arcade {
    world: World,
    sound: Sound,
}

fn main() {}
