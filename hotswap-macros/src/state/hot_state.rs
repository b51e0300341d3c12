//! `#[hot_state(version = 2, previous = WorldV1, name = "world")]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, LitInt, LitStr, Path};

use crate::{error::Errors, names};

#[derive(Default)]
struct Attr {
    version: Option<(LitInt, u32)>,
    previous: Option<Path>,
    name: Option<LitStr>,
}

pub(super) fn expand(input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    for param in input.generics.type_params() {
        errors.at(
            param,
            "a state has no parameters: its bytes must say what they are",
            "write the type out",
        );
    }
    let attr = parse(input, errors);
    let ident = &input.ident;
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let version = attr.version.as_ref().map_or(1, |(_, version)| *version);
    let name = match &attr.name {
        Some(name) => quote! { #name },
        None => {
            let text = names::plain(ident);
            quote! { __p::state_name(#text) }
        }
    };
    let (previous, steps) = match &attr.previous {
        None => (quote! { None }, quote! { __p::no_steps(&__LINEAGE) }),
        Some(previous) => {
            let span = names::at(previous);
            let steps = quote_spanned! { span=> __p::steps::<#previous, #ident>(&__LINEAGE) };
            (quote! { Some(&<#previous as __p::HotState>::LINEAGE) }, steps)
        }
    };
    quote! {
        const __LINEAGE: __p::Lineage = __p::Lineage {
            name: #name,
            version: #version,
            shape: &<#ident as __p::Ladder<__p::Stored>>::WHOLE,
            previous: ::core::option::Option::#previous,
        };
        const __STEPS: __p::Steps<#ident> = #steps;

        impl __p::HotState for #ident {
            const LINEAGE: __p::Lineage = __LINEAGE;

            fn restore(
                version: u32,
                bytes: &[u8],
            ) -> ::core::result::Result<Self, __p::RestoreError> {
                if version == #version {
                    return __p::restore_exactly(bytes);
                }
                (__STEPS.restore)(version, bytes)
            }

            fn keeps(
                version: u32,
                bytes: &[u8],
            ) -> ::core::result::Result<bool, __p::RestoreError> {
                if version == #version {
                    return __p::keeps_exactly::<Self>(bytes);
                }
                (__STEPS.keeps)(version, bytes)
            }

            fn downgrade_to(
                self,
                version: u32,
                out: &mut __p::Writer<'_>,
            ) -> ::core::result::Result<(), __p::RestoreError> {
                if version == #version {
                    return __p::store_exactly(&self, out);
                }
                (__STEPS.downgrade)(self, version, out)
            }
        }

        #[allow(long_running_const_eval, reason = "a description may be long")]
        const _: () = __p::assert_faithful(__LINEAGE.shape);
    }
}

fn parse(input: &DeriveInput, errors: &mut Errors) -> Attr {
    const HINT: &str = "`#[hot_state(version = 1)]`, and for later versions \
                        `#[hot_state(version = 2, previous = WorldV1)]`";
    let mut found = Attr::default();
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("hot_state")) {
        let result = attr.parse_nested_meta(|meta| {
            let twice = if meta.path.is_ident("version") {
                let literal: LitInt = meta.value()?.parse()?;
                let Ok(version @ 1..) = literal.base10_parse() else {
                    return Err(syn::Error::new_spanned(
                        literal,
                        "a version is a number from 1 to 4294967295\nhint: the first one is 1",
                    ));
                };
                found.version.replace((literal, version)).is_some()
            } else if meta.path.is_ident("previous") {
                found.previous.replace(meta.value()?.parse()?).is_some()
            } else if meta.path.is_ident("name") {
                let name: LitStr = meta.value()?.parse()?;
                if name.value().is_empty() {
                    return Err(syn::Error::new_spanned(name, "a state's name is not empty"));
                }
                found.name.replace(name).is_some()
            } else {
                return Err(meta.error(format!("unknown attribute\nhint: {HINT}")));
            };
            if twice { Err(meta.error("given twice\nhint: keep one")) } else { Ok(()) }
        });
        if errors.take(result).is_none() {
            return found;
        }
    }
    if found.version.is_none() {
        errors.at(&input.ident, "a state needs a version", HINT);
    }
    found
}
