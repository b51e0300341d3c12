//! A state that is handed over as memory: entities in maps, vectors and strings, about a kibibyte
//! each.

use std::collections::{BTreeMap, HashMap};

use hotswap_abi::{HotState, Movable, Shape};
use serde::{Deserialize, Serialize};

/// The state.
#[derive(Clone, Debug, Default, Serialize, Deserialize, HotState, Movable)]
#[hot_state(version = 1)]
pub struct Scene {
    /// All of them, by number.
    pub entities: HashMap<u64, Entity>,
    /// Some of them, by name.
    pub names: BTreeMap<String, u64>,
}

/// Something in a scene.
#[derive(Clone, Debug, Serialize, Deserialize, Shape, Movable)]
pub struct Entity {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub at: [f32; 3],
    /// Labels.
    pub labels: Vec<String>,
    /// What it has of each thing.
    pub items: BTreeMap<String, u32>,
    /// Where it was.
    pub path: Vec<[f32; 3]>,
}

impl Scene {
    /// With so many entities.
    #[must_use]
    pub fn of(entities: u64) -> Self {
        let names = (0..entities).step_by(16).map(|id| (format!("entity {id}"), id)).collect();
        Self { entities: (0..entities).map(|id| (id, Entity::of(id))).collect(), names }
    }
}

impl Entity {
    fn of(id: u64) -> Self {
        Self {
            name: format!("entity {id}"),
            at: [id as f32, 0.5, -1.0],
            labels: (0..4).map(|at| format!("label {at} of {}", id % 7)).collect(),
            items: (0..4).map(|at| (format!("thing {at}"), at)).collect(),
            path: (0..24).map(|at| [at as f32, id as f32, 0.0]).collect(),
        }
    }
}
