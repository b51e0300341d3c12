//! A trait's tokens → [`Interface`].

use proc_macro2::TokenStream;
use syn::{ItemTrait, LitStr, TraitItem, TypeParamBound, parse::Parser, punctuated::Punctuated};

use super::{
    method::{self, where_clause},
    model::Interface,
};
use crate::error::Errors;

/// Reads the trait; `None` if it is none.
pub(crate) fn interface(
    attr: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> Option<Interface> {
    let version = version(attr, errors);
    let mut item: ItemTrait = match syn::parse2(item.clone()) {
        Ok(item) => item,
        Err(error) => {
            let first = item.into_iter().next();
            match first {
                Some(first) if !error.to_string().contains("expected `trait`") => {
                    let _ = first;
                    errors.add(error);
                }
                first => errors.at(
                    first,
                    "#[interface] goes on a trait",
                    "`#[interface] pub trait Game { … }`",
                ),
            }
            return None;
        }
    };
    let mut dyn_compatible = head(&mut item, errors);
    let (send, sync) = supertraits(&mut item, errors);
    let mut methods = Vec::new();
    for item in &mut item.items {
        match item {
            TraitItem::Fn(function) => {
                let Some(method) = method::method(function, errors) else {
                    dyn_compatible &= method::stub(function);
                    continue;
                };
                methods.push(method);
            }
            TraitItem::Type(item) => {
                dyn_compatible = false;
                errors.at(
                    item,
                    "an interface has no associated types: both sides must know every type",
                    "name the type in the methods",
                );
            }
            TraitItem::Const(item) => {
                dyn_compatible = false;
                errors.at(
                    item,
                    "an interface has no associated constants",
                    "make it a method: `fn limit(&self) -> u32;`",
                );
            }
            other => errors.at(
                other,
                "an interface has methods and nothing else",
                "write the methods out",
            ),
        }
    }
    Some(Interface { item, version, send, sync, methods, dyn_compatible })
}

/// `version = "1.2.0"`.
fn version(attr: TokenStream, errors: &mut Errors) -> Option<LitStr> {
    let mut version = None;
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("version") {
            let value: LitStr = meta.value()?.parse()?;
            if version.replace(value).is_some() {
                return Err(meta.error("`version` is given twice\nhint: keep one"));
            }
            Ok(())
        } else {
            Err(meta.error("#[interface] takes `version = \"1.2.0\"` and nothing else"))
        }
    });
    errors.take(parser.parse2(attr));
    version
}

/// The trait's own line; says whether `dyn Trait` makes sense.
fn head(item: &mut ItemTrait, errors: &mut Errors) -> bool {
    if let Some(token) = item.unsafety.take() {
        errors.at(token, "an interface is not unsafe", "say in its docs what callers must observe");
    }
    if let Some(token) = item.auto_token.take() {
        errors.at(token, "an interface is no auto trait", "leave `auto` away");
    }
    if !item.generics.params.is_empty() {
        errors.at(
            &item.generics,
            "an interface has no parameters: both sides must know every type",
            "name the types, or make one interface for each",
        );
    }
    where_clause(item.generics.where_clause.as_ref(), errors);
    item.generics.params.is_empty() && item.generics.where_clause.is_none()
}

/// Whether the supertraits are `Send` and `Sync`; others are noted and left out.
fn supertraits(item: &mut ItemTrait, errors: &mut Errors) -> (bool, bool) {
    let (mut send, mut sync) = (false, false);
    let mut kept = Punctuated::new();
    for bound in std::mem::take(&mut item.supertraits) {
        match &bound {
            TypeParamBound::Trait(bound) if bound.path.is_ident("Send") => send = true,
            TypeParamBound::Trait(bound) if bound.path.is_ident("Sync") => sync = true,
            bound => {
                errors.at(
                    bound,
                    "an interface has no supertraits but `Send` and `Sync`",
                    "declare its methods here",
                );
                continue;
            }
        }
        kept.push(bound);
    }
    item.supertraits = kept;
    (send, sync)
}
