//! What the walk over a state has to know of a type.

use super::attrs::Attrs;
use crate::shape::{
    Definition, Kind, OwnedMember,
    attrs::{mark, pieces},
};

/// Containers that are written alike.
#[derive(PartialEq, Eq)]
pub(super) enum Family {
    Sequence,
    Map,
    Option,
    Tuple,
    Other,
}

pub(super) fn family(name: &str) -> Family {
    match name {
        "Vec" | "VecDeque" | "HashSet" | "BTreeSet" | "indexmap::IndexSet" => Family::Sequence,
        "HashMap" | "BTreeMap" | "indexmap::IndexMap" => Family::Map,
        "Option" => Family::Option,
        "tuple" | "array" => Family::Tuple,
        _ => Family::Other,
    }
}

/// Attributes other than names and `default` change the representation in ways that are serde's
/// business; so do all of a variant.
pub(super) fn has_attrs(definition: &Definition) -> bool {
    let has = |member: &OwnedMember| match definition.kind {
        Kind::Struct => Attrs::of(member).other,
        _ => pieces(&member.attrs).next().is_some(),
    };
    pieces(&definition.attrs).next().is_some() || definition.members.iter().any(has)
}

/// Whether a struct is written as a map.
pub(super) fn is_map(definition: &Definition) -> bool {
    match definition.members.is_empty() {
        true => mark(&definition.attrs).is_some(),
        false => !is_tuple(definition),
    }
}

/// Whether a struct's fields have no names.
pub(super) fn is_tuple(definition: &Definition) -> bool {
    definition.members.first().is_some_and(|member| member.name.parse::<usize>().is_ok())
}
