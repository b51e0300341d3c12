//! `#[derive(Plain)]`: data with a fixed layout, looked at in place.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, Meta, Token, punctuated::Punctuated};

use super::attr::misplaced;
use crate::{
    error::Errors,
    fields::{exactly, macros_below},
    names,
    shape::{Description, Member, must_be, wire_part},
    types::{Role, check_value},
};

pub(super) fn expand(input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    misplaced(&input.attrs, errors);
    macros_below(&input.attrs, "Plain", errors);
    for param in input.generics.type_params() {
        errors.at(
            param,
            "plain data has no parameters: its layout is part of its description",
            "write the type out",
        );
    }
    let repr = repr(input);
    let body = match &input.data {
        Data::Struct(data) => structure(input, &data.fields, &repr, errors),
        Data::Enum(data) => enumeration(input, data, &repr, errors),
        Data::Union(data) => {
            errors.at(data.union_token, "a union does not say what it holds", "use a struct");
            None
        }
    };
    let Some((kind, members, encode, decode, checks)) = body else { return TokenStream::new() };
    let name = &input.ident;
    let description = Description {
        kind,
        name: names::plain(name),
        attrs: format!("repr({})", repr.join(", ")),
        args: Vec::new(),
        members,
        layout: true,
        build: String::new(),
        check: exactly(input),
    }
    .items("Wire");
    quote! {
        #[allow(unused_imports)]
        use __hotswap::{Refused as _, Unknown as _};
        #checks

        // SAFETY: the layout is fixed, and every field was checked above.
        unsafe impl __hotswap::Plain for #name {}

        unsafe impl __hotswap::Shaped<__hotswap::Wire> for #name {
            #description
        }

        impl __hotswap::Portable for #name {
            type Carrier = __hotswap::Direct;

            fn encode(&self, __hotswap_out: &mut __hotswap::Writer<'_>) {
                #encode
            }

            fn decode(
                __hotswap_input: &mut __hotswap::Reader<'_>,
            ) -> ::core::result::Result<Self, __hotswap::DecodeError> {
                #decode
            }
        }
    }
}

type Body = (&'static str, Vec<Member>, TokenStream, TokenStream, TokenStream);

/// The words in all of `#[repr(…)]`, in one order: `C`, `align(8)`.
fn repr(input: &DeriveInput) -> Vec<String> {
    let mut words = Vec::new();
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("repr")) {
        // A malformed one is the compiler's to refuse.
        let metas = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        words.extend(metas.into_iter().flatten().map(names::text));
    }
    words.sort();
    words.dedup();
    words
}

/// Whether one of the words is this one, with or without an argument.
fn has(repr: &[String], word: &str) -> bool {
    repr.iter().any(|it| it.split('(').next() == Some(word))
}

fn structure(
    input: &DeriveInput,
    fields: &Fields,
    repr: &[String],
    errors: &mut Errors,
) -> Option<Body> {
    if !has(repr, "C") && !has(repr, "transparent") {
        errors.at(
            &input.ident,
            "plain data needs a fixed layout",
            "add `#[repr(C)]`, or `#[repr(transparent)]` for one field",
        );
    }
    if has(repr, "packed") {
        errors.at(
            &input.ident,
            "packed data cannot be borrowed field by field",
            "leave `packed` away",
        );
    }
    if fields.is_empty() {
        errors.at(
            &input.ident,
            "a struct without fields has no place in a call",
            "derive `Portable` instead",
        );
    }
    let (mut members, mut encode, mut decode, mut checks) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (i, field) in fields.iter().enumerate() {
        misplaced(&field.attrs, errors);
        check_value(&field.ty, Role::Plain, errors);
        let (ty, index) = (&field.ty, syn::Index::from(i));
        let member = field.ident.as_ref().map_or(quote! { #index }, |ident| quote! { #ident });
        let way = quote! { <__hotswap::Way<{ __hotswap::Crosses::<#ty>::WAY }> as __hotswap::Crossing<#ty>> };
        checks.push(must_be(ty, "plain"));
        encode.push(quote! { #way::encode(&self.#member, __hotswap_out); });
        decode.push(quote! { #member: #way::decode(__hotswap_input)? });
        members.push(Member {
            name: field.ident.as_ref().map_or(i.to_string(), names::plain),
            attrs: String::new(),
            labels: Vec::new(),
            parts: vec![wire_part(ty)],
            offset: Some(
                quote! { ::core::mem::offset_of!(Self, #member) as ::core::primitive::u64 },
            ),
        });
    }
    Some((
        "Struct",
        members,
        quote! { #(#encode)* },
        quote! { ::core::result::Result::Ok(Self { #(#decode),* }) },
        quote! { #(#checks)* },
    ))
}

fn enumeration(
    input: &DeriveInput,
    data: &syn::DataEnum,
    repr: &[String],
    errors: &mut Errors,
) -> Option<Body> {
    const NUMBERS: [&str; 8] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];
    if !NUMBERS.iter().any(|number| has(repr, number)) {
        errors.at(
            &input.ident,
            "plain data needs a fixed layout",
            "add `#[repr(u8)]`, or another number from `u8` to `i64`",
        );
    }
    if data.variants.is_empty() {
        errors.at(&input.ident, "an enum without variants has no values", "leave it away");
    }
    for variant in &data.variants {
        misplaced(&variant.attrs, errors);
        if !matches!(variant.fields, Fields::Unit) {
            errors.at(
                &variant.fields,
                "an enum of plain data has no fields: nothing checks them in place",
                "derive `Portable` instead, and pass it by value",
            );
        }
    }
    let name = &input.ident;
    let idents: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let numbers = 0..u32::try_from(idents.len()).ok()?;
    let numbers2 = numbers.clone();
    let members = idents
        .iter()
        .map(|ident| Member {
            name: names::plain(ident),
            attrs: String::new(),
            labels: Vec::new(),
            parts: Vec::new(),
            offset: Some(quote! { #name::#ident as ::core::primitive::u64 }),
        })
        .collect();
    Some((
        "Enum",
        members,
        quote! {
            __hotswap::Writer::variant(__hotswap_out, match self { #(#name::#idents => #numbers,)* });
        },
        quote! {
            match __hotswap::Reader::variant(__hotswap_input)? {
                #(#numbers2 => ::core::result::Result::Ok(#name::#idents),)*
                __hotswap_other => ::core::result::Result::Err(
                    __hotswap::Reader::error(__hotswap_input, "a variant", __hotswap_other),
                ),
            }
        },
        TokenStream::new(),
    ))
}
