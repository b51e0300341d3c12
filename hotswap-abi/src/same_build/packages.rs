//! The packages that a module or a host's program is built from, and in what two of them differ.
//! Pure.
//!
//! A lent value may hold values of types that the interface's crate has never heard of, found by
//! their `TypeId`. Such a type is the same on both sides when its package is, so each package that
//! both sides have must be built alike. One is known by its name, its version and its origin: two
//! versions of a crate are two packages, and what only one side has is nobody else's business.

use super::{BuildDifference, package::Package, value};
use crate::text::is_obeyed;

/// What a module or a host's program is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packages {
    text: Box<str>,
    /// The crate itself.
    own: Own,
    packages: Vec<Package>,
    /// Why nothing of it can be trusted.
    doubt: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Own {
    name: String,
    version: String,
    types: String,
}

/// A type that two builds define, each in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retyped {
    /// The package that defines it.
    pub package: String,
    /// Its name.
    pub name: String,
}

impl Packages {
    /// What stands before the description of a host in its executable, followed by the text's
    /// length (u32, little-endian) and the text.
    pub const MAGIC: [u8; 8] = *b"HOTBUILT";

    /// Reads a description; `None` if it is none. It is hostile text: it has no characters that
    /// a terminal obeys but its own, and is as long as the bytes that are there.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut own, mut packages, mut doubt) = (None, Vec::new(), None);
        for line in text.strip_suffix('\n')?.split('\n') {
            let parts: Vec<&str> = line.split('\t').collect();
            if parts.iter().any(|part| part.contains(is_obeyed)) {
                return None;
            }
            match *parts {
                ["crate", name, version, types] if own.is_none() => {
                    own = Some(Own {
                        name: name.to_owned(),
                        version: version.to_owned(),
                        types: types.to_owned(),
                    });
                }
                ["doubt", why] => doubt = Some(why.to_owned()),
                ["package", ref parts @ ..] => packages.push(Package::of(parts)?),
                _ => return None,
            }
        }
        Some(Self { text: text.into(), own: own?, packages, doubt })
    }

    /// Reads a host's description from bytes that begin with its [`MAGIC`](Self::MAGIC); whatever
    /// stands behind it is left alone.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (len, rest) = bytes.strip_prefix(&Self::MAGIC)?.split_first_chunk()?;
        let text = rest.get(..usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
        Self::parse(str::from_utf8(text).ok()?)
    }

    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first difference between what a host and an artifact are built from, among what both
    /// have; `None` if all of that is known and equal.
    #[must_use]
    pub fn difference(host: &Self, artifact: &Self) -> Option<BuildDifference> {
        for (side, is_host) in [(host, true), (artifact, false)] {
            if let Some(why) = &side.doubt {
                return Some(BuildDifference::Doubt {
                    host: is_host,
                    why: why.clone(),
                    again: false,
                });
            }
        }
        // Its own crate is the one that is to change.
        let Own { name, version, types: _ } = &artifact.own;
        if host.packages.iter().any(|it| it.is_local() && it.name == *name) {
            let what = format!("module {name}");
            return Some(value(&what, Some("linked into the program as well"), Some(version)));
        }
        let differences = host.packages.iter().filter_map(|ours| {
            let mut same = artifact.packages.iter().filter(|it| it.is(ours));
            let first = same.clone().next()?;
            let differs = same.all(|theirs| ours.difference(theirs).is_some());
            differs.then(|| ours.difference(first)).flatten()
        });
        let strangers = |of: &Self, other: &Self| -> Vec<Package> {
            let own = |it: &&Package| !other.packages.iter().any(|other| other.is(it));
            of.packages.iter().filter(own).cloned().collect()
        };
        differences.chain(origins(&strangers(host, artifact), &strangers(artifact, host))).next()
    }

    /// Name and version of each package that both have, and use by themselves: not because hotswap
    /// does.
    pub fn shared<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let both = |it: &&Package| {
            it.is_used && other.packages.iter().any(|other| other.is_used && other.is(it))
        };
        self.packages.iter().filter(both).map(|it| (it.name.as_str(), it.version.as_str()))
    }

    /// The types that this module defines otherwise than an earlier one, in packages that can change
    /// under one version and that the host does not have: a value of the earlier one's that was left
    /// in what is lent is taken for one of this module's.
    #[must_use]
    pub fn retyped(&self, earlier: &Self, host: &Self) -> Vec<Retyped> {
        let mut found = Vec::new();
        for (package, version, types) in self.local() {
            if host.local().any(|(name, of, _)| (name, of) == (package, version)) {
                continue;
            }
            let before = earlier.local().find(|(name, of, _)| (*name, *of) == (package, version));
            let Some((.., before)) = before else { continue };
            let changed = definitions(types).filter(|(name, now)| {
                definitions(before).any(|(other, then)| other == *name && then != *now)
            });
            found.extend(
                changed.map(|(name, _)| Retyped {
                    package: package.to_owned(),
                    name: name.to_owned(),
                }),
            );
        }
        found
    }

    /// Name, version and types of each package that can change under one version, its own included.
    fn local(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let own = (self.own.name.as_str(), self.own.version.as_str(), self.own.types.as_str());
        let local = self.packages.iter().filter(|it| it.is_local());
        let local = local.map(|it| (it.name.as_str(), it.version.as_str(), it.types.as_str()));
        std::iter::once(own).chain(local)
    }
}

