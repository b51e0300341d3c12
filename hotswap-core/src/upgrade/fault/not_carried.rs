//! What to do where a state cannot be carried by name.
//!
//! A renamed field is one that is gone and one that is new. An alias keeps its values, a default drops
//! them: so the alias comes first.

use hotswap_abi::__private::state::{CarryError, NewField};

const MIGRATE: &str = "give the state a new version and a migration from the one that serves";

pub(super) fn advice(error: &CarryError) -> String {
    let CarryError::NoDefault { fields } = error else { return MIGRATE.to_owned() };
    let (renamed, new): (Vec<_>, Vec<_>) = fields.iter().partition(|it| !it.gone.is_empty());
    let listed = |texts: Vec<String>| texts.join(", ");
    let new = match new.as_slice() {
        [] => "a new one".to_owned(),
        fields => listed(fields.iter().map(|it| it.at.clone()).collect()),
    };
    let keep = match listed(renamed.into_iter().map(alias).collect()) {
        none if none.is_empty() => none,
        aliases => format!("keep the values of a renamed field with {aliases}; "),
    };
    format!("{keep}start {new} with #[serde(default)]; or {MIGRATE}")
}

fn alias(field: &NewField) -> String {
    let names = field.gone.iter().map(|name| format!("#[serde(alias = {name:?})]"));
    format!("{} on {}", names.collect::<Vec<_>>().join(" or "), field.at)
}
