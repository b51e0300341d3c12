//! The types that a crate's files define, each with the beginning of a hash of its definition.
//!
//! A module's own types change with every edit, and have the same `TypeId` all the while. What of
//! them is left in a lent value is taken for the new type, so the host says which have changed.
//!
//! # Why that is a risk and no refusal
//! A module's types change with most edits, and seldom get into a lent value. The definitions are
//! compared as tokens, which is what a macro can see.

use std::{collections::BTreeMap, fs, path::PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::sources::{SHORT, hash};

/// `<hash> <name>` for each name, with `|` between them.
pub(super) fn list(files: &[PathBuf]) -> String {
    let mut found = BTreeMap::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|it| it == "rs")) {
        let text = fs::read_to_string(file).unwrap_or_default();
        if let Ok(tokens) = text.parse() {
            definitions(tokens, &mut found);
        }
    }
    let list =
        found.iter().map(|(name, text)| format!("{} {name}", &hash(&[text.as_bytes()])[..SHORT]));
    list.collect::<Vec<_>>().join("|")
}

/// Definitions of structs, enums, unions and aliases, and constants that may be lengths of arrays:
/// by name, those of one name together.
fn definitions(tokens: TokenStream, found: &mut BTreeMap<String, String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match (token, tokens.get(at)) {
            (TokenTree::Ident(keyword), Some(TokenTree::Ident(name))) => {
                let is_array_length = || {
                    let after = tokens[at + 1..].iter().take(2).map(ToString::to_string);
                    after.eq([":", "usize"].map(str::to_owned))
                };
                let ends_with_braces = match keyword.to_string().as_str() {
                    "struct" | "enum" | "union" => true,
                    "type" => false,
                    "const" if is_array_length() => false,
                    _ => continue,
                };
                let is_end = |token: &TokenTree| match token {
                    TokenTree::Punct(punct) => punct.as_char() == ';',
                    TokenTree::Group(group) => {
                        ends_with_braces && group.delimiter() == Delimiter::Brace
                    }
                    _ => false,
                };
                let rest = &tokens[at + 1..];
                let len = rest.iter().position(is_end).map_or(rest.len(), |end| end + 1);
                let text = found.entry(name.to_string()).or_default();
                *text += &format!("{keyword} {};", written(rest[..len].iter().cloned().collect()));
            }
            (TokenTree::Group(group), _) => definitions(group.stream(), found),
            _ => {}
        }
    }
}

/// Tokens as text, without the attributes that comments are.
fn written(tokens: TokenStream) -> String {
    let mut text = String::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_comment = |next: &TokenTree| {
            matches!(next, TokenTree::Group(group) if group.stream().into_iter().next()
                .is_some_and(|it| it.to_string() == "doc"))
        };
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if tokens.next_if(is_comment).is_none() {
                    text.push('#');
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                text += &format!("{open}{}{close}", written(group.stream()));
            }
            token => text += &format!("{token} "),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        definitions(text.parse().unwrap(), &mut found);
        found
    }

    const BASE: &str = "mod inner { pub struct Trail(Vec<(f32, f32)>); }
        struct Body { /// Its mass.
            mass: Mass, steps: [u8; N] }
        type Mass = f32; const N: usize = 3; const SPEED: f32 = 2.0;
        impl Body { fn run(&self) -> f32 { enum Local { A } self.mass } }";

    #[test]
    fn definitions_are_found_wherever_they_stand() {
        let found = found(BASE);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["Body", "Local", "Mass", "N", "Trail"]);
    }

    #[test]
    fn a_definition_differs_where_its_type_does() {
        let base = found(BASE);
        let changed = |from: &str, to: &str| {
            assert_eq!(BASE.matches(from).count(), 1, "{from}");
            let other = found(&BASE.replace(from, to));
            base.iter()
                .filter(|(name, text)| other.get(*name) != Some(text))
                .map(|it| it.0.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(changed("(f32, f32)", "(f64, f32)"), ["Trail"]);
        assert_eq!(changed("steps: [u8; N]", "steps: [u16; N]"), ["Body"]);
        assert_eq!(changed("Mass = f32", "Mass = f64"), ["Mass"]);
        assert_eq!(changed("= 3", "= 4"), ["N"]);
        assert_eq!(changed("{ A }", "{ A, B }"), ["Local"]);
        // Code, comments and values are no types.
        for (from, to) in [("SPEED: f32 = 2.0", "SPEED: f32 = 3.0"), ("Its mass.", "In kg.")] {
            assert_eq!(changed(from, to), [""; 0], "{from}");
        }
        assert_eq!(changed("{ enum", "{ let x = 1; enum"), [""; 0]);
    }
}
