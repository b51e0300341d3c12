//! serde's attributes as text: `serde(default, rename = "x")`. Those of a variant stand before those
//! of its fields: `serde(rename = "x"), hp: serde(default)`.
//!
//! What stores nothing has a mark there that says how it is written, where its members do not tell
//! (`struct A {}` is a map, `struct A;` a list): see [`mark`].
//!
//! Two texts may say the same of what is stored. What a reader starts with where a field is missing
//! (`default`), by which other names it reads one (`alias`), and what the derives ask of parameters
//! (`bound`) is not in the bytes. A path is the same one however it is written.

use super::{Definition, OwnedMember};

/// One text: whose it is (a variant's field, or what has the attributes), and the words.
pub fn pieces(attrs: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    split(attrs).filter(|piece| !piece.is_empty() && !is_mark(piece)).map(|piece| {
        let (owner, text) = match piece.split_once(": ") {
            Some((owner, text)) if !owner.contains('(') => (owner, text),
            _ => ("", piece),
        };
        let text = text.strip_prefix("serde(").and_then(|it| it.strip_suffix(')'));
        (owner, text.map(split).into_iter().flatten().collect())
    })
}

/// How a struct or a variant is written of which nothing is stored: `{}` with names, `()` as a list.
#[must_use]
pub fn mark(attrs: &str) -> Option<&str> {
    split(attrs).find(|piece| is_mark(piece))
}

fn is_mark(piece: &str) -> bool {
    matches!(piece, "{}" | "()")
}

/// Between commas that stand in no text and in no parentheses.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut depth) = (false, 0_u32);
    text.split(move |c| {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && !quoted && depth == 0
    })
    .map(str::trim)
}

/// `rename` of `rename = "x"`.
#[must_use]
pub fn key(word: &str) -> &str {
    word.split([' ', '(', '=']).next().unwrap_or(word)
}

/// `x` of `rename = "x"`.
#[must_use]
pub fn value(word: &str) -> Option<&str> {
    word.split_once(" = \"")?.1.strip_suffix('"')
}

/// Whether a field may be missing in the bytes that says something: where it is left out by another
/// rule than that it is empty, a reader's default is what it was.
#[must_use]
pub fn leaves_out_values(words: &[&str]) -> bool {
    words.iter().any(|word| match key(word) {
        "skip_serializing" => true,
        "skip_serializing_if" => {
            !value(word).is_some_and(|it| it.ends_with("is_none") || it.ends_with("is_empty"))
        }
        _ => false,
    })
}

/// Whether a field of a struct has [such a rule](leaves_out_values).
#[must_use]
pub fn any_leaves_out_values(definition: &Definition) -> bool {
    let all = definition.members.iter().flat_map(|member| pieces(&member.attrs));
    all.into_iter().any(|(_, words)| leaves_out_values(&words))
}

/// The words that are a path, which serde looks up where the type is declared.
#[must_use]
pub fn is_path(word: &str) -> bool {
    matches!(
        key(word),
        "default" | "with" | "serialize_with" | "deserialize_with" | "skip_serializing_if"
    )
}

/// A path as it is written from everywhere in the crate of a type that is declared in `home`, where
/// that can be told: `stamps` in `m::units` is `crate::units::stamps`.
#[must_use]
pub fn qualified(path: &str, home: &str) -> String {
    let within = |place: &str| match place.split_once("::") {
        Some((_, rest)) => format!("crate::{rest}::"),
        None => "crate::".to_owned(),
    };
    if let Some(rest) = path.strip_prefix("self::") {
        within(home) + rest
    } else if let Some(rest) = path.strip_prefix("super::") {
        within(home.rsplit_once("::").map_or(home, |(above, _)| above)) + rest
    } else if path.contains("::") {
        path.to_owned()
    } else {
        within(home) + path
    }
}

/// Whether the attributes of two types say the same of what is stored.
pub(super) fn types_store_alike(left: &Definition, right: &Definition) -> bool {
    let (l, r) = (any_leaves_out_values(left), any_leaves_out_values(right));
    alike((left, &left.attrs, l), (right, &right.attrs, r))
}

