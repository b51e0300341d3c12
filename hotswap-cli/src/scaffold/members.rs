//! The list of members in a workspace's `Cargo.toml`, edited without touching anything else. Pure.

use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, Table, Value};

/// A workspace's `Cargo.toml`.
pub(crate) struct Members {
    manifest: DocumentMut,
}

impl Members {
    /// # Errors
    /// In toml_edit's words.
    pub(crate) fn parse(text: &str) -> Result<Self, toml_edit::TomlError> {
        Ok(Self { manifest: text.parse()? })
    }

    pub(crate) fn manifest(&self) -> &DocumentMut {
        &self.manifest
    }

    /// Adds a folder, unless a pattern in the list takes it already.
    ///
    /// # Errors
    /// When it is excluded, or the list is no list.
    pub(crate) fn add(&mut self, folder: &str) -> Result<(), String> {
        let no_table = || "[workspace] is no table".to_owned();
        let workspace = self.manifest.entry("workspace").or_insert_with(|| {
            // A package on its own becomes the first member of a workspace.
            Item::Table(Table::new())
        });
        let workspace = workspace.as_table_like_mut().ok_or_else(no_table)?;
        let texts = |item: Option<&Item>| -> Vec<String> {
            let array = item.and_then(Item::as_array);
            array.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let excluded = texts(workspace.get("exclude"));
        if let Some(by) = excluded.iter().find(|it| Path::new(folder).starts_with(it)) {
            return Err(format!("{folder} would lie in {by}, which the workspace excludes"));
        }
        if texts(workspace.get("members")).iter().any(|pattern| takes(pattern, folder)) {
            return Ok(());
        }
        let members = workspace.entry("members").or_insert_with(|| Array::new().into());
        let members = members.as_array_mut().ok_or("workspace.members is no list")?;
        push(members, folder);
        Ok(())
    }
}

impl std::fmt::Display for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.manifest.fmt(f)
    }
}

/// Whether a pattern of the list means this folder: `*` stands for any name.
fn takes(pattern: &str, folder: &str) -> bool {
    let clean = |text: &str| text.trim_start_matches("./").trim_end_matches('/').to_owned();
    let (pattern, folder) = (clean(pattern), clean(folder));
    let (mut pattern, mut folder) = (pattern.split('/'), folder.split('/'));
    loop {
        match (pattern.next(), folder.next()) {
            (None, None) => return true,
            (Some(pattern), Some(name)) if matches(pattern, name) => {}
            _ => return false,
        }
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| matches(after, &rest[at..]))
        }),
    }
}

/// Puts a text behind the others, formatted as they are.
fn push(array: &mut Array, text: &str) {
    let prefix =
        |value: &Value| value.decor().prefix().and_then(|it| it.as_str()).map(str::to_owned);
    let last = array.iter().last().and_then(prefix).unwrap_or_default();
    let trailing = array.trailing().as_str().unwrap_or_default().to_owned();
    let mut value = Value::from(text);
    if last.contains('\n') {
        let indent = &last[last.rfind('\n').unwrap_or(0)..];
        // A comment behind the last one stays behind it.
        let before = match trailing.rfind('\n') {
            Some(end) if trailing.contains('#') => format!("{}{indent}", &trailing[..end]),
            _ => indent.to_owned(),
        };
        value.decor_mut().set_prefix(before);
        if !array.trailing_comma() {
            // What stands before the closing bracket belonged to the last one.
            if let Some(last) = array.len().checked_sub(1).and_then(|last| array.get_mut(last)) {
                last.decor_mut().set_suffix("");
            }
            array.set_trailing_comma(true);
        }
        array.set_trailing("\n");
    } else if !array.is_empty() {
        value.decor_mut().set_prefix(" ");
    }
    array.push_formatted(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str) {
        let mut members = Members::parse(before).unwrap();
        members.add("new").unwrap();
        assert_eq!(members.to_string(), after);
    }

    #[test]
    fn the_list_keeps_its_form() {
        check(
            "[workspace]\nmembers = [\"a\", \"b\"] # two\n",
            "[workspace]\nmembers = [\"a\", \"b\", \"new\"] # two\n",
        );
        check("[workspace]\nmembers = []\n", "[workspace]\nmembers = [\"new\"]\n");
        check(
            "# top\n[workspace]\nmembers = [\n    \"a\", # first\n    # one more\n    \"b\", # last\n]\nresolver='3'\n",
            "# top\n[workspace]\nmembers = [\n    \"a\", # first\n    # one more\n    \"b\", # last\n    \"new\",\n]\nresolver='3'\n",
        );
        check(
            "[workspace]\nmembers = [\n  \"a\",\n  \"b\"\n]\n",
            "[workspace]\nmembers = [\n  \"a\",\n  \"b\",\n  \"new\",\n]\n",
        );
        check(
            "workspace = { members = [\"a\"] }\n",
            "workspace = { members = [\"a\", \"new\"] }\n",
        );
        check(
            "[package]\nname = \"x\"\n",
            "[package]\nname = \"x\"\n\n[workspace]\nmembers = [\"new\"]\n",
        );
    }

    #[test]
    fn patterns_take_their_folders() {
        for pattern in ["new", "./new", "*", "n*w", "new/"] {
            let text = format!("[workspace]\nmembers = [\"{pattern}\"]\n");
            check(&text, &text);
        }
        check(
            "[workspace]\nmembers = [\"mods/*\"]\n",
            "[workspace]\nmembers = [\"mods/*\", \"new\"]\n",
        );
    }

    #[test]
    fn what_cannot_be_added_is_said() {
        let add = |text: &str| Members::parse(text).unwrap().add("new").unwrap_err();
        assert!(add("[workspace]\nexclude = [\"ne\", \"new/\"]\n").contains("in new/, which"));
        assert!(add("[workspace]\nmembers = 3\n").contains("no list"));
        assert!(add("workspace = 3\n").contains("no table"));
    }
}
