//! The description of an interface, and the impl that makes it one.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{
    super::{
        argument::{Mode, Value},
        model::{Interface, Method},
    },
    names::client_name,
    record,
};
use crate::{
    names::plain,
    same_build,
    shape::{Description, Member, Opaques, cells, wire_part},
};

/// `Shaped` and `Interface` for `dyn Trait`.
pub(super) fn describe(interface: &Interface) -> TokenStream {
    let (name, client) = (&interface.item.ident, client_name(interface));
    let same_build = interface.lends_rust_types().then(same_build::build);
    // A change of one of them compiles this crate anew, and with it the description.
    let files = same_build.into_iter().flat_map(|build| &build.files).filter_map(|file| {
        let file = std::path::absolute(file).ok()?;
        let file = file.to_str()?;
        Some(quote! { const _: &[::core::primitive::u8] = ::core::include_bytes!(#file); })
    });
    let mut opaques = Opaques::default();
    let description = Description {
        kind: "Interface",
        name: plain(name),
        attrs: interface.promises().join(" "),
        args: Vec::new(),
        members: interface.methods.iter().map(|it| member(it, &mut opaques)).collect(),
        layout: false,
        build: same_build.map(|build| build.text.clone()).unwrap_or_default(),
        check: TokenStream::new(),
    }
    .items("Wire");
    let version = match &interface.version {
        Some(version) => quote! { #version },
        None => quote! { ::core::env!("CARGO_PKG_VERSION") },
    };
    let exclusive = interface.methods.iter().any(|method| method.exclusive);
    let methods = interface.methods.iter().map(|method| plain(&method.ident));
    let recordables = record::recordables(interface);
    let tags = interface.methods.iter().flat_map(|method| {
        let lent = method.args.iter().enumerate();
        lent.filter_map(|(i, arg)| match &arg.mode {
            Mode::SameBuild { ty, .. } => {
                let (tag, text) = (tag(method, i), crate::names::text(ty));
                Some(quote! {
                    pub struct #tag;
                    impl __hotswap::Named for #tag {
                        const NAME: &'static ::core::primitive::str = #text;
                    }
                })
            }
            _ => None,
        })
    });
    quote! {
        #(#files)*
        #(#tags)*
        #opaques

        unsafe impl __hotswap::Shaped<__hotswap::Wire> for dyn #name {
            #description
        }

        unsafe impl __hotswap::Interface for dyn #name {
            const VERSION: &'static ::core::primitive::str = #version;
            const EXCLUSIVE: ::core::primitive::bool = #exclusive;
            const METHODS: &'static [&'static ::core::primitive::str] = &[#(#methods),*];
            type Client<__HotswapCaller: __hotswap::Caller> = #client<__HotswapCaller>;

            #[inline]
            fn client<__HotswapCaller: __hotswap::Caller>(
                __hotswap_caller: __HotswapCaller,
            ) -> Self::Client<__HotswapCaller> {
                #client { caller: __hotswap_caller }
            }

            #[inline]
            fn caller<__HotswapCaller: __hotswap::Caller>(
                __hotswap_client: &Self::Client<__HotswapCaller>,
            ) -> &__HotswapCaller {
                &__hotswap_client.caller
            }

            fn schema() -> &'static [::core::primitive::u8] {
                &__HOTSWAP_SCHEMA
            }

            #recordables
        }

        const __HOTSWAP_VERSION: &::core::primitive::str = <dyn #name as __hotswap::Interface>::VERSION;
        const __HOTSWAP_NODE: &__hotswap::Whole = &<dyn #name as __hotswap::Ladder<__hotswap::Wire>>::WHOLE;
        #[allow(long_running_const_eval, reason = "a description may be long")]
        const __HOTSWAP_LEN: ::core::primitive::usize = __hotswap::schema_len(__HOTSWAP_VERSION, __HOTSWAP_NODE);
        #[allow(long_running_const_eval, reason = "a description may be long")]
        static __HOTSWAP_SCHEMA: [::core::primitive::u8; __HOTSWAP_LEN] = __hotswap::encode_schema::<__HOTSWAP_LEN>(__HOTSWAP_VERSION, __HOTSWAP_NODE);
    }
}

fn member(method: &Method, opaques: &mut Opaques) -> Member {
    let mut attrs = Vec::new();
    if method.exclusive {
        attrs.push("&mut".to_owned());
    }
    if method.default.is_some() {
        attrs.push("default".to_owned());
    }
    attrs.extend(method.since.first().map(|since| format!("since={}", since.version.value())));
    let args = method.args.iter().enumerate().map(|(i, arg)| match &arg.mode {
        Mode::SameBuild { exclusive, .. } => {
            let tag = tag(method, i);
            let lent = quote! { __hotswap::Opaque<#tag> };
            if *exclusive {
                quote! { __hotswap::SameBuildMut<#lent> }
            } else {
                quote! { __hotswap::SameBuild<#lent> }
            }
        }
        mode => shape(mode, opaques),
    });
    let mut parts: Vec<_> = args.collect();
    parts.push(value(&method.result, opaques));
    Member {
        name: plain(&method.ident),
        attrs: attrs.join(" "),
        labels: method.args.iter().map(|arg| plain(&arg.ident)).collect(),
        parts,
        offset: None,
    }
}

/// Carries the name of a type that does not describe itself.
fn tag(method: &Method, index: usize) -> Ident {
    format_ident!("__HotswapLent_{}_{index}", plain(&method.ident))
}

/// A type that describes a value: by its name, where it crosses by serde.
fn value(value: &Value, opaques: &mut Opaques) -> TokenStream {
    if value.by_serde { opaques.part(&value.ty) } else { wire_part(value) }
}

/// A type that describes an argument.
fn shape(mode: &Mode, opaques: &mut Opaques) -> TokenStream {
    let by_ref = |exclusive, ty: TokenStream| {
        if exclusive {
            quote! { __hotswap::Mut<#ty> }
        } else {
            quote! { __hotswap::Ref<#ty> }
        }
    };
    match mode {
        Mode::Value(it) => value(it, opaques),
        Mode::Str => quote! { __hotswap::Ref<::core::primitive::str> },
        Mode::Plain { exclusive, ty } => by_ref(*exclusive, wire_part(ty)),
        Mode::Slice { exclusive, item } => {
            let item = wire_part(item);
            if *exclusive {
                quote! { __hotswap::SliceMut<#item> }
            } else {
                quote! { __hotswap::Slice<#item> }
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
                .map(|(_, mode)| shape(mode, opaques))
                .chain([wire_part(result)])
                .collect();
            let list = cells(parts.iter());
            quote! { __hotswap::FnMutShape<#list> }
        }
        Mode::SameBuild { .. } => unreachable!("an argument of a method, not of a closure"),
    }
}
