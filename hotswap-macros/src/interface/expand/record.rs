//! Recording and replay, on the host's side: for each method a shim that notes the arguments on their
//! way to the entry point, and a function that decodes them and asks an instance the same.
//!
//! Both are generic over the tape, although the latter needs none: so they are compiled where a host
//! asks for them, and modules do not have them.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{
    super::{
        argument::Mode,
        model::{Interface, Method},
    },
    client, wire,
};
use crate::names::{local, plain};

/// The functions.
pub(super) fn functions(interface: &Interface) -> TokenStream {
    let functions = interface.methods.iter().enumerate().map(|(index, method)| {
        let (shim, replay) = (shim(method, index), replay(interface, method, index));
        quote! { #shim #replay }
    });
    quote! { #(#functions)* }
}

/// The interface's list of them.
pub(super) fn recordables(interface: &Interface) -> TokenStream {
    let recordables = interface.methods.iter().map(|method| {
        let entry = wire::entry_type(method.args.iter().map(|arg| &arg.mode), &method.result);
        let shim = shim_name(method);
        let replay = if is_data(method) {
            let (known, name) = (known(method), replay_name(method));
            quote! { if #known { ::core::option::Option::Some(#name::<__HotswapTape>) } else { ::core::option::Option::None } }
        } else {
            quote! { ::core::option::Option::None }
        };
        quote! {
            // SAFETY: the shim has the entry's type and takes a recorder; both are of this method.
            unsafe {
                __hotswap::Recordable::new(#shim::<__HotswapTape> as #entry as *const (), #replay)
            }
        }
    });
    quote! {
        fn recordables<__HotswapTape: __hotswap::Tape>() -> __hotswap::Box<[__hotswap::Recordable]> {
            __hotswap::Box::new([#(#recordables),*])
        }
    }
}

fn shim_name(method: &Method) -> Ident {
    format_ident!("__hotswap_record_{}", plain(&method.ident))
}

fn replay_name(method: &Method) -> Ident {
    format_ident!("__hotswap_replay_{}", plain(&method.ident))
}

/// Whether all arguments are data, and go one way.
fn is_data(method: &Method) -> bool {
    method.not_replayed.is_empty()
        && method.args.iter().all(|arg| match arg.mode {
            Mode::Value(_) | Mode::Str => true,
            Mode::Plain { exclusive, .. } | Mode::Slice { exclusive, .. } => !exclusive,
            Mode::Lent { .. } | Mode::Closure(_) | Mode::SameBuild { .. } => false,
        })
}

/// Whether plain data can be written: it is portable, unless its `Plain` is made by hand.
fn known(method: &Method) -> TokenStream {
    let types = method.args.iter().filter_map(|arg| match &arg.mode {
        Mode::Plain { ty, .. } => Some(ty),
        Mode::Slice { item, .. } => Some(item),
        _ => None,
    });
    quote! { true #(&& __hotswap::Crosses::<#types>::KNOWN)* }
}

fn shim(method: &Method, index: usize) -> TokenStream {
    let (name, reply) = (shim_name(method), wire::reply(&method.result));
    let args: Vec<_> = (0..method.args.len()).map(|i| local(format!("a{i}"))).collect();
    let passed = method.args.iter().map(|arg| wire::passed(&arg.mode));
    let entry = wire::entry_type(method.args.iter().map(|arg| &arg.mode), &method.result);
    let arguments = if is_data(method) {
        let written =
            method.args.iter().zip(&args).map(|(arg, name)| wire::record(&arg.mode, name));
        quote! {
            __hotswap::Arguments::new(&|__hotswap_out: &mut __hotswap::Writer<'_>| { #(#written)* })
        }
    } else {
        quote! { __hotswap::Arguments::none() }
    };
    quote! {
        unsafe extern "C" fn #name<__HotswapTape: __hotswap::Tape>(
            __hotswap_data: *const (),
            #(#args: #passed,)*
            __hotswap_sink: *mut __hotswap::Sink,
        ) -> #reply {
            // SAFETY: a shim is called by a recorder's target alone, which is alive meanwhile; the
            // arguments are the caller's, who holds them.
            unsafe {
                let __hotswap_recorder =
                    __hotswap::Recorder::<'_, __HotswapTape>::of(__hotswap_data);
                let __hotswap_callee =
                    __hotswap::Recorder::note(__hotswap_recorder, #index, #arguments);
                let __hotswap_entry = ::core::mem::transmute::<*const (), #entry>(
                    __hotswap::Callee::entry(__hotswap_callee),
                );
                __hotswap_entry(
                    __hotswap::Callee::data(__hotswap_callee),
                    #(#args,)*
                    __hotswap_sink,
                )
            }
        }
    }
}

fn replay(interface: &Interface, method: &Method, index: usize) -> TokenStream {
    if !is_data(method) {
        return TokenStream::new();
    }
    let (name, result) = (replay_name(method), &method.result);
    let way = wire::way(result);
    let args: Vec<_> = (0..method.args.len()).map(|i| local(format!("a{i}"))).collect();
    let (decoded, given): (Vec<_>, Vec<_>) =
        method.args.iter().zip(&args).map(|(arg, name)| wire::replay(&arg.mode, name)).unzip();
    let call = client::through(interface, method, &given);
    quote! {
        unsafe fn #name<__HotswapTape>(
            __hotswap_target: __hotswap::Target<'_>,
            __hotswap_in: &mut __hotswap::Reader<'_>,
            __hotswap_out: &mut __hotswap::Writer<'_>,
        ) -> ::core::result::Result<(), __hotswap::ReplayError> {
            #(#decoded)*
            // SAFETY: the index of a method of this interface, whose target it is.
            let __hotswap_callee = unsafe { __hotswap::Target::callee(__hotswap_target, #index) };
            let __hotswap_answer: ::core::result::Result<#result, __hotswap::Box<__hotswap::CallError>> =
                #call;
            match __hotswap_answer {
                ::core::result::Result::Ok(__hotswap_answer) => {
                    <#way as __hotswap::Crossing<#result>>::encode(&__hotswap_answer, __hotswap_out);
                    ::core::result::Result::Ok(())
                }
                ::core::result::Result::Err(__hotswap_error) => {
                    ::core::result::Result::Err(__hotswap::ReplayError::Call(__hotswap_error))
                }
            }
        }
    }
}
