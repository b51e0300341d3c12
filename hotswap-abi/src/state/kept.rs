//! Whether a value has come through a type: nothing of what was stored may be gone.

use std::collections::HashMap;

use rmpv::Value;

/// Whether the second encoding has all that the first one has.
///
/// The order of a map's entries does not matter, nor does that of an array's items, which may be a
/// hash set's. What was added is no loss: a field that is new and has a default.
pub(super) fn keeps(before: &[u8], after: &[u8]) -> bool {
    let read = |mut bytes: &[u8]| rmpv::decode::read_value(&mut bytes).ok();
    matches!((read(before), read(after)), (Some(before), Some(after)) if is_in(&before, &after))
}

fn is_in(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Map(before), Value::Map(after)) => are_in(before, after),
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len()
                && (before.iter().zip(after).all(|(before, after)| is_in(before, after))
                    || sorted(before) == sorted(after))
        }
        (Value::F32(before), Value::F32(after)) => before.to_bits() == after.to_bits(),
        (Value::F64(before), Value::F64(after)) => before.to_bits() == after.to_bits(),
        // A number that was carried to a narrower type.
        (Value::F64(before), Value::F32(after)) => (*before as f32).to_bits() == after.to_bits(),
        (before, after) => before == after,
    }
}

/// A field that was nothing may be left away.
fn are_in(before: &[(Value, Value)], after: &[(Value, Value)]) -> bool {
    let mut by_key = None;
    before.iter().enumerate().all(|(i, (key, value))| {
        // Fields come in the order in which they are declared: seldom is any looked for.
        let same_place = after.get(i).filter(|(other, _)| other == key);
        let found = same_place.or_else(|| {
            let by_key = by_key.get_or_insert_with(|| {
                let keyed = after.iter().map(|entry| (sorted_text(&entry.0), entry));
                keyed.collect::<HashMap<_, _>>()
            });
            by_key.get(&sorted_text(key)).copied()
        });
        found.map_or(value.is_nil(), |(_, after)| is_in(value, after))
    })
}

fn sorted(items: &[Value]) -> Vec<String> {
    let mut texts: Vec<_> = items.iter().map(sorted_text).collect();
    texts.sort_unstable();
    texts
}

/// A value as text, alike for values that differ in the order of their items and entries.
fn sorted_text(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", sorted(items).join(",")),
        Value::Map(entries) => {
            let texts =
                entries.iter().map(|(k, v)| format!("{}:{}", sorted_text(k), sorted_text(v)));
            let mut texts: Vec<_> = texts.collect();
            texts.sort_unstable();
            format!("{{{}}}", texts.join(","))
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Vec<u8> {
        let value: serde_json::Value = serde_json::from_str(json).expect("the test's own text");
        rmp_serde::to_vec(&value).expect("it has nothing that cannot be encoded")
    }

    #[test]
    fn only_what_is_gone_is_a_loss() {
        for (before, after, kept) in [
            (r#"{"a": 1, "b": [1.5, null]}"#, r#"{"a": 1, "b": [1.5, null]}"#, true),
            // Another order of a map, or of a set, also further down.
            (r#"{"a": {"x": 1, "y": 2}, "b": 2}"#, r#"{"b": 2, "a": {"y": 2, "x": 1}}"#, true),
            (r#"[[1, 2], {"a": [3, 4]}]"#, r#"[{"a": [4, 3]}, [2, 1]]"#, true),
            // A field that is new; one that was nothing, and is left away.
            (r#"{"a": 1}"#, r#"{"a": 1, "b": 0}"#, true),
            (r#"{"a": 1, "b": null}"#, r#"{"a": 1}"#, true),
            // Gone, other, fewer.
            (r#"{"a": 1, "b": 2}"#, r#"{"a": 1}"#, false),
            (r#"{"a": 1}"#, r#"{"a": 2}"#, false),
            (r#"{"a": "1"}"#, r#"{"a": 1}"#, false),
            (r#"[1, 1]"#, r#"[1]"#, false),
            (r#"[1, 1, 2]"#, r#"[1, 2, 2]"#, false),
            (r#"[{"a": [1, 2]}]"#, r#"[{"a": [1, 3]}]"#, false),
        ] {
            assert_eq!(keeps(&value(before), &value(after)), kept, "{before} {after}");
        }
        assert!(!keeps(&[0x92, 1], &[0x92, 1]), "bytes that end too early");
    }
}
