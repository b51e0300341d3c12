//! `#[portable(…)]` on a field: how a type of another crate crosses.

use quote::ToTokens;
use syn::{Attribute, Field, Path, Token};

use crate::{
    error::Errors,
    types::{Role, check_value},
};

/// How a field crosses.
pub(crate) enum Way {
    /// By its own `Portable`.
    Own,
    /// By serde, as an opaque value.
    Serde,
    /// By a module's functions.
    With(Path),
}

/// Reads a field's attributes, and checks the type of a field that crosses by itself.
pub(crate) fn way(field: &Field, errors: &mut Errors) -> Way {
    let mut found: Vec<(Way, &Attribute)> = Vec::new();
    for attr in field.attrs.iter().filter(|attr| attr.path().is_ident("portable")) {
        let result = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("serde") && !meta.input.peek(Token![=]) {
                found.push((Way::Serde, attr));
                Ok(())
            } else if meta.path.is_ident("with") {
                found.push((Way::With(meta.value()?.parse()?), attr));
                Ok(())
            } else {
                Err(meta.error(format!(
                    "unknown attribute `{}`\nhint: a field takes `#[portable(serde)]` or \
                     `#[portable(with = path::to::module)]`",
                    meta.path.to_token_stream()
                )))
            }
        });
        errors.take(result);
    }
    let mut found = found.into_iter();
    let Some((way, _)) = found.next() else {
        check_value(&field.ty, Role::Field, errors);
        return Way::Own;
    };
    for (_, second) in found {
        errors.at(second, "a field crosses in one way", "keep one of `serde` and `with`");
    }
    way
}

/// Notes `#[portable]` where it means nothing.
pub(crate) fn misplaced(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("portable")) {
        errors.at(attr, "`#[portable]` goes on a field", "move it to the field that it is about");
    }
}
