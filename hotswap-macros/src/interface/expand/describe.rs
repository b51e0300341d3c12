//! The description of an interface, and the impl that makes it one.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{
    super::{Interface, Method, Mode},
    client_name,
};
use crate::{
    names::plain,
    same_build,
    shape::{Description, Member, cells, wire_part},
};

/// `Shaped` and `Interface` for `dyn Trait`.
pub(super) fn describe(interface: &Interface) -> TokenStream {
    let (name, client) = (&interface.item.ident, client_name(interface));
    let same_build = interface.lends_rust_types().then(same_build::build);
    // A change of one of them compiles this crate anew, and with it the description.
    let files = same_build.into_iter().flat_map(|build| &build.files).filter_map(|file| {
        let file = std::path::absolute(file).ok()?;
        let file = file.to_str()?;
        Some(quote! { const _: &[u8] = ::core::include_bytes!(#file); })
    });
    let description = Description {
        kind: "Interface",
        name: plain(name),
        attrs: interface.promises().join(" "),
        args: Vec::new(),
        members: interface.methods.iter().map(member).collect(),
        layout: false,
        build: same_build.map(|build| build.text.clone()).unwrap_or_default(),
    }
    .items("Wire");
    let version = match &interface.version {
        Some(version) => quote! { #version },
        None => quote! { ::core::env!("CARGO_PKG_VERSION") },
    };
    let exclusive = interface.methods.iter().any(|method| method.exclusive);
    let methods = interface.methods.iter().map(|method| plain(&method.ident));
    let tags = interface.methods.iter().flat_map(|method| {
        let lent = method.args.iter().enumerate();
        lent.filter_map(|(i, arg)| match &arg.mode {
            Mode::SameBuild { ty, .. } => {
                let (tag, text) = (tag(method, i), crate::names::text(ty));
                Some(quote! {
                    pub struct #tag;
                    impl __p::Named for #tag {
                        const NAME: &'static str = #text;
                    }
                })
            }
            _ => None,
        })
    });
    quote! {
        #(#files)*
        #(#tags)*

        unsafe impl __p::Shaped<__p::Wire> for dyn #name {
            #description
        }

        unsafe impl __p::Interface for dyn #name {
            const VERSION: &'static str = #version;
            const EXCLUSIVE: bool = #exclusive;
            const METHODS: &'static [&'static str] = &[#(#methods),*];
            type Client<C: __p::Caller> = #client<C>;

            #[inline]
            fn client<C: __p::Caller>(caller: C) -> Self::Client<C> {
                #client { caller }
            }

            #[inline]
            fn caller<C: __p::Caller>(client: &Self::Client<C>) -> &C {
                &client.caller
            }

            fn schema() -> &'static [u8] {
                &__SCHEMA
            }
        }

        const __VERSION: &str = <dyn #name as __p::Interface>::VERSION;
        const __NODE: &__p::Whole = &<dyn #name as __p::Ladder<__p::Wire>>::WHOLE;
        #[allow(long_running_const_eval, reason = "a description may be long")]
        const __LEN: usize = __p::schema_len(__VERSION, __NODE);
        #[allow(long_running_const_eval, reason = "a description may be long")]
        static __SCHEMA: [u8; __LEN] = __p::encode_schema::<__LEN>(__VERSION, __NODE);
    }
}

fn member(method: &Method) -> Member {
    let mut attrs = Vec::new();
    if method.exclusive {
        attrs.push("&mut".to_owned());
    }
    if method.default.is_some() {
        attrs.push("default".to_owned());
    }
    attrs.extend(method.since.first().map(|since| format!("since={}", since.version.value())));
    let result = &method.result;
    Member {
        name: plain(&method.ident),
        attrs: attrs.join(" "),
        labels: method.args.iter().map(|arg| plain(&arg.ident)).collect(),
        parts: (method.args.iter().enumerate())
            .map(|(i, arg)| match &arg.mode {
                Mode::SameBuild { exclusive, .. } => {
                    let tag = tag(method, i);
                    let lent = quote! { __p::Opaque<#tag> };
                    if *exclusive {
                        quote! { __p::SameBuildMut<#lent> }
                    } else {
                        quote! { __p::SameBuild<#lent> }
                    }
                }
                mode => shape(mode),
            })
            .chain([wire_part(result)])
            .collect(),
        offset: None,
    }
}

/// Carries the name of a type that does not describe itself.
fn tag(method: &Method, index: usize) -> Ident {
    format_ident!("__Lent_{}_{index}", plain(&method.ident))
}

/// A type that describes an argument.
fn shape(mode: &Mode) -> TokenStream {
    let by_ref = |exclusive, ty: TokenStream| {
        if exclusive {
            quote! { __p::Mut<#ty> }
        } else {
            quote! { __p::Ref<#ty> }
        }
    };
    match mode {
        Mode::Value(ty) => wire_part(ty),
        Mode::Str => quote! { __p::Ref<str> },
        Mode::Plain { exclusive, ty } => by_ref(*exclusive, wire_part(ty)),
        Mode::Slice { exclusive, item } => {
            let item = wire_part(item);
            if *exclusive {
                quote! { __p::SliceMut<#item> }
            } else {
                quote! { __p::Slice<#item> }
            }
        }
        Mode::Lent { exclusive, interface } => {
            by_ref(*exclusive, wire_part(quote! { dyn #interface }))
        }
        Mode::Closure(closure) => {
            let result = &closure.result;
            let parts: Vec<_> = closure
                .args
                .iter()
                .map(|(_, mode)| shape(mode))
                .chain([wire_part(result)])
                .collect();
            let list = cells(parts.iter());
            quote! { __p::FnMutShape<#list> }
        }
        Mode::SameBuild { .. } => unreachable!("an argument of a method, not of a closure"),
    }
}
