//! The trait itself. A default body moves into a hidden method of its own, so that it can run on a
//! proxy whose other methods go to the module.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, FnArg, Pat, TraitItem, TraitItemFn};

use super::{
    super::model::{Interface, Method},
    names::default_name,
};

/// The trait.
pub(super) fn trait_item(interface: &Interface) -> TokenStream {
    let mut item = interface.item.clone();
    let mut methods = interface.methods.iter();
    item.items = item
        .items
        .into_iter()
        .flat_map(|item| match (item, methods.next()) {
            (TraitItem::Fn(function), Some(method)) if function.default.is_some() => {
                split(function, method)
            }
            (item, _) => vec![item],
        })
        .collect();
    quote! { #item }
}

fn split(mut outer: TraitItemFn, method: &Method) -> Vec<TraitItem> {
    let mut inner = outer.clone();
    let name = default_name(method);
    inner.sig.ident = name.clone();
    inner.attrs.retain(is_lint);
    inner.attrs.push(syn::parse_quote! { #[doc(hidden)] });
    outer.attrs.retain(|attr| !attr.path().is_ident("expect"));
    for input in &mut outer.sig.inputs {
        if let FnArg::Typed(input) = input
            && let Pat::Ident(pat) = &mut *input.pat
        {
            pat.mutability = None;
        }
    }
    let args = method.args.iter().map(|arg| &arg.ident);
    // The user's own `self`: the trait may come out of a `macro_rules`.
    let this = outer.sig.receiver().map(|receiver| receiver.self_token);
    outer.default = Some(syn::parse_quote! {{ #this.#name(#(#args),*) }});
    outer.semi_token = None;
    vec![TraitItem::Fn(outer), TraitItem::Fn(inner)]
}

/// What is said of the body, not of the method.
fn is_lint(attr: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny"].iter().any(|name| attr.path().is_ident(name))
}
