//! The part of the program that is replaced while it runs.

use std::borrow::Cow;

use hotswap_abi::{Context, HotModule, HotState, Module, ModuleError, Start};
use quickstart_api::{Game, Score};
use serde::{Deserialize, Serialize};

/// What outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 1)]
pub struct World {
    updates: u64,
    player: String,
}

/// The module.
#[derive(HotModule)]
#[hot_module(interface = Game)]
pub struct Arcade {
    world: World,
}

impl Module for Arcade {
    type State = World;

    fn start(from: Start<World>, _cx: &Context) -> Result<Self, ModuleError> {
        let fresh = World { updates: 0, player: "ada".to_owned() };
        Ok(Self { world: from.state().unwrap_or(fresh) })
    }

    fn state(&self) -> Cow<'_, World> {
        Cow::Borrowed(&self.world)
    }
}

impl Game for Arcade {
    fn update(&mut self, _dt: f32) -> u64 {
        self.world.updates += 1;
        self.world.updates
    }

    fn scores(&self) -> Vec<Score> {
        vec![Score { player: self.world.player.clone(), points: self.world.updates }]
    }

    fn title(&self) -> String {
        "Arcade".to_owned()
    }
}
