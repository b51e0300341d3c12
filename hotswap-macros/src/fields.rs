//! The fields of a type as a derive has seen them, in a form in which the compiler finds out when the
//! type has others.
//!
//! An attribute macro that stands below a derive runs after it, and may change the type. What the
//! derive says of the type must not hold for another one: so generated code takes each value apart
//! without a `..`, and uses each field as what it was seen to be, without a coercion
//! (`Is` in hotswap-abi).

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Ident};

use crate::{
    error::Errors,
    names::{self, local},
};

/// A field.
pub(crate) struct Known<'a> {
    /// Its name, or its number.
    pub(crate) member: TokenStream,
    /// As text.
    pub(crate) name: String,
    /// What it is bound to in [`pattern`].
    pub(crate) binding: Ident,
    pub(crate) field: &'a Field,
}

/// The fields of a struct or of a variant.
pub(crate) fn known(fields: &Fields) -> impl Iterator<Item = Known<'_>> {
    fields.iter().enumerate().map(|(i, field)| {
        let index = syn::Index::from(i);
        Known {
            member: field.ident.as_ref().map_or(quote! { #index }, |ident| quote! { #ident }),
            name: field.ident.as_ref().map_or(i.to_string(), names::plain),
            binding: local(format!("f{i}")),
            field,
        }
    })
}

/// The pattern that binds each of them: `Self::Move { to: f0, by: f1 }`.
pub(crate) fn pattern(fields: &Fields, path: &TokenStream) -> TokenStream {
    let bindings = known(fields).map(|Known { member, binding, .. }| quote! { #member: #binding });
    quote! { #path { #(#bindings),* } }
}

/// A closure that the compiler takes only if a type has the fields, and the variants, that were seen.
pub(crate) fn exactly(input: &DeriveInput) -> TokenStream {
    let arm = |fields: &Fields, path: TokenStream| {
        let pattern = pattern(fields, &path);
        let checks = known(fields).map(|Known { binding, field, .. }| {
            let ty = &field.ty;
            quote! { __hotswap::must_be::<#ty>(&#binding); }
        });
        quote! { #pattern => { #(#checks)* } }
    };
    // By its own name: a trait may have an item that is named like a variant.
    let name = &input.ident;
    let arms: Vec<_> = match &input.data {
        Data::Struct(data) => vec![arm(&data.fields, quote! { Self })],
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| {
                let ident = &variant.ident;
                arm(&variant.fields, quote! { #name::#ident })
            })
            .collect(),
        Data::Union(_) => return TokenStream::new(),
    };
    let value = if arms.is_empty() {
        quote! { *__hotswap_value }
    } else {
        quote! { __hotswap_value }
    };
    quote! {
        let _: fn(&Self) = |__hotswap_value| match #value {
            #(#arms)*
        };
    }
}

/// Notes attribute macros that would change the type behind the back of a derive whose promise is
/// unsafe. Those without a path cannot be told from the attributes of other derives; what they do to
/// fields and layout is found by the compiler.
pub(crate) fn macros_below(attrs: &[Attribute], derive: &str, errors: &mut Errors) {
    const TOOLS: [&str; 5] = ["clippy", "diagnostic", "miri", "rust_analyzer", "rustfmt"];
    for attr in attrs {
        let segments = &attr.path().segments;
        if segments.len() > 1 && !TOOLS.iter().any(|tool| segments[0].ident == tool) {
            errors.at(
                attr,
                format!("an attribute macro may change the type after `{derive}` has seen it"),
                format!("put it above `#[derive({derive})]`"),
            );
        }
    }
}
