//! serde's attributes in a migration: those that an old type keeps, and what a field of a new type
//! starts with by them.

use hotswap_abi::__private::shape::{
    Definition,
    attrs::{any_leaves_out_values, is_path, key, leaves_out_values, pieces, qualified, value},
};

/// Attributes of an old type as it is declared.
pub(super) struct Kept {
    /// `#[serde(…)] `, or nothing.
    pub(super) text: String,
    /// A comment on what was left away.
    pub(super) note: String,
}

/// The attributes of the type itself. Conversions from and to other types are those of the type as
/// it is now.
pub(super) fn of_type(definition: &Definition) -> Kept {
    let words = words(&definition.attrs, "");
    let (kept, gone): (Vec<_>, Vec<_>) = words
        .into_iter()
        .filter(|word| match key(word) {
            "bound" => false,
            "default" => needs_default(definition),
            _ => true,
        })
        .partition(|word| !matches!(key(word), "from" | "try_from" | "into" | "remote"));
    Kept { text: attribute(kept.iter().map(|word| (*word).to_owned())), note: note(&gone) }
}

/// Whether a value may be missing in the bytes of an old type whose default nobody knows any more.
pub(super) fn needs_default(definition: &Definition) -> bool {
    words(&definition.attrs, "").contains(&"default") && any_leaves_out_values(definition)
}

/// The attributes of one of its fields; `label` is that of a variant's field. Functions for a type
/// that changed are for the new one.
pub(super) fn of_field(
    definition: &Definition,
    (attrs, label): (&str, &str),
    has_changed: bool,
    home: &str,
) -> Kept {
    let words = words(attrs, label);
    let has_default = has(&words, "default") || has(&self::words(&definition.attrs, ""), "default");
    let leaves_out = leaves_out_values(&words);
    let is_of_new = |word: &str| match key(word) {
        "with" | "serialize_with" | "deserialize_with" => has_changed,
        "skip_serializing_if" | "default" => {
            has_changed && value(word).is_some_and(|it| !is_of_std(it))
        }
        _ => false,
    };
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for word in &words {
        match key(word) {
            "alias" | "bound" => {}
            "default" if !leaves_out => {}
            _ if is_of_new(word) => gone.push(*word),
            _ => kept.push(rooted(word, definition, home)),
        }
    }
    // It is left out where it is empty.
    if !leaves_out && has_default && has(&words, "skip_serializing_if") {
        kept.push("default".to_owned());
    }
    Kept { text: attribute(kept.into_iter()), note: note(&gone) }
}

/// What a field starts with that is not in the old type, as serde would have it: by its own default,
/// or by that of the whole type.
pub(super) fn default_of(
    definition: &Definition,
    (attrs, name): (&str, &str),
    in_struct: bool,
    home: &str,
) -> Option<String> {
    let made =
        |word: &str| value(word).map(|path| format!("{}()", path_from(path, definition, home)));
    fn find(attrs: &str) -> Option<&str> {
        words(attrs, "").into_iter().find(|word| key(word) == "default")
    }
    if let Some(word) = find(attrs) {
        return Some(made(word).unwrap_or_else(|| "Default::default()".to_owned()));
    }
    let whole = find(&definition.attrs).filter(|_| in_struct)?;
    let whole = made(whole).unwrap_or_else(|| "<Self as Default>::default()".to_owned());
    Some(format!("{whole}.{name}"))
}

/// Whether a member was said to be the one that is stored, or was once stored, by this name.
pub(super) fn reads(attrs: &str, stored: &str) -> bool {
    words(attrs, "")
        .iter()
        .any(|word| matches!(key(word), "alias" | "rename") && value(word) == Some(stored))
}

/// The name that a member is stored by, where nothing renames all.
pub(super) fn stored<'a>(attrs: &'a str, name: &'a str) -> &'a str {
    let words = words(attrs, "");
    words.into_iter().find(|word| key(word) == "rename").and_then(value).unwrap_or(name)
}

fn words<'a>(attrs: &'a str, label: &str) -> Vec<&'a str> {
    pieces(attrs).find(|(owner, _)| *owner == label).map_or(Vec::new(), |(_, words)| words)
}

fn has(words: &[&str], name: &str) -> bool {
    words.iter().any(|word| key(word) == name)
}

/// Whether a function is for any type within `Option`, `Vec`, ….
fn is_of_std(path: &str) -> bool {
    const NAMES: [&str; 9] = [
        "Option", "Vec", "VecDeque", "HashMap", "HashSet", "BTreeMap", "BTreeSet", "Default", "std",
    ];
    NAMES.iter().any(|name| path.strip_prefix(name).is_some_and(|rest| rest.starts_with("::")))
}

/// A word with a path that leads there from where the migration is pasted.
fn rooted(word: &str, definition: &Definition, home: &str) -> String {
    match value(word) {
        Some(path) if is_path(word) => {
            format!("{} = \"{}\"", key(word), path_from(path, definition, home))
        }
        _ => word.to_owned(),
    }
}

fn path_from(path: &str, definition: &Definition, home: &str) -> String {
    if definition.path == home { path.to_owned() } else { qualified(path, &definition.path) }
}

fn attribute(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.collect();
    if words.is_empty() { String::new() } else { format!("#[serde({})] ", words.join(", ")) }
}

fn note(gone: &[&str]) -> String {
    if gone.is_empty() {
        return String::new();
    }
    format!("/* without {}: that is for the new type, write one for this */ ", gone.join(", "))
}
