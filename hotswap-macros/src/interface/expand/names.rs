//! Names in the code of one interface.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::super::model::{Interface, Method};
use crate::names::{generated, plain};

pub(super) fn client_name(interface: &Interface) -> Ident {
    generated(&format_ident!("{}Client", interface.item.ident))
}

/// `Game::update`.
pub(super) fn full_name(interface: &Interface, method: &Method) -> String {
    format!("{}::{}", interface.item.ident, plain(&method.ident))
}

pub(super) fn call_name(method: &Method) -> Ident {
    format_ident!("__hotswap_call_{}", plain(&method.ident))
}

pub(super) fn default_name(method: &Method) -> Ident {
    format_ident!("__hotswap_default_{}", plain(&method.ident))
}

pub(super) fn closure_name(method: &Method, index: usize, side: &str) -> Ident {
    format_ident!("__hotswap_{side}{index}_of_{}", plain(&method.ident))
}

/// `&self` or `&mut self`.
pub(super) fn receiver(method: &Method) -> TokenStream {
    if method.exclusive {
        quote! { &mut self }
    } else {
        quote! { &self }
    }
}
