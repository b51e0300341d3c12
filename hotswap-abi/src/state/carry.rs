//! Carrying a state by name: its shape changed under an unchanged version, and the host's
//! `StateDrift` says to keep what can be kept.
//!
//! Bytes in, bytes out, guided by both shapes: fields are found by name, what the new shape lacks
//! is dropped, what the old one lacks gets the type's zero (0, "", empty, None) or, with
//! `#[serde(default)]`, serde's default. Each such field is named. A type that has serde
//! attributes is carried only if it did not change.

mod number;
mod zero;

use rmpv::Value;

use crate::shape::{Definition, Kind, OwnedMember, Shape, Types, compare_stored};

/// A state in its new shape.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Carried {
    /// The encoded state.
    pub bytes: Vec<u8>,
    /// Fields whose values were dropped, by their paths.
    pub dropped: Vec<String>,
    /// Fields that have got a default value, by their paths.
    pub defaulted: Vec<String>,
}

/// Why a state cannot be carried by name.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CarryError {
    /// The bytes are no state of the old shape.
    #[error("the stored state does not have the shape that it is said to have, at {at}")]
    Malformed {
        /// The path of the field.
        at: String,
    },
    /// A value of the old type is none of the new type.
    #[error("{at} cannot be carried from {from} to {to}; write a migration for it")]
    Incompatible {
        /// The path of the field.
        at: String,
        /// The old type.
        from: String,
        /// The new type.
        to: String,
    },
    /// A new field has a type without a zero.
    #[error("{at} is new, and {ty} has no value to start with; give it `#[serde(default)]`")]
    NoDefault {
        /// The path of the field.
        at: String,
        /// Its type.
        ty: String,
    },
    /// The value, or its type, is nested too deeply.
    #[error("{at} is nested too deeply to be carried; write a migration for it")]
    Deep {
        /// The field of the state that it is in.
        at: String,
    },
}

crate::debug_in_full!(CarryError);

/// How many steps of [`Carrier::value`] may be below one another. The codec reads values of a
/// thousand levels, each a few steps. A type may lead on without an end, if it is a hostile one.
const DEEPEST: usize = 4096;

/// Carries an encoded state from one shape to another.
///
/// # Errors
/// When a value cannot be kept in its new type, or a new field has no default.
pub fn carry(
    bytes: &[u8],
    old: (&Types, &Shape),
    new: (&Types, &Shape),
) -> Result<Carried, CarryError> {
    let mut input = bytes;
    let name = new.0.display(new.1).to_string();
    let value = rmpv::decode::read_value(&mut input)
        .map_err(|_| CarryError::Malformed { at: name.clone() })?;
    let mut carrier =
        Carrier { old: old.0, new: new.0, dropped: Vec::new(), defaulted: Vec::new(), depth: 0 };
    let value = carrier.value(value, old.1, new.1, &name)?;
    let mut bytes = Vec::with_capacity(bytes.len());
    // Writing to a vector does not fail.
    let _ = rmpv::encode::write_value(&mut bytes, &value);
    Ok(Carried { bytes, dropped: carrier.dropped, defaulted: carrier.defaulted })
}

struct Carrier<'a> {
    old: &'a Types,
    new: &'a Types,
    dropped: Vec<String>,
    defaulted: Vec<String>,
    depth: usize,
}

