//! serde's attributes on the fields of a struct, as far as a state with them can be carried.

use crate::shape::{OwnedMember, attrs::split};

/// What serde's attributes say of a field.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attrs<'a> {
    /// `default`: it may be missing.
    pub(super) default: bool,
    /// `alias = "…"`: other names that it is read by.
    pub(super) aliases: Vec<&'a str>,
    rename: Option<&'a str>,
    /// Something else, which is serde's business.
    pub(super) other: bool,
}

impl<'a> Attrs<'a> {
    pub(super) fn of(member: &'a OwnedMember) -> Self {
        let mut attrs = Self::default();
        let text = member.attrs.strip_prefix("serde(").and_then(|it| it.strip_suffix(')'));
        let Some(text) = text else {
            attrs.other = !member.attrs.is_empty();
            return attrs;
        };
        for word in split(text) {
            let (name, value) = word.split_once(" = ").unwrap_or((word, ""));
            let value = value.trim_matches('"');
            match name {
                "default" => attrs.default = true,
                "alias" => attrs.aliases.push(value),
                "rename" => attrs.rename = Some(value),
                _ => attrs.other = true,
            }
        }
        attrs
    }

    /// The name that a field is stored by.
    pub(super) fn key(&self, member: &'a OwnedMember) -> &'a str {
        self.rename.unwrap_or(&member.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_defaults_and_the_rest_are_told_apart() {
        let member = |attrs: &str| OwnedMember {
            name: "hp".to_owned(),
            attrs: attrs.to_owned(),
            offset: 0,
            labels: Vec::new(),
            parts: Vec::new(),
        };
        for (attrs, default, key, aliases, other) in [
            ("", false, "hp", &[][..], false),
            ("serde(default)", true, "hp", &[], false),
            ("serde(default = \"a::b\", alias = \"health\")", true, "hp", &["health"], false),
            (
                "serde(alias = \"a, b\", alias = \"c\", rename = \"d\")",
                false,
                "d",
                &["a, b", "c"],
                false,
            ),
            ("serde(with = \"x\")", false, "hp", &[], true),
            ("serde(rename(serialize = \"a\", deserialize = \"b\"))", false, "hp", &[], true),
            ("serde(flatten)", false, "hp", &[], true),
            ("speed: serde(default)", false, "hp", &[], true),
        ] {
            let member = member(attrs);
            let found = Attrs::of(&member);
            assert_eq!(
                (found.default, found.key(&member), &*found.aliases, found.other),
                (default, key, aliases, other),
                "{attrs}"
            );
        }
    }
}
