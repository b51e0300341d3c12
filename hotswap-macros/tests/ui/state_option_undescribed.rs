//! One field, one mistake: an `Option` of a type that is not described.

use hotswap_abi::HotState;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone)]
pub struct Foreign;

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1)]
pub struct World {
    place: Option<Foreign>,
}

fn main() {}
