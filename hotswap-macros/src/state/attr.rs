//! serde's attributes as part of a description, and `#[shape(opaque)]`.

use syn::{Attribute, Meta, Token, punctuated::Punctuated};

use crate::{error::Errors, names::text};

/// All of serde's attributes as one text: `serde(default, rename = "x")`; empty for none.
pub(crate) fn serde(attrs: &[Attribute]) -> String {
    let words: Vec<String> = metas(attrs).iter().map(text).collect();
    if words.is_empty() { String::new() } else { format!("serde({})", words.join(", ")) }
}

/// Whether a field or a variant never leaves the instance: `#[serde(skip)]`.
pub(crate) fn is_skipped(attrs: &[Attribute]) -> bool {
    let metas = metas(attrs);
    let has = |name: &str| metas.iter().any(|meta| meta.path().is_ident(name));
    has("skip") || (has("skip_serializing") && has("skip_deserializing"))
}

/// Malformed ones are serde's to refuse.
fn metas(attrs: &[Attribute]) -> Vec<Meta> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("serde"))
        .filter_map(|attr| {
            attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()
        })
        .flatten()
        .collect()
}

/// Whether a field's type is described by its name only: `#[shape(opaque)]`.
pub(crate) fn is_opaque(attrs: &[Attribute], errors: &mut Errors) -> bool {
    let mut opaque = false;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("shape")) {
        errors.take(attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("opaque") {
                opaque = true;
                Ok(())
            } else {
                Err(meta.error("unknown attribute\nhint: a field takes `#[shape(opaque)]`"))
            }
        }));
    }
    opaque
}

/// Notes `#[shape]` where it means nothing.
pub(crate) fn misplaced(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("shape")) {
        errors.at(attr, "`#[shape]` goes on a field", "move it to the field that it is about");
    }
}
