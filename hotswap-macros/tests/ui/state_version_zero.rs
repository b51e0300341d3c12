use hotswap_abi::HotState;
use serde::{Deserialize, Serialize};

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 0)]
pub struct World {
    score: u32,
}

fn main() {}
