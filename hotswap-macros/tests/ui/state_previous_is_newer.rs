use hotswap_abi::HotState;
use serde::{Deserialize, Serialize};

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 3)]
pub struct WorldV1 {
    score: u32,
}

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 2, previous = WorldV1)]
pub struct World {
    score: u32,
}

impl hotswap_abi::Migrate<WorldV1> for World {
    fn upgrade(_: WorldV1) -> Result<Self, hotswap_abi::MigrateError> {
        Ok(Self { score: 1 })
    }
}

fn main() {}
