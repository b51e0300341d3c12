//! A migration to paste, for a state whose shape changed under an unchanged version.
//!
//! It compiles as it stands, beside the state: the old types are in it, with the conversions to the
//! new ones. It drops nothing unsaid: a field that is gone has a comment in its place, and what only
//! the user can say is an error, with which the old version goes on. The step from an older version to
//! the old one is the user's code: it is named, and what is pasted does not compile before that step
//! leads to the old type.

mod attrs;
mod convert;
mod types;

use hotswap_abi::__private::{
    manifest::StateVersion,
    shape::{Shape, Types},
};

use self::{
    convert::Conversions,
    types::{Sides, strip_version},
};

/// The old version with all that changed in it, and a migration that keeps what can be kept.
/// `older` is the version before the old one, as the new side has it: the chain leads on to it.
pub(super) fn migration(
    (old_types, old): (&Types, &StateVersion),
    (new_types, new): (&Types, &StateVersion),
    older: Option<&StateVersion>,
) -> String {
    let (Some(from), Some(to)) =
        (old_types.definition(&old.shape), new_types.definition(&new.shape))
    else {
        return String::new();
    };
    let Shape::Defined(state) = old.shape else { return String::new() };
    let sides = Sides {
        old: old_types,
        new: new_types,
        version: old.version,
        home: &to.path,
        declared: Vec::new(),
    };
    let mut all = Conversions { sides, wanted: Vec::new() };
    let previous = all.sides.declare(state);
    let body = all.body(from, to, &previous);
    let named = match &old.name {
        name if name == strip_version(&to.name) => String::new(),
        name => format!(", name = {name:?}"),
    };
    let (name, next) = (&to.name, old.version + 1);
    let older = older.map(|it| all.sides.new_type(&it.shape));
    let chain = older.as_ref().map_or_else(String::new, |it| format!(", previous = {it}"));
    let head = format!(
        "{}    #[hot_state(version = {}{chain}{named})]\n",
        derives("HotState", ""),
        old.version
    );
    let mut text = all.sides.declaration(state, &previous, &head);
    if let Some(older) = older {
        text += &format!(
            "    // impl Migrate<{older}> for {name}: now for {previous}, with the fields of {previous}\n"
        );
    }
    text += &format!(
        "    // on {name}: #[hot_state(version = {next}, previous = {previous}{named})]\n"
    );
    text += &function(
        &format!("hotswap_abi::Migrate<{previous}> for {name}"),
        "",
        &format!("upgrade(old: {previous})"),
        &body,
    );
    let mut done = 0;
    while let Some(&(old, new)) = all.wanted.get(done) {
        done += 1;
        let (Some(from), Some(to)) =
            (old_types.definitions.get(old), new_types.definitions.get(new))
        else {
            continue;
        };
        let (from_type, to_type) =
            (all.sides.old_type(&Shape::Defined(old)), all.sides.new_type(&Shape::Defined(new)));
        let body = all.body(from, to, &from_type);
        text += &function(
            &format!("TryFrom<{from_type}> for {to_type}"),
            "        type Error = hotswap_abi::MigrateError;\n",
            &format!("try_from(old: {from_type})"),
            &body,
        );
    }
    // The state itself was the first.
    let (keys, mut done) = (all.sides.keys(), 1);
    while let Some((old, name)) = all.sides.declared.get(done).cloned() {
        done += 1;
        let compared = ", PartialEq, Eq, Hash, PartialOrd, Ord";
        let head = derives("Shape", if keys.contains(&old) { compared } else { "" });
        text += &all.sides.declaration(old, &name, &head);
    }
    text.trim_end().to_owned()
}

fn derives(own: &str, more: &str) -> String {
    format!(
        "    #[derive(hotswap_abi::{own}, serde::Serialize, serde::Deserialize, Clone{more})]\n"
    )
}

fn function(head: &str, items: &str, signature: &str, body: &str) -> String {
    let allowed = if body.contains("return Err(") {
        "        #[allow(unreachable_code, unused_variables, unused_parens)]\n"
    } else if body.contains("((*") {
        "        #[allow(unused_parens)]\n"
    } else {
        ""
    };
    format!(
        "    impl {head} {{\n{items}{allowed}        fn {signature} \
         -> std::result::Result<Self, hotswap_abi::MigrateError> {{\n{body}        }}\n    }}\n"
    )
}