impl Carrier<'_> {
    fn value(
        &mut self,
        value: Value,
        old: &Shape,
        new: &Shape,
        at: &str,
    ) -> Result<Value, CarryError> {
        if self.depth == DEEPEST {
            let at = at.split('.').take(2).collect::<Vec<_>>().join(".");
            return Err(CarryError::Deep { at });
        }
        self.depth += 1;
        let value = self.differing(value, old, new, at);
        self.depth -= 1;
        value
    }

    fn differing(
        &mut self,
        value: Value,
        old: &Shape,
        new: &Shape,
        at: &str,
    ) -> Result<Value, CarryError> {
        if compare_stored((self.old, old), (self.new, new), at).is_empty() {
            return Ok(value);
        }
        match (old, new) {
            (Shape::Container { name, args, .. }, new) if name == "Box" => {
                self.value(value, &args[0], new, at)
            }
            (old, Shape::Container { name, args, .. }) if name == "Box" => {
                self.value(value, old, &args[0], at)
            }
            (Shape::Scalar(from), Shape::Scalar(to)) => {
                number::convert(&value, to).ok_or_else(|| self.incompatible(at, from, to))
            }
            (
                Shape::Container { name, len, args },
                Shape::Container { name: name2, len: len2, args: args2 },
            ) => match (family(name), family(name2)) {
                (Family::Sequence, Family::Sequence) => {
                    let Value::Array(items) = value else { return Err(malformed(at)) };
                    let items = items
                        .into_iter()
                        .map(|item| self.value(item, &args[0], &args2[0], &format!("{at}[]")));
                    Ok(Value::Array(items.collect::<Result<_, _>>()?))
                }
                (Family::Map, Family::Map) => {
                    let Value::Map(entries) = value else { return Err(malformed(at)) };
                    let entries = entries.into_iter().map(|(k, v)| {
                        let key = self.value(k, &args[0], &args2[0], &format!("{at}[key]"))?;
                        Ok((key, self.value(v, &args[1], &args2[1], &format!("{at}[]"))?))
                    });
                    Ok(Value::Map(entries.collect::<Result<_, _>>()?))
                }
                (Family::Option, Family::Option) if value.is_nil() => Ok(value),
                (Family::Option, Family::Option) => self.value(value, &args[0], &args2[0], at),
                (Family::Tuple, Family::Tuple) if name == "array" && name2 == "array" => {
                    let Value::Array(items) = value else { return Err(malformed(at)) };
                    if len != len2 {
                        return Err(self.change(at, old, new));
                    }
                    let items = items
                        .into_iter()
                        .map(|item| self.value(item, &args[0], &args2[0], &format!("{at}[]")));
                    Ok(Value::Array(items.collect::<Result<_, _>>()?))
                }
                (Family::Tuple, Family::Tuple) if name == name2 && args.len() == args2.len() => {
                    let Value::Array(items) = value else { return Err(malformed(at)) };
                    let items = items.into_iter().zip(args.iter().zip(args2)).enumerate().map(
                        |(i, (item, (old, new)))| self.value(item, old, new, &format!("{at}.{i}")),
                    );
                    Ok(Value::Array(items.collect::<Result<_, _>>()?))
                }
                _ => Err(self.change(at, old, new)),
            },
            // Some(x) is written as x.
            (old, Shape::Container { name, args, .. }) if name == "Option" => {
                self.value(value, old, &args[0], at)
            }
            (Shape::Defined(_), Shape::Defined(_)) => {
                let (Some(from), Some(to)) = (self.old.definition(old), self.new.definition(new))
                else {
                    return Err(self.change(at, old, new));
                };
                if from.kind != to.kind || has_attrs(from) || has_attrs(to) {
                    return Err(self.change(at, old, new));
                }
                let (from, to) = (from.clone(), to.clone());
                match from.kind {
                    Kind::Struct if is_tuple(&from) || is_tuple(&to) => {
                        self.tuple(value, &from, &to, at)
                    }
                    Kind::Struct => self.fields(value, &from.members, &to.members, at),
                    Kind::Enum => self.variant(value, &from, &to, at),
                    _ => Err(self.change(at, old, new)),
                }
            }
            _ => Err(self.change(at, old, new)),
        }
    }

    /// A tuple struct: its field alone, or an array.
    fn tuple(
        &mut self,
        value: Value,
        from: &Definition,
        to: &Definition,
        at: &str,
    ) -> Result<Value, CarryError> {
        let pair = |i: usize| (&from.members[i].parts[0], &to.members[i].parts[0]);
        match (from.members.len(), to.members.len()) {
            (1, 1) if is_tuple(from) && is_tuple(to) => {
                self.value(value, pair(0).0, pair(0).1, &format!("{at}.0"))
            }
            (old, new) if old == new && is_tuple(from) && is_tuple(to) => {
                let Value::Array(items) = value else { return Err(malformed(at)) };
                let items =
                    items.into_iter().take(old).enumerate().map(|(i, item)| {
                        self.value(item, pair(i).0, pair(i).1, &format!("{at}.{i}"))
                    });
                Ok(Value::Array(items.collect::<Result<_, _>>()?))
            }
            _ => Err(self.incompatible(at, &from.name, "other fields")),
        }
    }

    /// A struct: a map by the fields' names.
    fn fields(
        &mut self,
        value: Value,
        old: &[OwnedMember],
        new: &[OwnedMember],
        at: &str,
    ) -> Result<Value, CarryError> {
        let Value::Map(entries) = value else { return Err(malformed(at)) };
        let mut left: Vec<(String, Value)> = entries
            .into_iter()
            .map(|(key, value)| Some((key.as_str()?.to_owned(), value)))
            .collect::<Option<_>>()
            .ok_or_else(|| malformed(at))?;
        let mut fields = Vec::with_capacity(new.len());
        for to in new {
            let path = format!("{at}.{}", to.name);
            let place = left.iter().position(|(name, _)| *name == to.name);
            let from = old.iter().find(|from| from.name == to.name);
            let value = match (place, from) {
                (Some(place), Some(from)) => {
                    let (_, value) = left.swap_remove(place);
                    self.value(value, &from.parts[0], &to.parts[0], &path)?
                }
                _ if has_default(to) => {
                    self.defaulted.push(path);
                    continue;
                }
                _ => {
                    let zero = self.zero(&to.parts[0], &path)?;
                    self.defaulted.push(path);
                    zero
                }
            };
            fields.push((Value::from(to.name.as_str()), value));
        }
        self.dropped.extend(left.into_iter().map(|(name, _)| format!("{at}.{name}")));
        Ok(Value::Map(fields))
    }

    /// An enum as serde writes it: `"Unit"` or `{"Variant": …}`.
    fn variant(
        &mut self,
        value: Value,
        from: &Definition,
        to: &Definition,
        at: &str,
    ) -> Result<Value, CarryError> {
        let (name, content) = match value {
            Value::String(name) => (name.as_str().map(ToOwned::to_owned), None),
            Value::Map(mut entries) if entries.len() == 1 => {
                let (key, value) = entries.swap_remove(0);
                (key.as_str().map(ToOwned::to_owned), Some(value))
            }
            _ => (None, None),
        };
        let name = name.ok_or_else(|| malformed(at))?;
        let find = |definition: &Definition| {
            definition.members.iter().find(|member| member.name == name).cloned()
        };
        let path = format!("{at}::{name}");
        let old = find(from).ok_or_else(|| malformed(&path))?;
        let Some(new) = find(to) else {
            return Err(self.incompatible(&path, &name, "no such variant"));
        };
        let Some(content) = content else { return Ok(Value::from(name)) };
        let same = old.labels == new.labels && old.parts.len() == new.parts.len();
        let content = match (old.parts.as_slice(), new.parts.as_slice()) {
            ([from], [to]) if same && old.labels[0] == "0" => {
                self.value(content, from, to, &path)?
            }
            _ if old.labels.first().is_some_and(|label| label != "0") => {
                self.fields(content, &as_fields(&old), &as_fields(&new), &path)?
            }
            (from, to) if same => {
                let Value::Array(items) = content else { return Err(malformed(&path)) };
                let items = items
                    .into_iter()
                    .zip(from.iter().zip(to))
                    .map(|(item, (from, to))| self.value(item, from, to, &path));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            _ => return Err(self.incompatible(&path, &name, "other fields")),
        };
        Ok(Value::Map(vec![(Value::from(name), content)]))
    }

    fn change(&self, at: &str, old: &Shape, new: &Shape) -> CarryError {
        let (from, to) = (self.old.display(old).to_string(), self.new.display(new).to_string());
        self.incompatible(at, &from, &to)
    }

    fn incompatible(&self, at: &str, from: &str, to: &str) -> CarryError {
        CarryError::Incompatible { at: at.to_owned(), from: from.to_owned(), to: to.to_owned() }
    }
}

