//! The proxy: implements the trait for what was lent, and for default bodies in the host.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{
    super::{Interface, Method},
    call_name, default_name, full_name, receiver,
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
            unsafe impl ::core::marker::#promise for __Proxy<'_>
            where
                dyn #name: ::core::marker::#promise,
            {
            }
        }
    });
    quote! {
        #[doc(hidden)]
        pub struct __Proxy<'a> {
            source: __p::Source<'a>,
        }

        impl ::core::fmt::Debug for __Proxy<'_> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str("Proxy")
            }
        }
        #(#promises)*

        #[diagnostic::do_not_recommend]
        impl #name for __Proxy<'_> {
            #(#methods)*
        }

        impl __p::Lendable for dyn #name {
            type Proxy<'a> = __Proxy<'a>;
            const BEHIND_REF: &'static __p::TableRef = &__p::TableRef::new(
                <Self as __p::Interface>::METHODS,
                <Self as __p::Serves<__p::LentRef<Self>>>::TABLE,
            );
            const BEHIND_MUT: &'static __p::TableRef = &__p::TableRef::new(
                <Self as __p::Interface>::METHODS,
                <Self as __p::Serves<__p::LentMut<Self>>>::TABLE,
            );

            #[inline]
            unsafe fn proxy(source: __p::Source<'_>) -> Self::Proxy<'_> {
                __Proxy { source }
            }
        }
    }
}

fn method(interface: &Interface, method: &Method, index: usize) -> TokenStream {
    let (name, receiver, result) = (generated(&method.ident), receiver(method), &method.result);
    let args: Vec<_> = (0..method.args.len()).map(|i| local(format!("a{i}"))).collect();
    let types = method.args.iter().map(|arg| &arg.ty);
    let call = call_name(method);
    let absent = if method.default.is_some() {
        let default = default_name(method);
        quote! { return self.#default(#(#args),*); }
    } else {
        let full_name = full_name(interface, method);
        quote! { return __p::or_relay(::core::result::Result::Err(__p::missing(#full_name))); }
    };
    quote! {
        #[inline]
        fn #name(#receiver, #(#args: #types),*) -> #result {
            // SAFETY: the index of a method of this interface, whose source it is.
            let callee = unsafe { self.source.callee(#index) };
            if callee.entry().is_null() {
                #absent
            }
            __p::or_relay(#call(callee, #(#args),*))
        }
    }
}
