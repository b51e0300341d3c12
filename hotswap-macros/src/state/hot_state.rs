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
            quote! { __hotswap::state_name(#text) }
        }
    };
    let (previous, steps) = match &attr.previous {
        None => (
            quote! { ::core::option::Option::None },
            quote! { __hotswap::no_steps(&__HOTSWAP_LINEAGE) },
        ),
        Some(previous) => {
            let span = names::at(previous);
            let steps =
                quote_spanned! { span=> __hotswap::steps::<#previous, #ident>(&__HOTSWAP_LINEAGE) };
            (
                quote! {
                    ::core::option::Option::Some(&<#previous as __hotswap::HotState>::LINEAGE)
                },
                steps,
            )
        }
    };
    quote! {
        const __HOTSWAP_LINEAGE: __hotswap::Lineage = __hotswap::Lineage {
            name: #name,
            version: #version,
            shape: &<#ident as __hotswap::Ladder<__hotswap::Stored>>::WHOLE,
            previous: #previous,
        };
        const __HOTSWAP_STEPS: __hotswap::Steps<#ident> = #steps;

        impl __hotswap::HotState for #ident {
            const LINEAGE: __hotswap::Lineage = __HOTSWAP_LINEAGE;

            fn restore(
                __hotswap_version: ::core::primitive::u32,
                __hotswap_bytes: &[::core::primitive::u8],
            ) -> ::core::result::Result<Self, __hotswap::RestoreError> {
                if __hotswap_version == #version {
                    return __hotswap::restore_exactly(__hotswap_bytes);
                }
                (__HOTSWAP_STEPS.restore)(__hotswap_version, __hotswap_bytes)
            }

            fn keeps(
                __hotswap_version: ::core::primitive::u32,
                __hotswap_bytes: &[::core::primitive::u8],
            ) -> ::core::result::Result<::core::primitive::bool, __hotswap::RestoreError> {
                if __hotswap_version == #version {
                    return __hotswap::keeps_exactly::<Self>(__hotswap_bytes);
                }
                (__HOTSWAP_STEPS.keeps)(__hotswap_version, __hotswap_bytes)
            }

            fn downgrade_to(
                self,
                __hotswap_version: ::core::primitive::u32,
                __hotswap_out: &mut __hotswap::Writer<'_>,
            ) -> ::core::result::Result<(), __hotswap::RestoreError> {
                if __hotswap_version == #version {
                    return __hotswap::store_exactly(&self, __hotswap_out);
                }
                (__HOTSWAP_STEPS.downgrade)(self, __hotswap_version, __hotswap_out)
            }
        }

        #[allow(long_running_const_eval, reason = "a description may be long")]
        const _: () = __hotswap::assert_faithful(__HOTSWAP_LINEAGE.shape);
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
