//! Fields that nobody describes would be left out of every comparison, and lost without a word.

use std::{collections::HashMap, sync::Mutex};

use hotswap_abi::{HotState, Shape};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone)]
struct Cell(u8);

#[derive(HotState, Serialize, Deserialize, Clone)]
#[hot_state(version = 1)]
pub struct World {
    cell: Cell,
    by_name: HashMap<String, Vec<Option<Cell>>>,
    rooms: Vec<Room>,
    #[shape(opaque)]
    left_out: Cell,
    #[serde(skip)]
    never_stored: Option<std::sync::Arc<Mutex<u8>>>,
}

#[derive(Shape, Serialize, Deserialize, Clone)]
pub enum Room {
    Bare,
    With(Cell),
    Kids { kids: Vec<Room>, cells: Vec<Cell> },
}

#[derive(Shape, Serialize, Deserialize, Clone)]
pub struct Pair<T> {
    own: T,
    cell: Cell,
}

fn main() {}
