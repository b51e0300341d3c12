use hotswap_abi::HotState;
use serde::{Deserialize, Serialize};

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1)]
pub struct Level {
    score: u32,
}

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 2, previous = Level)]
pub struct World {
    score: u32,
}

impl hotswap_abi::Migrate<Level> for World {
    fn upgrade(_: Level) -> Result<Self, hotswap_abi::MigrateError> {
        Ok(Self { score: 1 })
    }
}

fn main() {}
