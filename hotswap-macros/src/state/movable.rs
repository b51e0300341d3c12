//! `#[derive(Movable)]`: a type that can be handed over as memory.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, Data, DataEnum, DeriveInput, Field, Fields, LitStr, Token};

use crate::{
    error::Errors,
    fields::{Known, known, macros_below, pattern},
    names,
    types::check_written,
};

pub(super) fn expand(input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    if is_randomized() {
        errors.at(&input.ident, RANDOMIZED, "leave `-Z randomize-layout` away");
    }
    macros_below(&input.attrs, "Movable", errors);
    misplaced(&input.attrs, errors);
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
        Data::Struct(data) => structure(&data.fields, errors),
        Data::Enum(data) => enumeration(input, data, errors),
        Data::Union(data) => {
            errors.at(data.union_token, "a union does not say what it holds", "use an enum");
            return TokenStream::new();
        }
    };
    let fact = if repr.is_empty() {
        quote! {}
    } else {
        quote! { __hotswap::Description::fact(__hotswap_description, #repr); }
    };
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    for param in generics.type_params_mut() {
        param.bounds.push(syn::parse_quote! { __hotswap::Movable });
    }
    let (head, args, clause) = generics.split_for_impl();
    quote! {
        // SAFETY: all its fields can move, and are named.
        unsafe impl #head __hotswap::Movable for #ident #args #clause {
            fn describe(__hotswap_description: &mut __hotswap::Description) {
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

/// What is said of a field, and how it is mended. `offset` is an expression, for a field that has one.
fn part(known: &Known<'_>, offset: Option<&TokenStream>, errors: &mut Errors) -> [TokenStream; 2] {
    let Known { name, binding, field, .. } = known;
    let ty = &field.ty;
    check_written(ty, errors);
    if let Some(on) = promise(field, errors) {
        let offset = match offset {
            Some(offset) => quote! { ::core::option::Option::Some(#offset) },
            None => quote! { ::core::option::Option::None },
        };
        return [
            quote! {
                __hotswap::Description::promised::<#ty>(
                    __hotswap_description, #name, #offset, #on,
                );
            },
            quote! { __hotswap::must_be::<#ty>(&&*#binding); },
        ];
    }
    // One call for both uses, with the same bound at the same place: a mistake is one error.
    let part = quote_spanned! { names::at(ty)=> __hotswap::movable::<#ty>() };
    let described = match offset {
        Some(offset) => quote! {
            __hotswap::Part::field(&#part, __hotswap_description, #name, #offset);
        },
        None => quote! { __hotswap::Part::part(&#part, __hotswap_description, #name); },
    };
    [described, quote! { __hotswap::Part::mend(&#part, #binding); }]
}

/// What the promise of `#[movable(unsafe = "…")]` depends on.
fn promise(field: &Field, errors: &mut Errors) -> Option<LitStr> {
    let mut found: Option<LitStr> = None;
    for attr in field.attrs.iter().filter(|attr| attr.path().is_ident("movable")) {
        let result = attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("unsafe") || !meta.input.peek(Token![=]) {
                return Err(meta.error(PROMISE));
            }
            let on: LitStr = meta.value()?.parse()?;
            if on.value().trim().is_empty() {
                return Err(syn::Error::new_spanned(on, PROMISE));
            }
            match found.replace(on) {
                Some(_) => Err(meta.error("given twice\nhint: keep one")),
                None => Ok(()),
            }
        });
        errors.take(result);
    }
    found
}

const PROMISE: &str = "a field takes `#[movable(unsafe = \"…\")]`, with what its layout depends on\n\
                       hint: name the crate with its version: `#[movable(unsafe = \"smallvec 1.16\")]`";

/// Notes `#[movable]` where it means nothing.
fn misplaced(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("movable")) {
        errors.at(attr, "`#[movable]` goes on a field", "move it to the field that it is about");
    }
}

fn structure(fields: &Fields, errors: &mut Errors) -> (TokenStream, TokenStream) {
    let (mut describe, mut mend) = (TokenStream::new(), TokenStream::new());
    for field in known(fields) {
        let member = &field.member;
        let offset = quote! { ::core::mem::offset_of!(Self, #member) };
        let [described, mended] = part(&field, Some(&offset), errors);
        describe.extend(described);
        mend.extend(mended);
    }
    let pattern = pattern(fields, &quote! { Self });
    (describe, quote! { let #pattern = self; #mend })
}

fn enumeration(
    input: &DeriveInput,
    data: &DataEnum,
    errors: &mut Errors,
) -> (TokenStream, TokenStream) {
    let enumeration = &input.ident;
    let are_units = data.variants.iter().all(|it| matches!(it.fields, Fields::Unit));
    // How wide the compiler takes the numbers to be: says of a `#[repr]` that was not seen.
    let mut describe = quote! {
        __hotswap::Description::fact(
            __hotswap_description,
            ::core::mem::size_of::<::core::mem::Discriminant<Self>>(),
        );
    };
    if !are_units {
        let foreign = foreign(input);
        describe.extend(quote! {
            #(__hotswap::Description::fact(__hotswap_description, #foreign);)*
        });
    }
    let mut arms = TokenStream::new();
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
        describe.extend(quote! { __hotswap::Description::fact(__hotswap_description, #name); });
        if are_units {
            describe.extend(quote! {
                __hotswap::Description::fact(
                    __hotswap_description,
                    #enumeration::#ident as ::core::primitive::i128,
                );
            });
        }
        let mut mend = TokenStream::new();
        misplaced(&variant.attrs, errors);
        for field in known(&variant.fields) {
            let [described, mended] = part(&field, None, errors);
            describe.extend(described);
            mend.extend(mended);
        }
        let pattern = pattern(&variant.fields, &quote! { #enumeration::#ident });
        arms.extend(quote! { #pattern => { #mend } });
    }
    let mend = if data.variants.is_empty() {
        quote! { match *self {} }
    } else {
        quote! { match self { #arms } }
    };
    (describe, mend)
}

/// Attributes that may be macros, as text. One could give numbers to the variants of an enum with
/// fields, after this derive, and the compiler does not tell them: where such a macro is asked for
/// something else, the type counts as another one.
fn foreign(input: &DeriveInput) -> impl Iterator<Item = String> {
    const KNOWN: [&str; 15] = [
        "allow",
        "automatically_derived",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "forbid",
        "hot_state",
        "must_use",
        "non_exhaustive",
        "portable",
        "repr",
        "serde",
        "shape",
        "warn",
    ];
    let is_known = |attr: &Attribute| KNOWN.iter().any(|known| attr.path().is_ident(known));
    let foreign = input.attrs.iter().filter(move |attr| !is_known(attr));
    foreign.map(|attr| names::text(&attr.meta))
}

/// All of `#[repr(…)]`, as text.
fn repr(input: &DeriveInput) -> String {
    let all = input.attrs.iter().filter(|attr| attr.path().is_ident("repr"));
    all.map(|attr| names::text(&attr.meta)).collect::<Vec<_>>().join(", ")
}
