//! The emission of `Shaped` impls, shared by all macros that describe a type.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{DeriveInput, Type};

use crate::names;

/// What a description says beside the types of its parts.
pub(crate) struct Description {
    /// `Struct`, `Enum` or `Interface`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) attrs: String,
    /// The type arguments.
    pub(crate) args: Vec<TokenStream>,
    pub(crate) members: Vec<Member>,
    /// Whether size and alignment belong to it.
    pub(crate) layout: bool,
    /// The build of this crate, if calls rely on it.
    pub(crate) build: String,
    /// Statements by which the compiler finds out whether the type is what was described.
    pub(crate) check: TokenStream,
}

/// A field, a variant or a method.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) attrs: String,
    pub(crate) labels: Vec<String>,
    /// Types that describe themselves.
    pub(crate) parts: Vec<TokenStream>,
    /// An expression.
    pub(crate) offset: Option<TokenStream>,
}

impl Description {
    /// The items of `impl Shaped<purpose> for …`.
    pub(crate) fn items(&self, purpose: &str) -> TokenStream {
        let Self { kind, name, attrs, args, members, layout, build, check } = self;
        let (kind, purpose) = (format_ident!("{kind}"), format_ident!("{purpose}"));
        let count = args.len();
        let layout = if *layout {
            quote! {
                ::core::option::Option::Some((
                    ::core::mem::size_of::<Self>(),
                    ::core::mem::align_of::<Self>(),
                ))
            }
        } else {
            quote! { ::core::option::Option::None }
        };
        let args = cells(args.iter());
        let parts = cells(members.iter().flat_map(|member| &member.parts));
        let members = members.iter().map(|Member { name, attrs, labels, parts, offset }| {
            let count = parts.len();
            let offset = offset.clone().unwrap_or_else(|| quote! { 0 });
            quote! {
                __hotswap::Member {
                    name: #name,
                    attrs: #attrs,
                    labels: &[#(#labels),*],
                    parts: #count,
                    offset: #offset,
                }
            }
        });
        quote! {
            const INFO: __hotswap::Info = __hotswap::Info {
                kind: __hotswap::Kind::#kind,
                name: #name,
                path: ::core::module_path!(),
                attrs: #attrs,
                args: #count,
                members: &[#(#members),*],
                layout: #layout,
                build: #build,
            };

            fn args() -> impl __hotswap::Parts<__hotswap::#purpose> {
                __hotswap::list::<#args>()
            }

            fn parts() -> impl __hotswap::Parts<__hotswap::#purpose> {
                #check
                __hotswap::list::<#parts>()
            }
        }
    }
}

/// The type's parameters, as its arguments.
pub(crate) fn arguments(input: &DeriveInput) -> Vec<TokenStream> {
    input.generics.type_params().map(|param| param.ident.to_token_stream()).collect()
}

/// Names that a field's type may not be probed with: the type's parameters, and the type itself.
pub(crate) fn own_names(input: &DeriveInput) -> Vec<String> {
    let params = input.generics.type_params().map(|param| param.ident.to_string());
    params.chain(["Self".to_owned(), input.ident.to_string()]).collect()
}

/// The opaque fields of one type: each has a type of its own, whose name is the text of its type.
#[derive(Default)]
pub(crate) struct Opaques(Vec<TokenStream>);

impl Opaques {
    /// One more, as a part.
    pub(crate) fn part(&mut self, ty: &Type) -> TokenStream {
        let (tag, text) = (format_ident!("__HotswapOpaque{}", self.0.len()), names::text(ty));
        self.0.push(quote! {
            struct #tag;
            impl __hotswap::Named for #tag {
                const NAME: &'static ::core::primitive::str = #text;
            }
        });
        quote! { __hotswap::Opaque<#tag> }
    }
}

/// Their declarations.
impl ToTokens for Opaques {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.0.iter().cloned());
    }
}

/// A list of types at the level of types: a tree, so that a long one is not deep.
pub(crate) fn cells<'a>(parts: impl Iterator<Item = &'a TokenStream>) -> TokenStream {
    let parts: Vec<_> = parts.collect();
    tree(&parts)
}

fn tree(parts: &[&TokenStream]) -> TokenStream {
    if parts.len() > 4 {
        let (left, right) = parts.split_at(parts.len() / 2);
        let (left, right) = (tree(left), tree(right));
        return quote! { __hotswap::Join<#left, #right> };
    }
    parts.iter().rfold(quote! { () }, |rest, part| quote! { __hotswap::Cell<#part, #rest> })
}

/// A part that should describe itself; where it does not, the mistake is shown by [`must_be`].
pub(crate) fn wire_part(ty: impl ToTokens) -> TokenStream {
    part(ty, quote! { __hotswap::Wire })
}

/// The same, for a part of a state.
pub(crate) fn stored_part(ty: impl ToTokens) -> TokenStream {
    part(ty, quote! { __hotswap::Stored })
}

fn part(ty: impl ToTokens, purpose: TokenStream) -> TokenStream {
    quote! { __hotswap::Maybe<#ty, __hotswap::Nameless, { __hotswap::Probe::<#ty, #purpose>::KNOWN }> }
}

/// The one place where the compiler checks that a type is `portable`, `plain`, `lendable` or
/// `stored`: an error shows on the user's type.
pub(crate) fn must_be(ty: &impl ToTokens, what: &str) -> TokenStream {
    let check = format_ident!("must_be_{what}");
    quote_spanned! { names::at(ty)=> const _: () = __hotswap::#check::<#ty>(); }
}
