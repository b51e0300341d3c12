//! The client: what a slot's calls go through. The trait's methods, but with `Result`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::{
    super::model::{Interface, Method},
    names::{call_name, client_name, default_name, receiver},
};
use crate::names::generated;

/// The struct.
pub(super) fn declaration(interface: &Interface) -> TokenStream {
    let (vis, name, client) = (&interface.item.vis, &interface.item.ident, client_name(interface));
    let doc = format!(
        "Calls of [`{name}`] through a slot: its methods, with `Result` for calls that fail."
    );
    let text = client.to_string();
    quote! {
        #[doc = #doc]
        #vis struct #client<C> {
            caller: C,
        }

        impl<C> ::core::fmt::Debug for #client<C> {
            fn fmt(
                &self,
                __hotswap_f: &mut ::core::fmt::Formatter<'_>,
            ) -> ::core::fmt::Result {
                __hotswap_f.debug_struct(#text).finish_non_exhaustive()
            }
        }
    }
}

/// Its methods.
pub(super) fn methods(interface: &Interface) -> TokenStream {
    let client = client_name(interface);
    let methods = interface.methods.iter().enumerate().map(|(i, it)| method(interface, it, i));
    quote! {
        impl<__HotswapCaller: __hotswap::Caller> #client<__HotswapCaller> {
            #(#methods)*
        }
    }
}

fn method(interface: &Interface, method: &Method, index: usize) -> TokenStream {
    let vis = &interface.item.vis;
    let (name, receiver) = (generated(&method.ident), receiver(method));
    let args: Vec<_> = method.args.iter().map(|arg| generated(&arg.ident)).collect();
    let types = method.args.iter().map(|arg| &arg.ty);
    let result = &method.result;
    let (docs, more) = docs(interface, method);
    let way = if method.exclusive {
        quote! { exclusive }
    } else {
        quote! { shared }
    };
    let call = through(interface, method, &args);
    let is_failure = if let Some(attr) = method.expected.first() {
        // Here a type that is no `Result` is an error.
        quote_spanned! { attr.path().span() => |__hotswap_result| __hotswap::expected(__hotswap_result) }
    } else {
        quote! {
            |__hotswap_result| {
                #[allow(unused_imports)]
                use __hotswap::{OtherAnswer as _, ResultAnswer as _};
                (&__hotswap::Answer(__hotswap_result)).__hotswap_is_failure()
            }
        }
    };
    let call = quote! {
        __hotswap::Caller::#way(
            #receiver.caller,
            // Moved in, so that the arguments stay in registers.
            move |__hotswap_target: __hotswap::Target<'_>| -> ::core::result::Result<#result, __hotswap::Box<__hotswap::CallError>> {
                // SAFETY: the index of a method of this interface, whose target it is.
                let __hotswap_callee =
                    unsafe { __hotswap::Target::callee(__hotswap_target, #index) };
                #call
            },
            #is_failure,
        )
    };
    let (output, body) = if method.fold.is_empty() {
        (
            quote! { ::core::result::Result<#result, __hotswap::CallError> },
            quote! { __hotswap::unboxed(#call) },
        )
    } else {
        (
            quote! { #result },
            quote! {
                match #call {
                    ::core::result::Result::Ok(__hotswap_result) => __hotswap_result,
                    ::core::result::Result::Err(__hotswap_error) => {
                        <#result as __hotswap::Fold>::failed(*__hotswap_error)
                    }
                }
            },
        )
    };
    quote! {
        #(#docs)*
        #[doc = #more]
        #[inline]
        #vis fn #name(#receiver, #(#args: #types),*) -> #output {
            #body
        }
    }
}

/// A call of a method that was found: to the other side, or by the default body where that lacks it.
pub(super) fn through(
    interface: &Interface,
    method: &Method,
    args: &[impl ToTokens],
) -> TokenStream {
    let call = call_name(method);
    if method.default.is_none() {
        // It is there: else the artifact would have been refused.
        return quote! { #call(__hotswap_callee, #(#args),*) };
    }
    let (name, default) = (&interface.item.ident, default_name(method));
    let proxy = if method.exclusive {
        quote! { &mut __hotswap_proxy }
    } else {
        quote! { &__hotswap_proxy }
    };
    quote! {
        if __hotswap::Callee::entry(__hotswap_callee).is_null() {
            __hotswap::run_default(|| {
                // SAFETY: the target is of this interface, and borrowed as this method needs it.
                let __hotswap_source = unsafe { __hotswap::Source::slot(__hotswap_target) };
                #[allow(unused_mut)]
                let mut __hotswap_proxy = __HotswapProxy { __hotswap_source };
                <__HotswapProxy<'_> as #name>::#default(#proxy, #(#args),*)
            })
        } else {
            #call(__hotswap_callee, #(#args),*)
        }
    }
}

/// The trait's docs, and what they do not say of the call.
fn docs<'a>(interface: &Interface, method: &'a Method) -> (&'a [syn::Attribute], String) {
    let text: String = method
        .docs
        .iter()
        .filter_map(|attr| attr.meta.require_name_value().ok())
        .map(|meta| crate::names::text(&meta.value))
        .collect();
    let trait_name = &interface.item.ident;
    let first = if method.docs.is_empty() {
        format!("Calls [`{trait_name}::{}`].", crate::names::plain(&method.ident))
    } else {
        String::new()
    };
    let heading = if text.contains("# Errors") { "" } else { "# Errors\n" };
    let errors = if method.fold.is_empty() {
        "When the call itself fails."
    } else {
        "The method's own, and what it makes of a call that fails."
    };
    (&method.docs, format!("{first}\n\n{heading}{errors}"))
}
