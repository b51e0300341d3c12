use hotswap_abi::HotState;
use serde::{Deserialize, Serialize};

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1, before = Old)]
pub struct World {
    score: u32,
}

fn main() {}
