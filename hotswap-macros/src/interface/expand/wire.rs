//! The two ends of an argument: what stands in the C signature, how the sender makes it, and how
//! the receiver gets its argument from it.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Path, Type};

use super::super::argument::{Mode, Value};

/// What stands in the signature.
pub(super) fn passed(mode: &Mode) -> TokenStream {
    match mode {
        Mode::Value(ty) => {
            let way = way(ty);
            quote! { <#way as __hotswap::Crossing<#ty>>::Passed }
        }
        Mode::Str => quote! { __hotswap::Str },
        Mode::Plain { exclusive: false, ty } => quote! { *const #ty },
        Mode::Plain { exclusive: true, ty } => quote! { *mut #ty },
        Mode::Slice { item, .. } => quote! { __hotswap::PlainSlice<#item> },
        Mode::Lent { .. } => quote! { __hotswap::Lent },
        Mode::Closure(_) => quote! { __hotswap::LentFn },
        // The address of the reference itself, which may be a wide one.
        Mode::SameBuild { exclusive: false, .. } => quote! { *const () },
        Mode::SameBuild { exclusive: true, .. } => quote! { *mut () },
    }
}

/// The type of a method's entry point.
pub(super) fn entry_type<'a>(modes: impl Iterator<Item = &'a Mode>, result: &Value) -> TokenStream {
    let (passed, reply) = (modes.map(passed), reply(result));
    quote! { unsafe extern "C" fn(*const (), #(#passed,)* *mut __hotswap::Sink) -> #reply }
}

/// What an entry point returns.
pub(super) fn reply(result: &Value) -> TokenStream {
    let way = way(result);
    quote! { __hotswap::Reply<<#way as __hotswap::Crossing<#result>>::Back> }
}

/// The alias that says how a value crosses.
pub(super) fn way(value: &Value) -> Ident {
    alias(&value.ty, value.by_serde)
}

/// The same for plain data, which may be portable.
fn plain_way(ty: &Type) -> Ident {
    alias(ty, false)
}

/// One alias for each type as it is written, and each way.
fn alias(ty: &Type, by_serde: bool) -> Ident {
    let text = crate::names::text(ty);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    if by_serde {
        format_ident!("__HotswapSerde{hash:016x}")
    } else {
        format_ident!("__HotswapWay{hash:016x}")
    }
}

/// The aliases for all types that cross by value, with whether by serde.
pub(super) fn ways<'a>(types: impl Iterator<Item = (&'a Type, bool)>) -> TokenStream {
    let ways: BTreeMap<Ident, _> =
        types.map(|(ty, by_serde)| (alias(ty, by_serde), (ty, by_serde))).collect();
    let ways = ways.iter().map(|(way, (ty, by_serde))| {
        let known = if *by_serde {
            quote! { __hotswap::BySerde }
        } else {
            quote! { __hotswap::Crosses }
        };
        quote! { type #way = __hotswap::Way<{ #known::<#ty>::WAY }>; }
    });
    quote! { #(#ways)* }
}

/// The sender: statements that hold the argument, and what is passed. `shim` serves a closure.
pub(super) fn send(mode: &Mode, arg: &Ident, shim: Option<&Ident>) -> (TokenStream, TokenStream) {
    let nothing = TokenStream::new();
    match mode {
        Mode::Value(ty) => {
            let way = way(ty);
            (
                quote! { let #arg = <#way as __hotswap::Crossing<#ty>>::hold(#arg); },
                quote! { <#way as __hotswap::Crossing<#ty>>::pass(&#arg) },
            )
        }
        Mode::Str => (nothing, quote! { __hotswap::Str::new(#arg) }),
        Mode::Plain { exclusive: false, .. } => (nothing, quote! { ::core::ptr::from_ref(#arg) }),
        Mode::Plain { exclusive: true, .. } => (nothing, quote! { ::core::ptr::from_mut(#arg) }),
        Mode::Slice { exclusive: false, .. } => {
            (nothing, quote! { __hotswap::PlainSlice::new(#arg) })
        }
        Mode::Slice { exclusive: true, .. } => {
            (nothing, quote! { __hotswap::PlainSlice::new_mut(#arg) })
        }
        Mode::Lent { exclusive, interface } => {
            if *exclusive {
                let table = lendable(interface, "BEHIND_MUT");
                (
                    quote! { let mut #arg = #arg; },
                    quote! { __hotswap::Lent::new_mut(&mut #arg, #table) },
                )
            } else {
                let table = lendable(interface, "BEHIND_REF");
                (nothing, quote! { __hotswap::Lent::new(&#arg, #table) })
            }
        }
        Mode::SameBuild { exclusive: false, .. } => {
            (nothing, quote! { ::core::ptr::from_ref(&#arg).cast::<()>() })
        }
        Mode::SameBuild { exclusive: true, .. } => (
            quote! { let mut #arg = #arg; },
            quote! { ::core::ptr::from_mut(&mut #arg).cast::<()>() },
        ),
        Mode::Closure(closure) => {
            let entry = entry_type(closure.args.iter().map(|(_, mode)| mode), &closure.result);
            (
                quote! { let mut #arg = #arg; },
                quote! { __hotswap::LentFn::new(&mut #arg, #shim as #entry as *const ()) },
            )
        }
    }
}

/// The receiver: statements that rebuild the argument (`?` for what cannot be decoded), and the
/// argument. `call` calls a closure.
pub(super) fn receive(
    mode: &Mode,
    arg: &Ident,
    call: Option<&Ident>,
) -> (TokenStream, TokenStream) {
    // SAFETY of the code below: the caller of the entry point passed the argument, and everything
    // behind it lives until the call returns.
    let name = quote! { #arg };
    match mode {
        Mode::Value(ty) => {
            let way = way(ty);
            (
                quote! { let #arg = unsafe { <#way as __hotswap::Crossing<#ty>>::take(#arg) }?; },
                name,
            )
        }
        Mode::Str => (quote! { let #arg = unsafe { __hotswap::Str::as_str(#arg) }; }, name),
        Mode::Plain { exclusive: false, ty } => {
            (quote! { let #arg: &#ty = unsafe { &*#arg }; }, name)
        }
        Mode::Plain { exclusive: true, ty } => {
            (quote! { let #arg: &mut #ty = unsafe { &mut *#arg }; }, name)
        }
        // Host and module were built from the same sources by the same compiler (`compat.rs`), so
        // that the sender's reference is one of this side's, too.
        Mode::SameBuild { exclusive: false, ty } => {
            (quote! { let #arg: &#ty = unsafe { *#arg.cast::<&#ty>() }; }, name)
        }
        Mode::SameBuild { exclusive: true, ty } => {
            (quote! { let #arg: &mut #ty = unsafe { &mut **#arg.cast::<&mut #ty>() }; }, name)
        }
        Mode::Slice { exclusive, .. } => {
            let get = if *exclusive {
                quote! { get_mut }
            } else {
                quote! { get }
            };
            (quote! { let #arg = unsafe { __hotswap::PlainSlice::#get(#arg) }; }, name)
        }
        Mode::Lent { exclusive, interface } => {
            let receive = lendable(interface, "receive");
            // The whole call is on the user's token, for its errors to be one.
            let proxy = quote_spanned! { crate::names::at(interface)=> #receive(#arg) };
            let proxy = quote! { unsafe { #proxy } };
            if *exclusive {
                (quote! { let mut #arg = #proxy; }, quote! { &mut #arg })
            } else {
                (quote! { let #arg = #proxy; }, quote! { &#arg })
            }
        }
        Mode::Closure(closure) => {
            let names: Vec<_> =
                (0..closure.args.len()).map(|i| crate::names::local(format!("c{i}"))).collect();
            let types = closure.args.iter().map(|(ty, _)| ty);
            let result = &closure.result;
            (
                quote! {
                    let mut #arg = |#(#names: #types),*| -> #result {
                        __hotswap::or_relay(#call(__hotswap::LentFn::callee(#arg), #(#names),*))
                    };
                },
                quote! { &mut #arg },
            )
        }
    }
}

/// Statements that write a passed argument.
pub(super) fn record(mode: &Mode, arg: &Ident) -> TokenStream {
    // SAFETY of the code below: as for `receive`.
    match mode {
        Mode::Value(ty) => {
            let way = way(ty);
            quote! { unsafe { <#way as __hotswap::Crossing<#ty>>::record(#arg, __hotswap_out) }; }
        }
        Mode::Str => quote! { unsafe { __hotswap::record_str(#arg, __hotswap_out) }; },
        Mode::Plain { ty, .. } => {
            let way = plain_way(ty);
            quote! { <#way as __hotswap::Crossing<#ty>>::encode(unsafe { &*#arg }, __hotswap_out); }
        }
        Mode::Slice { item, .. } => {
            let way = plain_way(item);
            quote! {
                let #arg = unsafe { __hotswap::PlainSlice::get(#arg) };
                __hotswap::Writer::len(__hotswap_out, #arg.len());
                for #arg in #arg {
                    <#way as __hotswap::Crossing<#item>>::encode(#arg, __hotswap_out);
                }
            }
        }
        Mode::Lent { .. } | Mode::Closure(_) | Mode::SameBuild { .. } => TokenStream::new(),
    }
}

/// Statements that rebuild a recorded argument (`?` for what cannot be decoded), and the argument.
pub(super) fn replay(mode: &Mode, arg: &Ident) -> (TokenStream, TokenStream) {
    let decode = |ty: &Type, way: Ident| {
        quote! { <#way as __hotswap::Crossing<#ty>>::decode(__hotswap_in)? }
    };
    match mode {
        Mode::Value(value) => {
            let decoded = decode(&value.ty, way(value));
            (quote! { let #arg = #decoded; }, quote! { #arg })
        }
        Mode::Str => (
            quote! {
                let #arg =
                    <__hotswap::String as __hotswap::Portable>::decode(__hotswap_in)?;
            },
            quote! { &#arg },
        ),
        Mode::Plain { ty, .. } => {
            let decoded = decode(ty, plain_way(ty));
            (quote! { let #arg: #ty = #decoded; }, quote! { &#arg })
        }
        Mode::Slice { item, .. } => {
            let decoded = decode(item, plain_way(item));
            (
                quote! {
                    let #arg = (0..__hotswap::Reader::len(__hotswap_in)?)
                        .map(|_| ::core::result::Result::Ok(#decoded))
                        .collect::<::core::result::Result<__hotswap::Vec<#item>, __hotswap::DecodeError>>()?;
                },
                quote! { &#arg },
            )
        }
        Mode::Lent { .. } | Mode::Closure(_) | Mode::SameBuild { .. } => {
            (TokenStream::new(), TokenStream::new())
        }
    }
}

/// An item of the interface as something that can be lent: an error shows on the user's token, and
/// is the same one wherever it comes from.
fn lendable(interface: &Path, item: &str) -> TokenStream {
    let item = format_ident!("{item}", span = crate::names::at(interface));
    quote_spanned! { crate::names::at(interface)=> <dyn #interface as __hotswap::Lendable>::#item }
}
