//! Values that were dropped when a state was carried by name, for the day on which their fields
//! come back.
//!
//! A value is known by its exact place: `.units[3/1000].hp`. An item of a collection that has
//! another length by then may be another one's: it is not given back. What is in a set has no place.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use rmpv::Value;

use crate::shape::{Shape, Types};

/// The most bytes of dropped values that are kept, as they were encoded.
const MOST: usize = 64 << 20;

/// Values that were dropped, by the exact places of their fields. A host keeps them for a slot.
#[derive(Debug, Clone, Default)]
pub struct DroppedValues {
    values: BTreeMap<String, DroppedValue>,
    /// How many there are of each field.
    paths: HashMap<String, usize>,
    size: usize,
    /// How many changes there were.
    changes: u64,
}

#[derive(Debug, Clone)]
pub(super) struct DroppedValue {
    pub(super) value: Value,
    pub(super) shape: Shape,
    pub(super) types: Arc<Types>,
    /// The path of the field, without places in collections.
    pub(super) path: String,
    /// The change that has dropped it.
    dropped: u64,
    size: usize,
}

/// What one carrying changes in the dropped values, once its state serves.
#[derive(Debug, Clone, Default)]
pub struct DroppedChange {
    /// Values that live in the state again.
    pub(super) taken: Vec<String>,
    pub(super) added: Vec<(String, DroppedValue)>,
}

impl DroppedValue {
    pub(super) fn new(value: Value, shape: &Shape, types: &Arc<Types>, path: &str) -> Self {
        let mut size = Counted(0);
        // Counting does not fail.
        let _ = rmpv::encode::write_value(&mut size, &value);
        Self {
            value,
            shape: shape.clone(),
            types: Arc::clone(types),
            path: path.to_owned(),
            dropped: 0,
            // With what it takes beside its bytes.
            size: size.0 + path.len() + size_of::<Self>(),
        }
    }
}

impl DroppedValues {
    /// The state that a carrying has made serves. Returns how many of its values are not kept,
    /// because all would be too large; those of earlier changes make room first.
    pub fn apply(&mut self, change: DroppedChange) -> usize {
        self.changes += 1;
        for place in change.taken {
            self.remove(&place);
        }
        let mut left_out = 0;
        for (place, value) in change.added {
            self.remove(&place);
            while self.size + value.size > MOST && self.forget_oldest() {}
            if self.size + value.size > MOST {
                left_out += 1;
            } else {
                self.size += value.size;
                *self.paths.entry(value.path.clone()).or_default() += 1;
                let value = DroppedValue { dropped: self.changes, ..value };
                self.values.insert(place, value);
            }
        }
        left_out
    }

    pub(super) fn at(&self, place: &str) -> Option<&DroppedValue> {
        self.values.get(place)
    }

    /// Whether values of this field are kept, at whatever places.
    pub(super) fn has(&self, path: &str) -> bool {
        self.paths.contains_key(path)
    }

    /// Forgets the values of the oldest change before this one, if there are any.
    fn forget_oldest(&mut self) -> bool {
        let changes = self.values.values().map(|value| value.dropped);
        let Some(oldest) = changes.min().filter(|oldest| *oldest < self.changes) else {
            return false;
        };
        let old = self.values.iter().filter(|(_, value)| value.dropped == oldest);
        let places: Vec<_> = old.map(|(place, _)| place.clone()).collect();
        for place in places {
            self.remove(&place);
        }
        true
    }

    fn remove(&mut self, place: &str) {
        let Some(value) = self.values.remove(place) else { return };
        self.size -= value.size;
        if let Some(count) = self.paths.get_mut(&value.path) {
            *count -= 1;
            if *count == 0 {
                self.paths.remove(&value.path);
            }
        }
    }
}

struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_makes_room_or_is_left_out() {
        let types = Arc::new(Types::default());
        let shape = Shape::Scalar("String".to_owned());
        let value = |size: usize| {
            let value = Value::from("x".repeat(size));
            DroppedValue::new(value, &shape, &types, "World.log")
        };
        let change = |added| DroppedChange { taken: Vec::new(), added };
        let mut kept = DroppedValues::default();
        assert_eq!(kept.apply(change(vec![(".log".to_owned(), value(MOST / 2))])), 0);
        assert!(kept.at(".log").is_some() && kept.has("World.log"));
        // The older one goes, and of one change no more than there is room for.
        let two = vec![(".a".to_owned(), value(MOST / 2)), (".b".to_owned(), value(MOST / 2))];
        assert_eq!(kept.apply(change(two)), 1);
        assert!(kept.at(".log").is_none() && kept.at(".a").is_some() && kept.at(".b").is_none());
        let taken = DroppedChange { taken: vec![".a".to_owned()], added: Vec::new() };
        assert_eq!((kept.apply(taken), kept.size, kept.has("World.log")), (0, 0, false));
    }
}
