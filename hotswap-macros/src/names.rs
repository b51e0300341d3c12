//! Tokens as text, the way a user writes them: for names and attributes in descriptions; and the names
//! of generated code.

use proc_macro2::{Delimiter, Ident, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;

use crate::error::Errors;

/// The tokens as text without spurious spaces: `Vec<Option<u8>>`, `serde(tag = "t")`.
pub(crate) fn text(tokens: impl ToTokens) -> String {
    let mut out = String::new();
    write(tokens.into_token_stream(), &mut out);
    out
}

/// What all names in generated code begin with that are not the user's, in one of three spellings:
/// also those of locals and parameters, because a constant of the user's with such a name would make
/// a pattern of them.
const OURS: [&str; 3] = ["__hotswap", "__Hotswap", "__HOTSWAP"];

/// A local of ours.
pub(crate) fn local(name: impl AsRef<str>) -> Ident {
    Ident::new(&format!("__hotswap_{}", name.as_ref()), Span::mixed_site())
}

/// Notes every name that a user must leave to generated code.
pub(crate) fn reserved(tokens: &TokenStream, errors: &mut Errors) {
    for token in tokens.clone() {
        match token {
            TokenTree::Group(group) => reserved(&group.stream(), errors),
            TokenTree::Ident(ident) if OURS.iter().any(|it| plain(&ident).starts_with(it)) => {
                errors.at(
                    ident,
                    "names that begin with `__hotswap` are taken",
                    "choose another name",
                );
            }
            _ => {}
        }
    }
}

/// The user's identifier as a name in generated code: errors show on the user's token, lints take
/// it as generated.
pub(crate) fn generated(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(Span::call_site().located_at(ident.span()));
    ident
}

/// The place of the user's tokens for generated ones: errors show there, lints take them as
/// generated.
pub(crate) fn at(tokens: impl ToTokens) -> Span {
    let span = syn::spanned::Spanned::span(&tokens.into_token_stream());
    Span::call_site().located_at(span)
}

/// An identifier without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
}

fn write(tokens: TokenStream, out: &mut String) {
    let mut after_word = false;
    let mut joint = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                write(group.stream(), out);
                out.push_str(close);
                (after_word, joint) = (true, false);
            }
            TokenTree::Punct(punct) => {
                let was_joint = std::mem::replace(&mut joint, punct.spacing() == Spacing::Joint);
                after_word = false;
                match punct.as_char() {
                    ',' | ';' => {
                        out.push(punct.as_char());
                        out.push(' ');
                    }
                    '=' | '+' if !was_joint && !joint => {
                        out.push(' ');
                        out.push(punct.as_char());
                        out.push(' ');
                    }
                    '-' if joint => out.push_str(" -"),
                    '>' if was_joint && out.ends_with('-') => out.push_str("> "),
                    // A lifetime, or the end of a type that a word may follow.
                    '\'' => {
                        out.push('\'');
                        joint = false;
                    }
                    other => out.push(other),
                }
            }
            word => {
                // `&'static str`: the lifetime's name is a word, too.
                if after_word {
                    out.push(' ');
                }
                out.push_str(&word.to_string());
                (after_word, joint) = (true, false);
            }
        }
    }
    // A trailing comma says nothing.
    while out.ends_with([' ', ',']) {
        out.pop();
    }
}
