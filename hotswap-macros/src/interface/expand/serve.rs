//! The serving side: C functions that take their arguments, call the trait's method inside the
//! guard, and give back the result.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{
    super::{Interface, Method},
    closure_name, wire,
};
use crate::names::{generated, local, plain};

/// The functions and their table.
pub(super) fn serve(interface: &Interface) -> TokenStream {
    let name = &interface.item.ident;
    let functions = interface.methods.iter().map(|method| function(interface, method));
    let entries = interface.methods.iter().map(|method| {
        let (text, function) = (plain(&method.ident), serve_name(method));
        let entry = wire::entry_type(method.args.iter().map(|arg| &arg.mode), &method.result);
        let entry = quote! { #function::<P> as #entry as *const () };
        let entry = if method.exclusive {
            quote! { if P::EXCLUSIVE { #entry } else { ::core::ptr::null() } }
        } else {
            entry
        };
        quote! { __p::Entry { name: __p::Str::new(#text), entry: #entry } }
    });
    quote! {
        #(#functions)*

        // SAFETY: the table holds the functions above, under their methods' names.
        unsafe impl<P: __p::Place> __p::Serves<P> for dyn #name
        where
            P::Value: #name,
        {
            const TABLE: &'static [__p::Entry] = &[#(#entries),*];
        }
    }
}

fn serve_name(method: &Method) -> syn::Ident {
    format_ident!("__serve_{}", plain(&method.ident))
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
        unsafe extern "C" fn #name<P: __p::Place>(
            data: *const (),
            #(#args: #passed,)*
            sink: *mut __p::Sink,
        ) -> #reply
        where
            P::Value: #trait_name,
        {
            let body = || {
                #(#taken)*
                // SAFETY: the caller has the right to borrow the value in this way for the call.
                let this = unsafe { P::#borrow(data) };
                ::core::result::Result::Ok(<P::Value as #trait_name>::#method_name(this, #(#given),*))
            };
            // SAFETY: the caller of this entry point passed the sink.
            unsafe { <#way as __p::Crossing<#result>>::respond(sink, body) }
        }
    }
}
