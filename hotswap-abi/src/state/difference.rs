//! The differences of two encoded states, field by field.

use std::collections::BTreeMap;

use rmpv::Value;

/// Fields in one another that are compared.
const DEEPEST: usize = 64;
/// How much of a value is told, in characters.
const LONGEST: usize = 120;

/// A place at which two states differ.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateDifference {
    /// Where: `orders[3].total`.
    pub at: String,
    /// What the first state has there; `None` where it has nothing.
    pub left: Option<String>,
    /// What the second state has there; `None` where it has nothing.
    pub right: Option<String>,
}

/// The places at which two encoded states differ, and no more of them than `most`; `None` where one
/// of them is no encoding of a state.
#[must_use]
pub fn differences(left: &[u8], right: &[u8], most: usize) -> Option<Vec<StateDifference>> {
    let read = |mut bytes: &[u8]| rmpv::decode::read_value(&mut bytes).ok();
    let (left, right) = (read(left)?, read(right)?);
    let mut comparison = Comparison { found: Vec::new(), most };
    comparison.compare(&left, &right, "", 0);
    Some(comparison.found)
}

struct Comparison {
    found: Vec<StateDifference>,
    most: usize,
}

impl Comparison {
    fn compare(&mut self, left: &Value, right: &Value, at: &str, depth: usize) {
        if self.found.len() >= self.most || is_same(left, right) {
            return;
        }
        match (left, right) {
            (Value::Map(left), Value::Map(right)) if depth < DEEPEST => {
                let (left, right) = (by_key(left), by_key(right));
                for (key, value) in &left {
                    let at = below(at, key);
                    match right.get(key) {
                        Some(other) => self.compare(value, other, &at, depth + 1),
                        None => self.note(at, Some(value), None),
                    }
                }
                for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
                    self.note(below(at, key), None, Some(value));
                }
            }
            (Value::Array(left), Value::Array(right)) if depth < DEEPEST => {
                for i in 0..left.len().max(right.len()) {
                    let at = format!("{at}[{i}]");
                    match (left.get(i), right.get(i)) {
                        (Some(left), Some(right)) => self.compare(left, right, &at, depth + 1),
                        (left, right) => self.note(at, left, right),
                    }
                }
            }
            _ => self.note(at.to_owned(), Some(left), Some(right)),
        }
    }

    fn note(&mut self, at: String, left: Option<&Value>, right: Option<&Value>) {
        if self.found.len() < self.most {
            let at = if at.is_empty() { "the state".to_owned() } else { at };
            let (left, right) = (left.map(text), right.map(text));
            self.found.push(StateDifference { at, left, right });
        }
    }
}

/// As values are equal, but for numbers, which are by their bits.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::F32(left), Value::F32(right)) => left.to_bits() == right.to_bits(),
        (Value::F64(left), Value::F64(right)) => left.to_bits() == right.to_bits(),
        // What is in them is compared one by one.
        (Value::Map(_) | Value::Array(_), Value::Map(_) | Value::Array(_)) => false,
        (left, right) => left == right,
    }
}

fn by_key(entries: &[(Value, Value)]) -> BTreeMap<String, &Value> {
    entries.iter().map(|(key, value)| (key_text(key), value)).collect()
}

fn key_text(key: &Value) -> String {
    key.as_str().map_or_else(|| format!("[{}]", text(key)), str::to_owned)
}

fn below(at: &str, key: &str) -> String {
    if at.is_empty() || key.starts_with('[') { format!("{at}{key}") } else { format!("{at}.{key}") }
}

fn text(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::{portable::Buffer, state::encode};

    fn bytes(value: &impl Serialize) -> Vec<u8> {
        let mut buffer = Buffer::new();
        encode(value, &mut buffer.writer()).unwrap();
        buffer.into_vec()
    }

    fn found(left: &impl Serialize, right: &impl Serialize) -> Vec<String> {
        let all = differences(&bytes(left), &bytes(right), 10).unwrap();
        let nothing = || "nothing".to_owned();
        all.into_iter()
            .map(|it| {
                let (left, right) =
                    (it.left.unwrap_or_else(nothing), it.right.unwrap_or_else(nothing));
                format!("{}: {left} -> {right}", it.at)
            })
            .collect()
    }

    #[derive(Serialize, Clone)]
    struct Shop {
        orders: Vec<Order>,
        stock: BTreeMap<String, u32>,
        rate: f64,
    }

    #[derive(Serialize, Clone)]
    struct Order {
        item: &'static str,
        total: Option<u64>,
    }

    #[test]
    fn differences_are_told_by_field() {
        let shop = Shop {
            orders: vec![
                Order { item: "bread", total: Some(3) },
                Order { item: "tea", total: None },
            ],
            stock: [("bread".to_owned(), 4)].into(),
            rate: f64::NAN,
        };
        assert_eq!(found(&shop, &shop), Vec::<String>::new());
        let mut other = shop.clone();
        other.orders[0].total = Some(4);
        other.orders.pop();
        other.stock.insert("tea".to_owned(), 1);
        other.rate = 0.5;
        assert_eq!(
            found(&shop, &other),
            [
                "orders[0].total: 3 -> 4",
                "orders[1]: {\"item\": \"tea\", \"total\": nil} -> nothing",
                "rate: NaN -> 0.5",
                "stock.tea: nothing -> 1",
            ]
        );
        assert_eq!(found(&7, &"x"), ["the state: 7 -> \"x\""]);
        assert_eq!(differences(b"", b"\x07", 1), None);
        assert_eq!(found(&[0_u8; 20], &[1_u8; 20]).len(), 10);
    }
}