/// Whether those of two members do.
pub(super) fn members_store_alike(
    (left, l): (&Definition, &OwnedMember),
    (right, r): (&Definition, &OwnedMember),
) -> bool {
    alike((left, &l.attrs, false), (right, &r.attrs, false))
}

/// Each side with whether a default counts in any case.
fn alike(left: (&Definition, &str, bool), right: (&Definition, &str, bool)) -> bool {
    left.1 == right.1
        || written(left, false) == written(right, false)
        || written(left, true) == written(right, true)
}

/// What of the attributes is about the bytes.
fn written(
    (definition, attrs, with_default): (&Definition, &str, bool),
    qualify: bool,
) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<_> = pieces(attrs)
        .map(|(owner, words)| {
            let keeps_default = with_default || leaves_out_values(&words);
            let mut kept: Vec<_> = words
                .into_iter()
                .filter(|word| match key(word) {
                    "alias" | "bound" => false,
                    "default" => keeps_default,
                    _ => true,
                })
                .map(|word| match value(word) {
                    Some(path) if qualify && is_path(word) => {
                        format!("{} = \"{}\"", key(word), qualified(path, &definition.path))
                    }
                    _ => word.to_owned(),
                })
                .collect();
            kept.sort();
            (owner.to_owned(), kept)
        })
        .filter(|(_, words)| !words.is_empty())
        .collect();
    all.extend(mark(attrs).map(|mark| (String::new(), vec![mark.to_owned()])));
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Kind;

    fn at(path: &str) -> Definition {
        Definition {
            kind: Kind::Struct,
            name: "World".to_owned(),
            path: path.to_owned(),
            attrs: String::new(),
            layout: None,
            args: Vec::new(),
            members: Vec::new(),
            skipped: Vec::new(),
            build: None,
        }
    }

    #[test]
    fn what_is_not_in_the_bytes_makes_no_difference() {
        let is_same = |l: (&str, &str), r: (&str, &str)| {
            alike((&at(l.0), l.1, false), (&at(r.0), r.1, false))
        };
        for (l, r, same) in [
            ("serde(default)", "", true),
            ("serde(default = \"five\", rename = \"x\")", "serde(rename = \"x\")", true),
            ("serde(alias = \"a, b\", bound = \"T: A\")", "", true),
            ("serde(rename = \"x\")", "serde(rename = \"y\")", false),
            ("serde(rename = \"default\")", "", false),
            ("serde(rename = \"x\"), hp: serde(default)", "serde(rename = \"x\")", true),
            ("hp: serde(flatten)", "mp: serde(flatten)", false),
            (
                "serde(default, skip_serializing_if = \"Vec::is_empty\")",
                "serde(skip_serializing_if = \"Vec::is_empty\")",
                true,
            ),
            // What is missing there has the value that the default says.
            (
                "serde(default = \"five\", skip_serializing_if = \"is_five\")",
                "serde(default = \"six\", skip_serializing_if = \"is_five\")",
                false,
            ),
            ("serde(default, skip_serializing)", "serde(skip_serializing)", false),
        ] {
            assert_eq!(is_same(("m", l), ("m", r)), same, "{l} / {r}");
        }
        let with = |path: &'static str| format!("serde(with = \"{path}\")");
        for (l, r, same) in [
            (("m::units", "stamps"), ("m::units", "stamps"), true),
            (("m::units", "stamps"), ("m", "crate::units::stamps"), true),
            (("m::units", "super::stamps"), ("m", "stamps"), true),
            (("m::units", "self::stamps"), ("m", "crate::units::stamps"), true),
            // The type has moved, with what it names.
            (("m::units", "stamps"), ("m::other", "stamps"), true),
            (("m::units", "stamps"), ("m", "crate::other::stamps"), false),
        ] {
            assert_eq!(is_same((l.0, &with(l.1)), (r.0, &with(r.1))), same, "{l:?} / {r:?}");
        }
    }
}
