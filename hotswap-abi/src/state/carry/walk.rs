//! The walk over a value with its old and its new shape.

use std::sync::Arc;

use rmpv::Value;

use super::{
    attrs::Attrs,
    dropped::{DroppedChange, DroppedValue, DroppedValues},
    error::{CarryError, NewField},
    number,
    place::{Place, Tally},
    types::{Family, family, has_attrs, is_map, is_tuple},
    zero::zero,
};
use crate::shape::{Definition, Kind, OwnedMember, Shape, Types, attrs::mark, compare_stored};

/// How many steps of [`Carrier::value`] may be below one another. The codec reads values of a
/// thousand levels, each a few steps. A type may lead on without an end, if it is a hostile one.
const DEEPEST: usize = 4096;

pub(super) struct Carrier<'a> {
    pub(super) old: &'a Types,
    pub(super) new: &'a Types,
    /// What was dropped before.
    pub(super) kept: &'a DroppedValues,
    /// The old types, for what is dropped now.
    pub(super) types: Arc<Types>,
    pub(super) dropped: Tally,
    pub(super) defaulted: Tally,
    pub(super) restored: Tally,
    pub(super) unrestored: Tally,
    pub(super) change: DroppedChange,
    /// New fields without a value, each once.
    pub(super) missing: Vec<NewField>,
    pub(super) depth: usize,
}

