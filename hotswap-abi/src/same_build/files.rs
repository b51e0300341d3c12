//! Which files of a crate are not the same on two sides. Pure.
//!
//! Beside the hash of a crate's sources a description has a list of them: `<hash> <name>`, each with
//! the beginning of its own hash, and `|` between them. It decides nothing: it says better where the
//! hash of the whole differs.

use std::{collections::BTreeMap, fmt};

/// The files of a crate that are not the same on both sides, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileDifference {
    /// The package.
    pub package: String,
    /// Those that both sides have, with other contents.
    pub changed: Vec<String>,
    /// Those that only the host was built from.
    pub host: Vec<String>,
    /// Those that only the artifact was built from.
    pub artifact: Vec<String>,
}

/// How many files of each kind are named.
const MOST_NAMED: usize = 3;

impl FileDifference {
    /// What differs between two lists; `None` where they do not say.
    pub(super) fn of(package: &str, host: &str, artifact: &str) -> Option<Self> {
        let (host, artifact) = (files(host), files(artifact));
        if host.is_empty() || artifact.is_empty() {
            return None;
        }
        let only = |ours: &BTreeMap<&str, &str>, theirs: &BTreeMap<&str, &str>| {
            let names = ours.keys().filter(|name| !theirs.contains_key(*name));
            names.map(|name| (*name).to_owned()).collect::<Vec<_>>()
        };
        let changed = host
            .iter()
            .filter(|(name, hash)| artifact.get(*name).is_some_and(|other| other != *hash));
        let this = Self {
            package: package.to_owned(),
            changed: changed.map(|(name, _)| (*name).to_owned()).collect(),
            host: only(&host, &artifact),
            artifact: only(&artifact, &host),
        };
        let Self { package: _, changed, host, artifact } = &this;
        let is_known = [changed, host, artifact].iter().any(|names| !names.is_empty());
        is_known.then_some(this)
    }
}

fn files(list: &str) -> BTreeMap<&str, &str> {
    let files = list.split('|').filter_map(|file| file.split_once(' '));
    files.map(|(hash, name)| (name, hash)).collect()
}

impl fmt::Display for FileDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sources of {}", self.package)?;
        let kinds = [
            ("changed", &self.changed),
            ("only the host's", &self.host),
            ("only the artifact's", &self.artifact),
        ];
        let mut space = "  ";
        for (kind, names) in kinds.into_iter().filter(|(_, names)| !names.is_empty()) {
            let (named, more) = names.split_at(names.len().min(MOST_NAMED));
            write!(f, "{space}{kind}: {}", named.join(", "))?;
            if !more.is_empty() {
                write!(f, " and {} more", more.len())?;
            }
            space = "   ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, artifact: &str, wanted: &str) {
        let found = FileDifference::of("world", host, artifact);
        assert_eq!(found.map(|it| it.to_string()).unwrap_or_default(), wanted);
    }

    #[test]
    fn files_are_named_by_what_is_different_about_them() {
        let base = "11 src/a b.rs|22 src/lib.rs";
        check(base, "11 src/a b.rs|33 src/lib.rs", "sources of world  changed: src/lib.rs");
        check(base, "22 src/lib.rs", "sources of world  only the host's: src/a b.rs");
        check(
            base,
            "12 src/a b.rs|22 src/main.rs",
            "sources of world  changed: src/a b.rs   only the host's: src/lib.rs   \
             only the artifact's: src/main.rs",
        );
        let many = "1 a|1 b|1 c|1 d|1 e";
        check(&many.replace('1', "2"), many, "sources of world  changed: a, b, c and 2 more");
    }

    #[test]
    fn lists_that_do_not_say_are_no_difference() {
        for other in ["", "11 a", "11", "|||", "11 a|11"] {
            check("11 a", other, "");
        }
    }
}
