//! The serving side: C functions that take their arguments, call the trait's method inside the
//! guard, and give back the result.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{
    super::model::{Interface, Method},
    names::closure_name,
    wire,
};
use crate::names::{generated, local, plain};

/// The functions and their table.
pub(super) fn serve(interface: &Interface) -> TokenStream {
    let name = &interface.item.ident;
    let functions = interface.methods.iter().map(|method| function(interface, method));
    let entries = interface.methods.iter().map(|method| {
        let (text, function) = (plain(&method.ident), serve_name(method));
        let entry = wire::entry_type(method.args.iter().map(|arg| &arg.mode), &method.result);
        let entry = quote! { #function::<__HotswapPlace> as #entry as *const () };
        let entry = if method.exclusive {
            quote! { if <__HotswapPlace as __hotswap::Place>::EXCLUSIVE { #entry } else { ::core::ptr::null() } }
        } else {
            entry
        };
        quote! { __hotswap::Entry { name: __hotswap::Str::new(#text), entry: #entry } }
    });
    let lifetimes = interface.methods.iter().map(|method| lifetimes(interface, method));
    quote! {
        #(#functions)*
        #(#lifetimes)*

        // SAFETY: the table holds the functions above, under their methods' names.
        unsafe impl<__HotswapPlace: __hotswap::Place> __hotswap::Serves<__HotswapPlace> for dyn #name
        where
            <__HotswapPlace as __hotswap::Place>::Value: #name,
        {
            const TABLE: &'static [__hotswap::Entry] = &[#(#entries),*];
        }
    }
}

fn serve_name(method: &Method) -> syn::Ident {
    format_ident!("__hotswap_serve_{}", plain(&method.ident))
}

/// Shows that the trait's method takes references of any lifetime, as its entry point gives it, also
/// when an attribute has changed the trait below `#[interface]`: an entry point's references have the
/// lifetime that the compiler infers, and would be `'static` to a method that asks for that.
fn lifetimes(interface: &Interface, method: &Method) -> TokenStream {
    let (trait_name, name) = (&interface.item.ident, generated(&method.ident));
    let receiver = if method.exclusive {
        quote! { &mut __HotswapValue }
    } else {
        quote! { &__HotswapValue }
    };
    let args: Vec<_> = (0..method.args.len()).map(|i| local(format!("a{i}"))).collect();
    let types = method.args.iter().map(|arg| &arg.ty);
    let result = &method.result;
    quote! {
        const _: () = {
            fn __hotswap_lifetimes<__HotswapValue: #trait_name + ?::core::marker::Sized>(
                __hotswap_this: #receiver,
                #(#args: #types),*
            ) -> #result {
                <__HotswapValue as #trait_name>::#name(__hotswap_this, #(#args),*)
            }
        };
    }
}

fn function(interface: &Interface, method: &Method) -> TokenStream {
    let (trait_name, method_name) = (&interface.item.ident, generated(&method.ident));
    let (name, reply, way) =
        (serve_name(method), wire::reply(&method.result), wire::way(&method.result));
    let result = &method.result;
    let args: Vec<_> = (0..method.args.len()).map(|i| local(format!("a{i}"))).collect();
    let passed = method.args.iter().map(|arg| wire::passed(&arg.mode));
    let (taken, given): (Vec<_>, Vec<_>) = method
        .args
        .iter()
        .enumerate()
        .map(|(i, arg)| wire::receive(&arg.mode, &args[i], Some(&closure_name(method, i, "call"))))
        .unzip();
    let borrow = if method.exclusive {
        quote! { exclusive }
    } else {
        quote! { shared }
    };
    quote! {
        unsafe extern "C" fn #name<__HotswapPlace: __hotswap::Place>(
            __hotswap_data: *const (),
            #(#args: #passed,)*
            __hotswap_sink: *mut __hotswap::Sink,
        ) -> #reply
        where
            <__HotswapPlace as __hotswap::Place>::Value: #trait_name,
        {
            let __hotswap_body = || {
                #(#taken)*
                // SAFETY: the caller has the right to borrow the value in this way for the call.
                let __hotswap_this =
                    unsafe { <__HotswapPlace as __hotswap::Place>::#borrow(__hotswap_data) };
                ::core::result::Result::Ok(
                    <<__HotswapPlace as __hotswap::Place>::Value as #trait_name>::#method_name(
                        __hotswap_this,
                        #(#given),*
                    ),
                )
            };
            // SAFETY: the caller of this entry point passed the sink.
            unsafe { <#way as __hotswap::Crossing<#result>>::respond(__hotswap_sink, __hotswap_body) }
        }
    }
}
