//! What became of the fields of a state that was carried by name.

use std::fmt;

/// Fields of a state that was carried by name, each once, by its path: `World.units[].hp`, with the
/// number of values where there are several.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CarriedFields {
    /// Fields that are gone. The host keeps their values until the process ends, and gives them back
    /// to a field of the same path and a type that takes them.
    pub dropped: Vec<String>,
    /// Fields that have got back what was dropped from them before.
    pub restored: Vec<String>,
    /// Fields whose earlier values are kept and have not come back: their collection has another
    /// length by now, their type does not take them, or they have the value of a renamed field.
    pub unrestored: Vec<String>,
    /// How many dropped values are not kept, because all of them would be larger than 64 MiB.
    pub left_out: usize,
}

impl CarriedFields {
    /// Whether values are not in the state any more, or have not come back.
    pub(crate) fn has_lost(&self) -> bool {
        !(self.dropped.is_empty() && self.unrestored.is_empty())
    }
}

impl fmt::Display for CarriedFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dropped, restored, unrestored, left_out } = self;
        let mut before = "";
        if !dropped.is_empty() {
            let first = dropped[0].split(": ").next().unwrap_or_default();
            let name = first.rsplit('.').next().unwrap_or_default();
            write!(
                f,
                "the new state has no field for {}. Undo the edit, and the values come back, while this \
                 process lives. To rename a field, do it together with #[serde(alias = {name:?})], or \
                 give the state a new version with a migration",
                dropped.join(", ")
            )?;
            before = "; ";
        }
        if *left_out > 0 {
            write!(f, "{before}{left_out} values are too large to be kept: they are lost")?;
            before = "; ";
        }
        if !restored.is_empty() {
            write!(f, "{before}values that were dropped are back in {}", restored.join(", "))?;
            before = "; ";
        }
        if !unrestored.is_empty() {
            write!(
                f,
                "{before}values that were dropped do not come back to {}: the collection has another \
                 length, the field has another type, or it has the value of a renamed field",
                unrestored.join(", ")
            )?;
        }
        Ok(())
    }
}
