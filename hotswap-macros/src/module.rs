//! `#[derive(HotModule)]`: parse → validate → expand.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Fields, LitStr, Member, Path, Token, punctuated::Punctuated, token::Paren};

use crate::{
    error::Errors,
    names, same_build,
    state::{RANDOMIZED, is_randomized},
};

const HINT: &str = "`#[hot_module(interface = Game)]`";

struct HotModule {
    interface: Path,
    requires: Vec<LitStr>,
    /// Its state, where the derive implements `Module`.
    state: Option<State>,
    /// The field that holds its state, where that is handed over as memory.
    moves: Option<Member>,
    /// The module's name: its crate's.
    name: String,
}

/// What the state is of a module that does not say itself how it starts.
enum State {
    None,
    Field(Member),
}

impl syn::parse::Parse for State {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Paren) {
            return Ok(Self::Field(input.parse()?));
        }
        let nothing;
        syn::parenthesized!(nothing in input);
        if nothing.is_empty() {
            Ok(Self::None)
        } else {
            Err(nothing.error("expected `()` or a field"))
        }
    }
}

/// The whole macro.
pub(crate) fn hot_module(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    names::reserved(&input, &mut errors);
    let Some(input) = errors.take(syn::parse2::<DeriveInput>(input)) else {
        return errors.into_tokens().unwrap_or_default();
    };
    let module = parse(&input, &mut errors);
    match (module, errors.into_tokens()) {
        (Some(module), None) => expand(&input, &module),
        (_, errors) => errors.unwrap_or_default(),
    }
}

fn parse(input: &DeriveInput, errors: &mut Errors) -> Option<HotModule> {
    if let syn::Data::Union(data) = &input.data {
        errors.at(data.union_token, "a module is a struct", "use a struct");
    }
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "a module has no parameters: its library exports one type",
            "write the types out, or box them",
        );
    }
    let (mut interface, mut requires, mut given) = (None, Vec::new(), true);
    let (mut state, mut moves) = (None, None);
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("hot_module")) {
        let result = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("interface") {
                let value = meta.value()?;
                if value.peek(Token![dyn]) {
                    return Err(value
                        .error("the interface is named without `dyn`\nhint: `interface = Game`"));
                }
                if interface.replace(value.parse()?).is_some() {
                    return Err(
                        meta.error("`interface` is given twice\nhint: a module has one interface")
                    );
                }
            } else if meta.path.is_ident("state") {
                if state.replace(meta.value()?.parse()?).is_some() {
                    return Err(meta.error("`state` is given twice\nhint: it is one field"));
                }
            } else if meta.path.is_ident("moves") {
                if moves.replace(meta.value()?.parse()?).is_some() {
                    return Err(meta.error("`moves` is given twice\nhint: it is one field"));
                }
            } else if meta.path.is_ident("requires") {
                let list;
                syn::parenthesized!(list in meta.input);
                requires.extend(Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?);
            } else {
                return Err(meta.error(format!(
                    "unknown attribute\nhint: {HINT}, `state = world` for the field that is the state \
                     (`state = ()` for none), `moves = world` for the one that is handed over as \
                     memory, and `requires(\"audio\")` for services"
                )));
            }
            Ok(())
        });
        given &= result.is_ok();
        errors.take(result);
    }
    if interface.is_none() && given {
        errors.at(&input.ident, "a module needs its interface", HINT);
    }
    if let Some(field) = &moves {
        if is_randomized() {
            errors.at(field, RANDOMIZED, "leave `moves = …` away, or `-Z randomize-layout`");
        }
        check_field(input, field, errors);
    }
    match &state {
        Some(State::Field(field)) => check_field(input, field, errors),
        _ if state.is_none() || matches!(input.data, syn::Data::Struct(_)) => {}
        _ => errors.at(
            &input.ident,
            "a module with `state = ()` is a struct",
            "use a struct, or implement `Module`",
        ),
    }
    let name = ["CARGO_PKG_NAME", "CARGO_CRATE_NAME"].iter().find_map(|it| std::env::var(it).ok());
    let Some(name) = name else {
        errors.at(&input.ident, "the crate has no name", "build it with cargo");
        return None;
    };
    Some(HotModule { interface: interface?, requires, state, moves, name })
}

/// Notes what is wrong with the field that is to hold the state.
fn check_field(input: &DeriveInput, field: &Member, errors: &mut Errors) {
    if let syn::Data::Struct(data) = &input.data
        && !data.fields.members().any(|member| member == *field)
    {
        errors.at(field, "there is no such field", "name the field that holds the module's state");
    }
}

