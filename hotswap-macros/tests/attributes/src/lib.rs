//! An attribute macro for tests, of safe code: it changes an item after the macros above it have seen
//! it.

use proc_macro::{Group, TokenStream, TokenTree};

/// `#[replace(u64 => Box<u64>)]`: other tokens in the place of each such word.
#[proc_macro_attribute]
pub fn replace(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut args = args.into_iter();
    let from = args.next().map(|word| word.to_string()).unwrap_or_default();
    // The arrow.
    let to: TokenStream = args.skip(2).collect();
    replaced(item, &from, &to)
}

fn replaced(tokens: TokenStream, from: &str, to: &TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Group(group) => {
                let inner = replaced(group.stream(), from, to);
                TokenTree::Group(Group::new(group.delimiter(), inner)).into()
            }
            token if token.to_string() == from => to.clone(),
            token => TokenStream::from(token),
        })
        .collect()
}
