//! The calling side of each method: one function that holds the arguments, calls the entry point
//! and takes the result. Client and proxy share it. A closure argument has such a pair, too: a
//! shim on the lender's side, and a function that calls it on the receiver's.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Type;

use super::{
    super::{
        argument::{Closure, Mode, Value},
        model::{Interface, Method},
    },
    names::{call_name, closure_name, full_name},
    wire,
};
use crate::names::local;

/// All of them.
pub(super) fn calls(interface: &Interface) -> TokenStream {
    let methods = interface.methods.iter().map(|method| {
        let closures = method.args.iter().enumerate().filter_map(|(i, arg)| match &arg.mode {
            Mode::Closure(closure) => Some(lent_closure(interface, method, i, &arg.ty, closure)),
            _ => None,
        });
        let types: Vec<&Type> = method.args.iter().map(|arg| &arg.ty).collect();
        let modes: Vec<&Mode> = method.args.iter().map(|arg| &arg.mode).collect();
        let shims: Vec<_> =
            (0..method.args.len()).map(|i| closure_name(method, i, "lend")).collect();
        let call = call(
            &call_name(method),
            &full_name(interface, method),
            &types,
            &modes,
            &shims,
            &method.result,
        );
        quote! { #(#closures)* #call }
    });
    quote! { #(#methods)* }
}

fn call(
    name: &Ident,
    full_name: &str,
    types: &[&Type],
    modes: &[&Mode],
    shims: &[Ident],
    result: &Value,
) -> TokenStream {
    let args: Vec<_> = (0..types.len()).map(|i| local(format!("a{i}"))).collect();
    let (held, passed): (Vec<_>, Vec<_>) = modes
        .iter()
        .zip(&args)
        .zip(shims)
        .map(|((mode, arg), shim)| wire::send(mode, arg, Some(shim)))
        .unzip();
    let (entry, way) = (wire::entry_type(modes.iter().copied(), result), wire::way(result));
    quote! {
        #[inline]
        fn #name(
            __hotswap_callee: __hotswap::Callee<'_>,
            #(#args: #types),*
        ) -> ::core::result::Result<#result, __hotswap::Box<__hotswap::CallError>> {
            #(#held)*
            let mut __hotswap_out = <#way as __hotswap::Crossing<#result>>::out();
            // SAFETY: the other side's table has an entry of this very signature under the
            // method's name: both sides' descriptions were found equal, or are one.
            let __hotswap_entry = unsafe {
                ::core::mem::transmute::<*const (), #entry>(__hotswap::Callee::entry(__hotswap_callee))
            };
            // SAFETY: the arguments are held above, and live until the call returns.
            let __hotswap_reply = unsafe {
                __hotswap_entry(
                    __hotswap::Callee::data(__hotswap_callee),
                    #(#passed,)*
                    <#way as __hotswap::Crossing<#result>>::sink(&mut __hotswap_out),
                )
            };
            // SAFETY: this is the reply of the call to that method, which is over.
            unsafe {
                <#way as __hotswap::Crossing<#result>>::finish(
                    __hotswap_callee,
                    #full_name,
                    __hotswap_reply,
                    __hotswap_out,
                )
            }
        }
    }
}

fn lent_closure(
    interface: &Interface,
    method: &Method,
    index: usize,
    ty: &Type,
    closure: &Closure,
) -> TokenStream {
    let shim = closure_name(method, index, "lend");
    let args: Vec<_> = (0..closure.args.len()).map(|i| local(format!("a{i}"))).collect();
    let (taken, given): (Vec<_>, Vec<_>) = closure
        .args
        .iter()
        .zip(&args)
        .map(|((_, mode), arg)| wire::receive(mode, arg, None))
        .unzip();
    let types: Vec<&Type> = closure.args.iter().map(|(ty, _)| ty).collect();
    let modes: Vec<&Mode> = closure.args.iter().map(|(_, mode)| mode).collect();
    let passed = modes.iter().map(|mode| wire::passed(mode));
    let (result, label) = (&closure.result, crate::names::plain(&method.args[index].ident));
    let (reply, way) = (wire::reply(result), wire::way(result));
    let call = call(
        &closure_name(method, index, "call"),
        &format!("{}: {label}", full_name(interface, method)),
        &types,
        &modes,
        // No closures inside.
        &args,
        result,
    );
    quote! {
        unsafe extern "C" fn #shim(
            __hotswap_data: *const (),
            #(#args: #passed,)*
            __hotswap_sink: *mut __hotswap::Sink,
        ) -> #reply {
            let __hotswap_body = || {
                #(#taken)*
                // SAFETY: `data` points to the lender's own reference, lent for this call.
                let __hotswap_closure = unsafe { &mut *__hotswap_data.cast_mut().cast::<#ty>() };
                ::core::result::Result::Ok(__hotswap_closure(#(#given),*))
            };
            // SAFETY: the caller of this entry point passed the sink.
            unsafe { <#way as __hotswap::Crossing<#result>>::respond(__hotswap_sink, __hotswap_body) }
        }
        #call
    }
}
