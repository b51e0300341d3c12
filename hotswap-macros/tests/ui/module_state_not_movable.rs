use std::borrow::Cow;

use hotswap_abi::{
    Context, HotModule, HotState, Module, ModuleError, Start, interface,
};
use serde::{Deserialize, Serialize};

#[interface]
pub trait Game {
    fn title(&self) -> String;
}

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1)]
pub struct World {
    score: u64,
}

#[derive(HotModule)]
#[hot_module(interface = Game, moves = world)]
pub struct Arcade {
    world: World,
}

impl Module for Arcade {
    type State = World;
    fn start(_: Start<World>, _: &Context) -> Result<Self, ModuleError> {
        unimplemented!()
    }
    fn state(&self) -> Cow<'_, World> {
        unimplemented!()
    }
}

impl Game for Arcade {
    fn title(&self) -> String {
        unimplemented!()
    }
}

fn main() {}

