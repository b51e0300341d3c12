//! The proxy: implements the trait for what was lent, and for default bodies in the host.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{
    super::model::{Interface, Method},
    names::{call_name, default_name, full_name, receiver},
};
use crate::names::{generated, local};

/// The struct and its impls.
pub(super) fn proxy(interface: &Interface) -> TokenStream {
    let name = &interface.item.ident;
    let methods = interface.methods.iter().enumerate().map(|(i, it)| method(interface, it, i));
    let promises = interface.promises().into_iter().map(|promise| {
        let promise = format_ident!("{promise}");
        quote! {
            // SAFETY: whatever is called through the proxy keeps this promise: the lender's
            // description has it, too (`compat.rs`), and there as here the bound below shows that
            // the word in the trait's line is the marker of that name, and that it is still there.
            unsafe impl ::core::marker::#promise for __HotswapProxy<'_>
            where
                dyn #name: ::core::marker::#promise,
            {
            }
        }
    });
    quote! {
        #[doc(hidden)]
        pub struct __HotswapProxy<'a> {
            __hotswap_source: __hotswap::Source<'a>,
        }

        impl ::core::fmt::Debug for __HotswapProxy<'_> {
            fn fmt(
                &self,
                __hotswap_f: &mut ::core::fmt::Formatter<'_>,
            ) -> ::core::fmt::Result {
                __hotswap_f.debug_struct("Proxy").finish_non_exhaustive()
            }
        }
        #(#promises)*

        impl #name for __HotswapProxy<'_> {
            #(#methods)*
        }

        impl __hotswap::Lendable for dyn #name {
            type Proxy<'a> = __HotswapProxy<'a>;
            const BEHIND_REF: &'static __hotswap::TableRef = &__hotswap::TableRef::new(
                <Self as __hotswap::Interface>::METHODS,
                <Self as __hotswap::Serves<__hotswap::LentRef<Self>>>::TABLE,
            );
            const BEHIND_MUT: &'static __hotswap::TableRef = &__hotswap::TableRef::new(
                <Self as __hotswap::Interface>::METHODS,
                <Self as __hotswap::Serves<__hotswap::LentMut<Self>>>::TABLE,
            );

            #[inline]
            unsafe fn proxy(__hotswap_source: __hotswap::Source<'_>) -> Self::Proxy<'_> {
                __HotswapProxy { __hotswap_source }
            }
        }
    }
}

fn method(interface: &Interface, method: &Method, index: usize) -> TokenStream {
    let (name, receiver, result) = (generated(&method.ident), receiver(method), &method.result);
    let args: Vec<_> = (0..method.args.len()).map(|i| local(format!("a{i}"))).collect();
    let types = method.args.iter().map(|arg| &arg.ty);
    let (call, trait_name) = (call_name(method), &interface.item.ident);
    let absent = if method.default.is_some() {
        let default = default_name(method);
        quote! { return <Self as #trait_name>::#default(self, #(#args),*); }
    } else {
        let full_name = full_name(interface, method);
        quote! { return __hotswap::or_relay(::core::result::Result::Err(__hotswap::missing(#full_name))); }
    };
    quote! {
        #[inline]
        fn #name(#receiver, #(#args: #types),*) -> #result {
            // SAFETY: the index of a method of this interface, whose source it is.
            let __hotswap_callee =
                unsafe { __hotswap::Source::callee(&self.__hotswap_source, #index) };
            if __hotswap::Callee::entry(__hotswap_callee).is_null() {
                #absent
            }
            __hotswap::or_relay(#call(__hotswap_callee, #(#args),*))
        }
    }
}