#[derive(PartialEq, Eq)]
enum Family {
    Sequence,
    Map,
    Option,
    Tuple,
    Other,
}

fn family(name: &str) -> Family {
    match name {
        "Vec" | "VecDeque" | "HashSet" | "BTreeSet" => Family::Sequence,
        "HashMap" | "BTreeMap" => Family::Map,
        "Option" => Family::Option,
        "tuple" | "array" => Family::Tuple,
        _ => Family::Other,
    }
}

/// Attributes other than `default` change the representation in ways that are serde's business.
fn has_attrs(definition: &Definition) -> bool {
    !definition.attrs.is_empty()
        || definition.members.iter().any(|member| !member.attrs.is_empty() && !has_default(member))
}

/// `serde(default)` or `serde(default = "…")`, and nothing else.
fn has_default(member: &OwnedMember) -> bool {
    let default = member.attrs.strip_prefix("serde(default").and_then(|it| it.strip_suffix(')'));
    default.is_some_and(|rest| rest.is_empty() || (rest.starts_with(" = ") && !rest.contains(',')))
}

/// Whether a struct's fields have no names.
fn is_tuple(definition: &Definition) -> bool {
    definition.members.first().is_some_and(|member| member.name.parse::<usize>().is_ok())
}

fn as_fields(variant: &OwnedMember) -> Vec<OwnedMember> {
    variant
        .labels
        .iter()
        .zip(&variant.parts)
        .map(|(label, part)| OwnedMember {
            name: label.clone(),
            attrs: String::new(),
            offset: 0,
            labels: Vec::new(),
            parts: vec![part.clone()],
        })
        .collect()
}

fn malformed(at: &str) -> CarryError {
    CarryError::Malformed { at: at.to_owned() }
}
