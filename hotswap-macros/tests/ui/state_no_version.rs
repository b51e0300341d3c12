use hotswap_abi::HotState;
use serde::{Deserialize, Serialize};

#[derive(HotState, Serialize, Deserialize, Clone)]
pub struct World {
    score: u32,
}

fn main() {}