/// Names of types, each with the beginning of a hash of its definition.
fn definitions(list: &str) -> impl Iterator<Item = (&str, &str)> {
    let types = list.split('|').filter_map(|it| it.split_once(' '));
    types.map(|(hash, name)| (name, hash))
}

/// A package that both sides have from two places, or a local one in two versions.
fn origins(host: &[Package], artifact: &[Package]) -> Option<BuildDifference> {
    host.iter().find_map(|ours| {
        artifact.iter().filter(|theirs| theirs.name == ours.name).find_map(|theirs| {
            let (ours, theirs, what) = if ours.version == theirs.version {
                (&ours.origin, &theirs.origin, format!("origin of {} {}", ours.name, ours.version))
            } else if ours.is_local() && theirs.is_local() {
                (&ours.version, &theirs.version, format!("dependency {}", ours.name))
            } else {
                return None;
            };
            Some(value(&what, Some(ours), Some(theirs)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host: hecs and glam, two versions of rand, and a crate of its own for both sides.
    const HOST: &str = "crate\tgame\t0.1.0\t\n\
        package\thecs\t0.10.5\tregistry index\t11\tstd\t\t0\t\t\tused\t\t\n\
        package\trand\t0.8.0\tregistry index\t21\tlog std\t\t0\t\t\t\t\t\n\
        package\trand\t0.9.0\tregistry index\t22\tnone\t\t0\t\t\t\t\t\n\
        package\tparts\t0.1.0\tlocal\t31\t?\t77\t5\t5 src/lib.rs\t8 Position\tused\t\t\n";

    const MODULE: &str = "crate\tsystems\t0.1.0\ta1 Trail|a2 Sys\n\
        package\thecs\t0.10.5\tregistry index\t11\tstd\t\t0\t\t\tused\t\t\n\
        package\trand\t0.9.0\tregistry index\t22\tnone\t\t0\t\t\t\t\t\n\
        package\trand\t0.7.0\tregistry index\t23\tsmall\t\t0\t\t\tused\t\t\n\
        package\tai\t0.1.0\tlocal\t41\tnone\t\t6\t6 src/lib.rs\tb1 Plan\tused\t\t\n\
        package\tparts\t0.1.0\tlocal\t31\tnone\t77\t5\t5 src/lib.rs\t8 Position\tused\t\t\n";

    fn packages(text: &str) -> Packages {
        Packages::parse(text).unwrap()
    }

    #[track_caller]
    fn check(from: &str, to: &str, wanted: &str) {
        assert_eq!(MODULE.matches(from).count(), 1, "{from}");
        let found = Packages::difference(&packages(HOST), &packages(&MODULE.replace(from, to)));
        assert_eq!(found.map(|it| it.to_string()).unwrap_or_default(), wanted);
    }

    #[test]
    fn what_both_sides_have_must_be_built_alike() {
        check("index\t11\tstd", "index\t11\tstd", "");
        check("11\tstd", "11\tnone", "features of hecs 0.10.5  host: std   artifact: none");
        check("11\tstd", "12\t?", "build of hecs 0.10.5  host: 11   artifact: 12");
        check("22\tnone", "22\tstd", "features of rand 0.9.0  host: none   artifact: std");
        check("5\t5 src", "6\t6 src", "sources of parts 0.1.0  changed: src/lib.rs");
        check("\t77\t", "\t78\t", "settings of parts 0.1.0  host: 77   artifact: 78");
        check("std\t\t0", "std\t\t1", "sources of hecs 0.10.5  host: 0   artifact: 1");
    }

    #[test]
    fn what_only_one_side_has_is_its_own() {
        check("0.7.0\tregistry index\t23", "0.6.0\tregistry index\t24", "");
        check("41\tnone\t\t6\t6 src/lib.rs", "42\tx\t\t7\t7 src/lib.rs", "");
        // Two versions are two packages.
        check("rand\t0.9.0\tregistry index\t22\tnone", "rand\t0.9.1\tregistry index\t9\tx", "");
    }

    #[test]
    fn one_package_from_two_places_is_a_difference() {
        check(
            "hecs\t0.10.5\tregistry index",
            "hecs\t0.10.5\tlocal",
            "origin of hecs 0.10.5  host: registry index   artifact: local",
        );
        check(
            "parts\t0.1.0\tlocal",
            "parts\t0.2.0\tlocal",
            "dependency parts  host: 0.1.0   artifact: 0.2.0",
        );
    }

    #[test]
    fn a_module_that_the_host_links_itself_is_refused() {
        check(
            "crate\tsystems",
            "crate\tparts",
            "module parts  host: linked into the program as well   artifact: 0.1.0",
        );
    }

    #[test]
    fn what_is_doubtful_counts_where_both_have_it() {
        check("b1 Plan\tused\t\t", "b1 Plan\tused\tchanged\twhy", "");
        check(
            "8 Position\tused\t\t",
            "8 Position\tused\tchanged\twhy",
            "the artifact's build is not known: why",
        );
        check(
            "crate\tsystems",
            "doubt\tno cargo\ncrate\tsystems",
            "the artifact's build is not known: no cargo",
        );
        let doubtful = packages(&format!("{HOST}doubt\twhy\n"));
        let found = Packages::difference(&doubtful, &packages(MODULE));
        assert!(matches!(found, Some(BuildDifference::Doubt { host: true, again: false, .. })));
    }

    #[test]
    fn types_that_a_module_has_changed_are_named_where_the_host_has_none_of_them() {
        let retyped = |from: &str, to: &str| {
            assert_eq!(MODULE.matches(from).count(), 1, "{from}");
            let now = packages(&MODULE.replace(from, to));
            let found = now.retyped(&packages(MODULE), &packages(HOST));
            found.into_iter().map(|it| format!("{}::{}", it.package, it.name)).collect::<Vec<_>>()
        };
        assert_eq!(retyped("a1 Trail", "a1 Trail"), [""; 0]);
        assert_eq!(retyped("a1 Trail", "a9 Trail"), ["systems::Trail"]);
        assert_eq!(retyped("b1 Plan", "b2 Plan"), ["ai::Plan"]);
        // New ones, those that are gone, and what is compared with the host's anyway.
        assert_eq!(retyped("a1 Trail", "a9 Track"), [""; 0]);
        assert_eq!(retyped("8 Position", "9 Position"), [""; 0]);
        assert_eq!(retyped("systems\t0.1.0\ta1", "systems\t0.1.1\ta9"), [""; 0]);
    }

    #[test]
    fn what_both_sides_use_is_named_with_its_version() {
        let (host, module) = (packages(HOST), packages(MODULE));
        let shared: Vec<_> = host.shared(&module).collect();
        assert_eq!(shared, [("hecs", "0.10.5"), ("parts", "0.1.0")]);
    }

    #[test]
    fn hostile_text_is_no_description() {
        let long = HOST.replace("\t\t\n", "\t\t\t\n");
        for text in ["", "\n", "crate\tx\t1\n", HOST.trim_end(), &long, &HOST.replace('h', "\u{7}")]
        {
            assert_eq!(Packages::parse(text), None, "{text:?}");
        }
        assert_eq!(Packages::parse("package\n"), None);
    }

    #[test]
    fn a_hosts_description_is_read_from_bytes() {
        let len = u32::try_from(HOST.len()).unwrap().to_le_bytes();
        let bytes = [&Packages::MAGIC, &len[..], HOST.as_bytes(), b"more"].concat();
        assert_eq!(Packages::decode(&bytes), Some(packages(HOST)));
        assert_eq!(Packages::decode(&bytes[..bytes.len() - 5]), None);
        assert_eq!(Packages::decode(&bytes[1..]), None);
    }
}