fn expand(input: &DeriveInput, module: &HotModule) -> TokenStream {
    let HotModule { interface, requires, state, moves, name } = module;
    let export = format!("hotswap_root_{}", name.replace('-', "_"));
    let packages = same_build::of_module();
    let ident = &input.ident;
    // What the user may have left out shows on the user's token.
    let span = names::at(interface);
    let interface_type = quote_spanned! { span=> dyn #interface };
    let entries = quote_spanned! { span=> <dyn #interface as __hotswap::Serves<__hotswap::Owned<#ident>>>::TABLE };
    let life = match (state, &input.data) {
        (Some(state), syn::Data::Struct(data)) => life(ident, state, &data.fields),
        _ => TokenStream::new(),
    };
    let (checks, moving) = match moves {
        None => (quote! {}, quote! { ::core::option::Option::None }),
        Some(field) => moving(ident, field),
    };
    quote! {
        #[allow(
            clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction, deprecated,
            reason = "generated by a derive of hotswap"
        )]
        const _: () = {
            use ::hotswap_abi::__private as __hotswap;

            const __HOTSWAP_SOURCE: __hotswap::ManifestSource = __hotswap::manifest_source::<#ident>(
                #export,
                #name,
                ::core::env!("CARGO_PKG_VERSION"),
                ::core::cfg!(panic = "unwind"),
                &[#(#requires),*],
                #packages,
            );
            #[allow(long_running_const_eval, reason = "a description may be long")]
            const __HOTSWAP_LEN: ::core::primitive::usize = __hotswap::encoded_len(&__HOTSWAP_SOURCE);
            #[allow(long_running_const_eval, reason = "a description may be long")]
            const __HOTSWAP_BYTES: [::core::primitive::u8; __HOTSWAP_LEN] = __hotswap::encode(&__HOTSWAP_SOURCE);

            #[used]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__hotswap"))]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".hotswap"))]
            static __HOTSWAP_MANIFEST: [::core::primitive::u8; __HOTSWAP_LEN] = __HOTSWAP_BYTES;

            #[used]
            #[unsafe(export_name = #export)]
            static __HOTSWAP_EXPORT: __hotswap::Export = __hotswap::export::<#ident>(&__HOTSWAP_MANIFEST);

            #checks

            #life

            // SAFETY: manifest and export are computed from this very type.
            unsafe impl __hotswap::HotModule for #ident {
                type Interface = #interface_type;
                const MANIFEST: &'static [::core::primitive::u8] = &__HOTSWAP_BYTES;
                const ENTRIES: &'static [__hotswap::Entry] = #entries;
                const MOVING: ::core::option::Option<&'static __hotswap::Moving> = #moving;
                fn export() -> &'static __hotswap::Export {
                    &__HOTSWAP_EXPORT
                }
            }
        };
    }
}

/// `Module` for a struct of which one field is the state, and the others are made anew.
fn life(ident: &Ident, state: &State, fields: &Fields) -> TokenStream {
    let mut kept = (quote! { () }, quote! { __hotswap::Cow::Owned(()) });
    let values: Vec<_> = fields
        .members()
        .zip(fields)
        .map(|(member, field)| {
            let (span, ty) = (names::at(&field.ty), &field.ty);
            if !matches!(state, State::Field(it) if *it == member) {
                return quote_spanned! { span=>
                    #member: <#ty as ::core::default::Default>::default()
                };
            }
            kept = (quote! { #ty }, quote! { __hotswap::Cow::Borrowed(&self.#member) });
            quote_spanned! { span=>
                #member: match __hotswap::module::Start::state(__hotswap_from) {
                    ::core::option::Option::Some(__hotswap_state) => __hotswap_state,
                    ::core::option::Option::None => ::core::default::Default::default(),
                }
            }
        })
        .collect();
    let (ty, borrowed) = kept;
    let span = names::at(&ty);
    let given = quote_spanned! { span=> type State = #ty; };
    quote! {
        impl __hotswap::Module for #ident {
            #given

            fn start(
                __hotswap_from: __hotswap::module::Start<Self::State>,
                _: &__hotswap::module::Context,
            ) -> ::core::result::Result<Self, __hotswap::module::ModuleError> {
                ::core::result::Result::Ok(Self { #(#values),* })
            }

            fn state(&self) -> __hotswap::Cow<'_, Self::State> {
                #borrowed
            }
        }
    }
}

/// What checks the field that holds the state, and how it is handed over as memory.
fn moving(ident: &Ident, field: &Member) -> (TokenStream, TokenStream) {
    let span = names::at(field);
    let checks = quote_spanned! { span=>
        // A reference would be coerced: a field `Box<State>` would do.
        const _: fn(&#ident) -> *const <#ident as __hotswap::Module>::State =
            |__hotswap_module| &raw const __hotswap_module.#field;
        // SAFETY: there is such a field, and it has this very type, as the line above says.
        const __HOTSWAP_MOVING: __hotswap::Moving =
            unsafe { __hotswap::Moving::new::<#ident>(::core::mem::offset_of!(#ident, #field)) };
    };
    (checks, quote! { ::core::option::Option::Some(&__HOTSWAP_MOVING) })
}
