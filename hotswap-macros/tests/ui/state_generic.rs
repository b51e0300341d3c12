use hotswap_abi::HotState;
use serde::{Deserialize, Serialize};

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1)]
pub struct World<T> {
    score: T,
}

fn main() {}
