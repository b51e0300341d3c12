use hotswap_abi::HotState;
use serde::{Deserialize, Serialize};

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1)]
pub struct WorldV1 {
    score: u32,
}

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 2, previous = WorldV1)]
pub struct World {
    score: u32,
}

fn main() {}
