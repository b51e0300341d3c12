//! A state of records, in two shapes.

use hotswap_abi::{HotState, Migrate, MigrateError};
use serde::{Deserialize, Serialize};

/// A record, about 100 bytes when it is encoded.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, hotswap_abi::Shape)]
pub struct Record {
    /// A number.
    pub id: u64,
    /// A name.
    pub name: String,
    /// A place.
    pub at: [f32; 3],
    /// Labels.
    pub labels: Vec<String>,
}

impl Record {
    /// The record of a number.
    #[must_use]
    pub fn of(id: u64) -> Self {
        Self {
            id,
            name: format!("record {id}"),
            at: [id as f32, 0.5, -1.0],
            labels: vec!["one".to_owned(), format!("label {}", id % 7)],
        }
    }
}

/// The state in its first shape.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, HotState)]
#[hot_state(version = 1)]
pub struct RecordsV1 {
    /// The records.
    pub records: Vec<Record>,
}

/// The state in its second shape.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, HotState)]
#[hot_state(version = 2, previous = RecordsV1)]
pub struct RecordsV2 {
    /// The records.
    pub records: Vec<Record>,
    /// Where they come from.
    pub origin: String,
}

impl Migrate<RecordsV1> for RecordsV2 {
    fn upgrade(old: RecordsV1) -> Result<Self, MigrateError> {
        Ok(Self { records: old.records, origin: "the first shape".to_owned() })
    }
}
