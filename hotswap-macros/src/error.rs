//! All mistakes of one item, shown at once.

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Gathers errors, each on the user's token.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Notes a mistake: what is wrong with these tokens, and what to write instead.
    pub(crate) fn at(
        &mut self,
        tokens: impl ToTokens,
        what: impl AsRef<str>,
        hint: impl AsRef<str>,
    ) {
        let text = format!("{}\nhint: {}", what.as_ref(), hint.as_ref());
        self.add(syn::Error::new_spanned(tokens, text));
    }

    /// Notes an error of the parser.
    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    /// The value; a failure is noted.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// How many there are so far.
    pub(crate) fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// `compile_error!` for each mistake; `None` if there was none.
    pub(crate) fn into_tokens(self) -> Option<TokenStream> {
        self.0.map(syn::Error::into_compile_error)
    }
}
