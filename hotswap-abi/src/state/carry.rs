//! Carrying a state by name: its shape changed under an unchanged version, and the host's
//! `StateDrift` says to keep what can be kept.
//!
//! Bytes in, bytes out, guided by both shapes: fields are found by name or `#[serde(alias)]`, what
//! the new shape lacks is dropped, what the old one lacks gets the value that was dropped from there
//! before, or the type's zero (0, "", empty, None) or, with `#[serde(default)]`, serde's default.
//! Each such field is named. A type that has other serde attributes is carried only if it did not
//! change.

mod attrs;
mod dropped;
mod error;
mod number;
mod place;
mod types;
mod walk;
mod zero;

pub use dropped::{DroppedChange, DroppedValues};
pub use error::{CarryError, NewField};

use std::sync::Arc;

use self::{
    place::{Place, Tally},
    walk::Carrier,
};
use crate::shape::{Shape, Types};

/// A state in its new shape. Fields are listed once, by their paths, with the number of their values
/// where there are several: `World.units[].hp: 1,000 values`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Carried {
    /// The encoded state.
    pub bytes: Vec<u8>,
    /// Fields whose values were dropped.
    pub dropped: Vec<String>,
    /// Fields that have got a default value.
    pub defaulted: Vec<String>,
    /// Fields that have got back what was dropped from them before.
    pub restored: Vec<String>,
    /// Fields that have not got back what was dropped from them before: their collection has another
    /// length by now, their type does not take it, or they have the value of a renamed field.
    pub unrestored: Vec<String>,
    /// What this changes in the dropped values that are kept, once the state serves.
    pub change: DroppedChange,
}

/// Carries an encoded state from one shape to another.
///
/// # Errors
/// When a value cannot be kept in its new type, or a new field has no default.
pub fn carry(
    bytes: &[u8],
    old: (&Types, &Shape),
    new: (&Types, &Shape),
) -> Result<Carried, CarryError> {
    carry_back(bytes, old, new, &DroppedValues::default())
}

/// The same; fields that come back get the values that were dropped from them before.
///
/// # Errors
/// As [`carry`].
pub fn carry_back(
    bytes: &[u8],
    old: (&Types, &Shape),
    new: (&Types, &Shape),
    kept: &DroppedValues,
) -> Result<Carried, CarryError> {
    let mut input = bytes;
    let root = Place::root(new.0.display(new.1).to_string());
    let value = rmpv::decode::read_value(&mut input)
        .map_err(|_| CarryError::Malformed { at: root.shown.clone() })?;
    let mut carrier = Carrier {
        old: old.0,
        new: new.0,
        kept,
        types: Arc::new(old.0.clone()),
        dropped: Tally::default(),
        defaulted: Tally::default(),
        restored: Tally::default(),
        unrestored: Tally::default(),
        change: DroppedChange::default(),
        missing: Vec::new(),
        depth: 0,
    };
    let value = carrier.value(value, old.1, new.1, &root)?;
    if !carrier.missing.is_empty() {
        return Err(CarryError::NoDefault { fields: carrier.missing });
    }
    let mut bytes = Vec::with_capacity(bytes.len());
    // Writing to a vector does not fail.
    let _ = rmpv::encode::write_value(&mut bytes, &value);
    Ok(Carried {
        bytes,
        dropped: carrier.dropped.lines(),
        defaulted: carrier.defaulted.lines(),
        restored: carrier.restored.lines(),
        unrestored: carrier.unrestored.lines(),
        change: carrier.change,
    })
}
