//! `#[derive(Movable)]`: a type that can be handed over as memory.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Data, DataEnum, DeriveInput, Fields, Type};

use crate::{error::Errors, names};

pub(super) fn expand(input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    if is_randomized() {
        errors.at(&input.ident, RANDOMIZED, "leave `-Z randomize-layout` away");
    }
    let repr = repr(input);
    if repr.contains("packed") {
        errors.at(
            &input.ident,
            "a packed type cannot be mended field by field",
            "leave `packed` away",
        );
        return TokenStream::new();
    }
    let (describe, mend) = match &input.data {
        Data::Struct(data) => structure(&data.fields),
        Data::Enum(data) => enumeration(data, errors),
        Data::Union(data) => {
            errors.at(data.union_token, "a union does not say what it holds", "use an enum");
            return TokenStream::new();
        }
    };
    let fact = if repr.is_empty() {
        quote! {}
    } else {
        quote! { __description.fact(#repr); }
    };
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    for param in generics.type_params_mut() {
        param.bounds.push(syn::parse_quote! { __p::Movable });
    }
    let (head, args, clause) = generics.split_for_impl();
    quote! {
        // SAFETY: all its fields can move, and are named.
        unsafe impl #head __p::Movable for #ident #args #clause {
            fn describe(__description: &mut __p::Description) {
                #fact
                #describe
            }
            fn mend(&mut self) {
                #mend
            }
        }
    }
}

/// Why nothing can be said of layouts.
pub(crate) const RANDOMIZED: &str = "the layout of types is chosen at random in this build";

/// Whether the compiler lays types out at random: then two builds of one type differ unseen.
pub(crate) fn is_randomized() -> bool {
    std::env::args().any(|arg| arg.contains("randomize-layout"))
}

/// One call for both uses, with the same bound at the same place: a mistake is one error.
fn part(ty: &Type) -> TokenStream {
    quote_spanned! { names::at(ty)=> __p::movable::<#ty>() }
}

fn structure(fields: &Fields) -> (TokenStream, TokenStream) {
    let (mut describe, mut mend) = (TokenStream::new(), TokenStream::new());
    for (i, field) in fields.iter().enumerate() {
        let index = syn::Index::from(i);
        let member = field.ident.as_ref().map_or(quote! { #index }, |ident| quote! { #ident });
        let name = field.ident.as_ref().map_or(i.to_string(), names::plain);
        let part = part(&field.ty);
        describe.extend(quote! {
            #part.field(__description, #name, ::core::mem::offset_of!(Self, #member));
        });
        mend.extend(quote! { #part.mend(&mut self.#member); });
    }
    (describe, mend)
}

fn enumeration(data: &DataEnum, errors: &mut Errors) -> (TokenStream, TokenStream) {
    let are_units = data.variants.iter().all(|it| matches!(it.fields, Fields::Unit));
    let (mut describe, mut arms) = (TokenStream::new(), TokenStream::new());
    for variant in &data.variants {
        let ident = &variant.ident;
        if let (Some((_, number)), false) = (&variant.discriminant, are_units) {
            errors.at(
                number,
                "the numbers of an enum with fields cannot be looked at",
                "leave the number away",
            );
        }
        let name = format!("variant {}", names::plain(ident));
        describe.extend(quote! { __description.fact(#name); });
        if are_units {
            describe.extend(quote! { __description.fact(Self::#ident as i128); });
        }
        let (mut bindings, mut mend) = (TokenStream::new(), TokenStream::new());
        for (i, field) in variant.fields.iter().enumerate() {
            let index = syn::Index::from(i);
            let member = field.ident.as_ref().map_or(quote! { #index }, |ident| quote! { #ident });
            let name = field.ident.as_ref().map_or(i.to_string(), names::plain);
            let (part, binding) = (part(&field.ty), format_ident!("__field{i}"));
            describe.extend(quote! { #part.part(__description, #name); });
            bindings.extend(quote! { #member: #binding, });
            mend.extend(quote! { #part.mend(#binding); });
        }
        arms.extend(quote! { Self::#ident { #bindings } => { #mend } });
    }
    let mend = if data.variants.is_empty() {
        quote! { match *self {} }
    } else {
        quote! { match self { #arms } }
    };
    (describe, mend)
}

/// All of `#[repr(…)]`, as text.
fn repr(input: &DeriveInput) -> String {
    let all = input.attrs.iter().filter(|attr| attr.path().is_ident("repr"));
    all.map(|attr| names::text(&attr.meta)).collect::<Vec<_>>().join(", ")
}
