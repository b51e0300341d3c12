//! The description of an interface, and the impl that makes it one.

use proc_macro2::TokenStream;
use quote::quote;

use super::{
    super::{Interface, Method, Mode},
    client_name,
};
use crate::{
    names::plain,
    shape::{Description, Member, cells, wire_part},
};

/// `Shaped` and `Interface` for `dyn Trait`.
pub(super) fn describe(interface: &Interface) -> TokenStream {
    let (name, client) = (&interface.item.ident, client_name(interface));
    let description = Description {
        kind: "Interface",
        name: plain(name),
        attrs: String::new(),
        args: Vec::new(),
        members: interface.methods.iter().map(member).collect(),
        layout: false,
    }
    .items("Wire");
    let version = match &interface.version {
        Some(version) => quote! { #version },
        None => quote! { ::core::env!("CARGO_PKG_VERSION") },
    };
    let exclusive = interface.methods.iter().any(|method| method.exclusive);
    let methods = interface.methods.iter().map(|method| plain(&method.ident));
    quote! {
        impl __p::Shaped<__p::Wire> for dyn #name {
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
        parts: method.args.iter().map(|arg| shape(&arg.mode)).chain([wire_part(result)]).collect(),
        offset: None,
    }
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
    }
}
