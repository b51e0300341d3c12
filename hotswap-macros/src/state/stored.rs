//! The description of a type as serde stores it.
//!
//! A field's type describes itself, or the field is marked `#[shape(opaque)]` and known by the text
//! of its type. What is neither is one error, on the type: a part that nobody chose to leave out of
//! the description would be noticed when its data is gone.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Field, Fields};

use super::attr::{is_opaque, is_skipped, misplaced, serde};
use crate::{
    error::Errors,
    fields::exactly,
    names,
    shape::{Description, Member, Opaques, arguments, must_be, own_names, stored_part},
    types::mentions,
};

pub(super) fn expand(input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    misplaced(&input.attrs, errors);
    let (own, opaque) = (own_names(input), Opaques::default());
    let mut describer = Describer { own, opaque, checks: Vec::new(), errors };
    let mut attrs = vec![serde(&input.attrs)];
    let (kind, members) = match &input.data {
        Data::Struct(data) => {
            let members = describer.fields(&data.fields);
            // Of those without fields serde writes two in one way: `struct A;` and `struct A();`.
            attrs.extend(
                empty(&data.fields, &members).filter(|mark| *mark == "{}").map(str::to_owned),
            );
            ("Struct", members)
        }
        Data::Enum(data) => ("Enum", describer.variants(data)),
        Data::Union(data) => {
            describer.errors.at(
                data.union_token,
                "a union does not say what it holds",
                "use an enum",
            );
            ("Struct", Vec::new())
        }
    };
    let (tags, checks) = (describer.opaque, describer.checks);
    let name = &input.ident;
    let mut generics = input.generics.clone();
    for param in generics.type_params_mut() {
        param.bounds.push(syn::parse_quote! { __hotswap::Shaped<__hotswap::Stored> });
    }
    let (head, args, clause) = generics.split_for_impl();
    let description = Description {
        kind,
        name: names::plain(name),
        attrs: joined(attrs),
        args: arguments(input),
        members,
        layout: false,
        build: String::new(),
        check: exactly(input),
    }
    .items("Stored");
    quote! {
        #[allow(unused_imports)]
        use __hotswap::Unknown as _;
        #tags
        #(#checks)*

        unsafe impl #head __hotswap::Shaped<__hotswap::Stored> for #name #args #clause {
            #description
        }
    }
}

/// A field that never leaves the instance: no part of what is stored, and yet of the type. Whoever
/// writes code that makes a value has to know of it.
fn skipped(name: String, attrs: &str) -> Member {
    Member {
        name,
        attrs: format!("skip {attrs}"),
        labels: Vec::new(),
        parts: Vec::new(),
        offset: None,
    }
}

/// How a struct or a variant is written of which nothing is stored, where its members do not tell.
fn empty(fields: &Fields, members: &[Member]) -> Option<&'static str> {
    if members.iter().any(|member| !member.parts.is_empty()) {
        return None;
    }
    match fields {
        Fields::Named(_) => Some("{}"),
        // One field alone is no list of them.
        Fields::Unnamed(fields) if fields.unnamed.len() != 1 => Some("()"),
        _ => None,
    }
}

fn joined(mut texts: Vec<String>) -> String {
    texts.retain(|text| !text.is_empty());
    texts.join(", ")
}

struct Describer<'a> {
    /// Names that a type may not be probed with.
    own: Vec<String>,
    opaque: Opaques,
    /// That the types of the others describe themselves.
    checks: Vec<TokenStream>,
    errors: &'a mut Errors,
}

impl Describer<'_> {
    fn fields(&mut self, fields: &Fields) -> Vec<Member> {
        let mut members = Vec::new();
        for (i, field) in fields.iter().enumerate() {
            let opaque = is_opaque(&field.attrs, self.errors);
            let name = field.ident.as_ref().map_or(i.to_string(), names::plain);
            if is_skipped(&field.attrs) {
                members.push(skipped(name, &serde(&field.attrs)));
                continue;
            }
            members.push(Member {
                name,
                attrs: serde(&field.attrs),
                labels: Vec::new(),
                parts: vec![self.part(field, opaque)],
                offset: None,
            });
        }
        members
    }

    fn variants(&mut self, data: &syn::DataEnum) -> Vec<Member> {
        let mut members = Vec::new();
        for variant in &data.variants {
            misplaced(&variant.attrs, self.errors);
            if is_skipped(&variant.attrs) {
                continue;
            }
            let fields = self.fields(&variant.fields);
            // A variant's member has one text for its own attributes and those of its fields.
            let mut attrs = vec![serde(&variant.attrs)];
            attrs.extend(empty(&variant.fields, &fields).map(str::to_owned));
            let (left_out, fields): (Vec<_>, Vec<_>) =
                fields.into_iter().partition(|it| it.parts.is_empty());
            attrs.extend(
                fields
                    .iter()
                    .filter(|field| !field.attrs.is_empty())
                    .map(|field| format!("{}: {}", field.name, field.attrs)),
            );
            let name = names::plain(&variant.ident);
            members.extend(
                left_out
                    .into_iter()
                    .map(|field| Member { name: format!("{name}.{}", field.name), ..field }),
            );
            members.push(Member {
                name,
                attrs: joined(attrs),
                labels: fields.iter().map(|field| field.name.clone()).collect(),
                parts: fields.into_iter().flat_map(|field| field.parts).collect(),
                offset: None,
            });
        }
        members
    }

    fn part(&mut self, field: &Field, opaque: bool) -> TokenStream {
        let ty = &field.ty;
        if !opaque {
            // Where the type stands for itself, its bound is the check.
            return if mentions(ty, &self.own) {
                quote! { #ty }
            } else {
                self.checks.push(must_be(ty, "stored"));
                stored_part(ty)
            };
        }
        self.opaque.part(ty)
    }
}
