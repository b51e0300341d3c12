//! Encoded values in a form in which they can be compared.

use rmpv::Value;

/// Reads any encoded value and sorts the entries of its maps, and items where order may differ.
pub(in crate::state) fn normalized(bytes: &[u8]) -> Option<Value> {
    let mut input = bytes;
    rmpv::decode::read_value(&mut input).ok().map(sorted)
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Map(entries) => {
            let mut entries: Vec<_> =
                entries.into_iter().map(|(k, v)| (sorted(k), sorted(v))).collect();
            entries.sort_by_cached_key(|(key, _)| key.to_string());
            Value::Map(entries)
        }
        value => value,
    }
}