impl Carrier<'_> {
    pub(super) fn value(
        &mut self,
        value: Value,
        old: &Shape,
        new: &Shape,
        at: &Place,
    ) -> Result<Value, CarryError> {
        if self.depth == DEEPEST {
            let at = at.shown.split('.').take(2).collect::<Vec<_>>().join(".");
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
        at: &Place,
    ) -> Result<Value, CarryError> {
        if compare_stored((self.old, old), (self.new, new), &at.shown).is_empty() {
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
                    let is_set = name.ends_with("Set") || name2.ends_with("Set");
                    self.items(value, &args[0], &args2[0], at, is_set)
                }
                (Family::Map, Family::Map) => {
                    let Value::Map(entries) = value else { return Err(malformed(at)) };
                    let entries = entries.into_iter().map(|(k, v)| {
                        let at_value = at.entry(&k);
                        let key = self.value(k, &args[0], &args2[0], &at.in_key())?;
                        Ok((key, self.value(v, &args[1], &args2[1], &at_value)?))
                    });
                    Ok(Value::Map(entries.collect::<Result<_, _>>()?))
                }
                (Family::Option, Family::Option) if value.is_nil() => Ok(value),
                (Family::Option, Family::Option) => self.value(value, &args[0], &args2[0], at),
                (Family::Tuple, Family::Tuple) if name == "array" && name2 == "array" => {
                    if len != len2 {
                        return Err(self.change(at, old, new));
                    }
                    self.items(value, &args[0], &args2[0], at, false)
                }
                (Family::Tuple, Family::Tuple) if name == name2 && args.len() == args2.len() => {
                    let Value::Array(items) = value else { return Err(malformed(at)) };
                    let items = items.into_iter().zip(args.iter().zip(args2)).enumerate().map(
                        |(i, (item, (old, new)))| {
                            self.value(item, old, new, &at.step(format_args!(".{i}")))
                        },
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
                let alike = from.kind != Kind::Struct || is_map(from) == is_map(to);
                if from.kind != to.kind || !alike || has_attrs(from) || has_attrs(to) {
                    return Err(self.change(at, old, new));
                }
                let (from, to) = (from.clone(), to.clone());
                match from.kind {
                    Kind::Struct if from.members.is_empty() && to.members.is_empty() => Ok(value),
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
        at: &Place,
    ) -> Result<Value, CarryError> {
        let pair = |i: usize| (&from.members[i].parts[0], &to.members[i].parts[0]);
        match (from.members.len(), to.members.len()) {
            (1, 1) if is_tuple(from) && is_tuple(to) => {
                self.value(value, pair(0).0, pair(0).1, &at.step(".0"))
            }
            (old, new) if old == new && is_tuple(from) && is_tuple(to) => {
                let Value::Array(items) = value else { return Err(malformed(at)) };
                let items = items.into_iter().take(old).enumerate().map(|(i, item)| {
                    self.value(item, pair(i).0, pair(i).1, &at.step(format_args!(".{i}")))
                });
                Ok(Value::Array(items.collect::<Result<_, _>>()?))
            }
            _ => Err(self.incompatible(at, &from.name, "other fields")),
        }
    }

    fn items(
        &mut self,
        value: Value,
        old: &Shape,
        new: &Shape,
        at: &Place,
        is_set: bool,
    ) -> Result<Value, CarryError> {
        let Value::Array(items) = value else { return Err(malformed(at)) };
        let len = items.len();
        let items = items.into_iter().enumerate().map(|(i, item)| {
            let at = if is_set { at.in_set() } else { at.item(i, len) };
            self.value(item, old, new, &at)
        });
        Ok(Value::Array(items.collect::<Result<_, _>>()?))
    }

    /// What was dropped from a field before, if it is known to be of this one.
    fn returned(&mut self, shape: &Shape, at: &Place) -> Option<Value> {
        let (kept, place) = (self.kept, at.exact.as_ref());
        let found = place.and_then(|place| Some((place, kept.at(place)?)));
        let value = found.and_then(|(place, dropped)| {
            let mut carrier = Carrier {
                old: &dropped.types,
                types: Arc::clone(&dropped.types),
                dropped: Tally::default(),
                defaulted: Tally::default(),
                restored: Tally::default(),
                unrestored: Tally::default(),
                change: DroppedChange::default(),
                missing: Vec::new(),
                ..*self
            };
            let value = carrier.value(dropped.value.clone(), &dropped.shape, shape, at).ok();
            let value = value.filter(|_| carrier.missing.is_empty())?;
            let DroppedChange { taken, added } = carrier.change;
            self.change.taken.push(place.clone());
            self.change.taken.extend(taken);
            self.change.added.extend(added);
            Some(value)
        });
        match value {
            Some(_) => self.restored.add(&at.shown),
            None if kept.has(&at.shown) => self.unrestored.add(&at.shown),
            None => {}
        }
        value
    }

    /// A struct: a map by the fields' names.
    fn fields(
        &mut self,
        value: Value,
        old: &[OwnedMember],
        new: &[OwnedMember],
        at: &Place,
    ) -> Result<Value, CarryError> {
        let Value::Map(entries) = value else { return Err(malformed(at)) };
        let mut left: Vec<(String, Value)> = entries
            .into_iter()
            .map(|(key, value)| Some((key.as_str()?.to_owned(), value)))
            .collect::<Option<_>>()
            .ok_or_else(|| malformed(at))?;
        let (mut fields, mut missing) = (Vec::with_capacity(new.len()), Vec::new());
        for to in new {
            let (at, attrs) = (at.step(format_args!(".{}", to.name)), Attrs::of(to));
            let key = attrs.key(to);
            let place = source(&left, old, new, to);
            let from = place.and_then(|place| by_key(old, &left[place].0));
            let value = match (place, from) {
                (Some(place), Some(from)) => {
                    let (name, value) = left.remove(place);
                    // By an alias that is younger than the drop.
                    if name != key && self.kept.has(&at.shown) {
                        self.unrestored.add(&at.shown);
                    }
                    self.value(value, &from.parts[0], &to.parts[0], &at)?
                }
                _ => match self.returned(&to.parts[0], &at) {
                    Some(value) => value,
                    None => {
                        self.defaulted.add(&at.shown);
                        if attrs.default {
                            continue;
                        }
                        zero(self.new, &to.parts[0], &at.shown).unwrap_or_else(|inner| {
                            missing.push((&to.parts[0], inner.within(&at.shown)));
                            Value::Nil
                        })
                    }
                },
            };
            fields.push((Value::from(key), value));
        }
        self.miss(missing, old, &left);
        for (name, value) in left {
            let at = at.step(format_args!(".{name}"));
            self.dropped.add(&at.shown);
            if let (Some(place), Some(from)) = (&at.exact, by_key(old, &name)) {
                let dropped = DroppedValue::new(value, &from.parts[0], &self.types, &at.shown);
                self.change.added.push((place.clone(), dropped));
            }
        }
        Ok(Value::Map(fields))
    }

    /// Fields of a struct that have no value, where these values of it have no field.
    fn miss(
        &mut self,
        fields: Vec<(&Shape, NewField)>,
        old: &[OwnedMember],
        left: &[(String, Value)],
    ) {
        for (shape, mut field) in fields {
            if self.missing.iter().any(|known| known.at == field.at) {
                continue;
            }
            let fits = |name: &&String| {
                by_key(old, name).is_some_and(|from| {
                    compare_stored((self.old, &from.parts[0]), (self.new, shape), "").is_empty()
                })
            };
            field.gone = left.iter().map(|(name, _)| name).filter(fits).cloned().collect();
            self.missing.push(field);
        }
    }

    /// An enum as serde writes it: `"Unit"` or `{"Variant": …}`.
    fn variant(
        &mut self,
        value: Value,
        from: &Definition,
        to: &Definition,
        at: &Place,
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
        let path = at.step(format_args!("::{name}"));
        let old = find(from).ok_or_else(|| malformed(&path))?;
        let Some(new) = find(to) else {
            return Err(self.incompatible(&path, &name, "no such variant"));
        };
        if old.labels.is_empty() && new.labels.is_empty() {
            if mark(&old.attrs) != mark(&new.attrs) {
                return Err(self.incompatible(&path, &name, "nothing, written otherwise"));
            }
            let content = content.map(|content| Value::Map(vec![(Value::from(&*name), content)]));
            return Ok(content.unwrap_or_else(|| Value::from(name)));
        }
        let Some(content) = content else {
            return Err(self.incompatible(&path, &name, "other fields"));
        };
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

    fn change(&self, at: &Place, old: &Shape, new: &Shape) -> CarryError {
        let (from, to) = (self.old.display(old).to_string(), self.new.display(new).to_string());
        self.incompatible(at, &from, &to)
    }

    fn incompatible(&self, at: &Place, from: &str, to: &str) -> CarryError {
        CarryError::Incompatible { at: at.shown.clone(), from: from.to_owned(), to: to.to_owned() }
    }
}

/// The field that is stored by a name.
fn by_key<'m>(members: &'m [OwnedMember], key: &str) -> Option<&'m OwnedMember> {
    members.iter().find(|member| Attrs::of(member).key(member) == key)
}

/// Which of the stored fields a new one is: that of its own name, or one of its aliases; or the one
/// whose alias it was, on the way back.
fn source(
    stored: &[(String, Value)],
    old: &[OwnedMember],
    new: &[OwnedMember],
    to: &OwnedMember,
) -> Option<usize> {
    let attrs = Attrs::of(to);
    let key = attrs.key(to);
    let own = stored.iter().position(|(name, _)| name == key);
    own.or_else(|| {
        stored.iter().position(|(name, _)| {
            let was_alias =
                || by_key(old, name).is_some_and(|from| Attrs::of(from).aliases.contains(&key));
            by_key(new, name).is_none() && (attrs.aliases.contains(&name.as_str()) || was_alias())
        })
    })
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

fn malformed(at: &Place) -> CarryError {
    CarryError::Malformed { at: at.shown.clone() }
}
