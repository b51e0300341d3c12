//! `#[interface]`: parse → validate → expand.

mod argument;
mod expand;
mod marks;
mod method;
mod model;
mod parse;
mod validate;

use proc_macro2::TokenStream;

use crate::{error::Errors, names::reserved};

/// The whole macro.
pub(crate) fn interface(attr: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    reserved(&item, &mut errors);
    let Some(interface) = parse::interface(attr, item.clone(), &mut errors) else {
        let errors = errors.into_tokens();
        return quote::quote! { #errors #item };
    };
    validate::validate(&interface, &mut errors);
    match errors.into_tokens() {
        None => expand::interface(&interface),
        Some(errors) => {
            let stub = expand::stub(&interface);
            quote::quote! { #errors #stub }
        }
    }
}
