//! Where the system's loader would look for what a library needs, judged from its own words.
//!
//! The loader replaces `$ORIGIN` by the folder that a library was opened from, and `$LIB` and
//! `$PLATFORM` by names of its own; a path that does not begin at the root, and an empty one,
//! begins in the current folder. An artifact is opened as a private copy, so none of these leads
//! to where its builder meant, and some lead to where others can put a library.
//!
//! # Why such an artifact is refused
//! The folder above a private copy was once `/tmp`, where another user's library was found and ran.
//! Rewriting the run path would be the other way; then the code that runs is not the code that was
//! signed.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::facts::ElfFacts;

/// A place that an artifact must not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Astray {
    /// The entry, as a linker's manual calls it.
    entry: &'static str,
    expected: &'static str,
    found: String,
    why: &'static str,
}

/// A path without what the loader replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "hotswap-core answers each of them")]
pub enum Expanded {
    /// It begins at the root.
    Absolute(PathBuf),
    /// It has something that only the loader knows, or begins in the current folder.
    Unknown,
}

const RELATIVE: &str = "the loader would take it from the host's current folder";
const ORIGIN: &str =
    "$ORIGIN would be the folder of the host's private copy, not that of the artifact";
const TOKEN: &str = "the loader puts something of its own in the place of a $";

impl ElfFacts {
    /// The first place that leads elsewhere than its builder meant.
    pub fn astray(&self) -> Option<Astray> {
        let needed = self.needed.iter().find_map(|name| {
            let is_path = name.contains('/') || name.contains('$');
            let why = if is_path { leads_astray(name)? } else { return None };
            let expected = "a name or an absolute path";
            Some(Astray { entry: "needed library", expected, found: name.clone(), why })
        });
        let run_path = || {
            self.run_paths.iter().find_map(|path| {
                let why = path.split(':').find_map(leads_astray)?;
                let expected = "absolute folders";
                Some(Astray { entry: "run path", expected, found: path.clone(), why })
            })
        };
        needed.or_else(run_path)
    }
}

fn leads_astray(path: &str) -> Option<&'static str> {
    if path.contains("$ORIGIN") || path.contains("${ORIGIN}") {
        Some(ORIGIN)
    } else if path.contains('$') {
        Some(TOKEN)
    } else if path.starts_with('/') {
        None
    } else {
        Some(RELATIVE)
    }
}

impl Astray {
    /// What to do.
    pub const ADVICE: &'static str = "build it without `-C rpath` and `-Wl,-rpath`; link that library statically, or by an \
         absolute path";
}

impl fmt::Display for Astray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, expected, found, why } = self;
        write!(f, "{entry}  expected {expected}, found {found:?}: {why}")
    }
}

/// A path in a library that was opened from the folder `origin`.
pub fn expand(path: &str, origin: &Path) -> Expanded {
    let folder = origin.to_str().unwrap_or("$");
    let path = path.replace("${ORIGIN}", folder).replace("$ORIGIN", folder);
    match leads_astray(&path) {
        None => Expanded::Absolute(path.into()),
        Some(_) => Expanded::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn astray(needed: &[&str], run_paths: &[&str]) -> Option<String> {
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
        let facts =
            ElfFacts { needed: texts(needed), run_paths: texts(run_paths), ..ElfFacts::default() };
        facts.astray().map(|it| it.to_string())
    }

    #[test]
    fn names_and_absolute_paths_lead_where_they_say() {
        for run_paths in [&[][..], &["/opt/lib"], &["/opt/lib:/usr/lib", "/srv"]] {
            assert_eq!(astray(&["libc.so.6", "/opt/libz.so"], run_paths), None);
        }
    }

    #[test]
    fn whatever_the_loader_replaces_is_named() {
        for path in ["$ORIGIN", "$ORIGIN/..", "${ORIGIN}/lib", "/opt:$ORIGIN/../lib", "/x/$ORIGIN"]
        {
            let text = astray(&[], &["/opt", path]).expect(path);
            let wanted = format!("run path  expected absolute folders, found {path:?}: $ORIGIN ");
            assert!(text.starts_with(&wanted), "{text}");
        }
        for name in ["$ORIGIN/libz.so", "${ORIGIN}libz.so", "/opt/$ORIGIN/libz.so"] {
            let text = astray(&["libc.so.6", name], &[]).expect(name);
            let wanted = format!(
                "needed library  expected a name or an absolute path, found {name:?}: $ORIGIN "
            );
            assert!(text.starts_with(&wanted), "{text}");
        }
        for token in ["/opt/$LIB", "/opt/${PLATFORM}/lib", "/opt/$", "$LIB"] {
            assert!(astray(&[], &[token]).expect(token).ends_with(TOKEN));
            assert!(astray(&[token], &[]).expect(token).ends_with(TOKEN));
        }
    }

    #[test]
    fn the_current_folder_is_nobodys() {
        for path in ["lib", "/opt:", ":/opt", "/opt::/usr", ".:/opt", "../lib"] {
            assert!(astray(&[], &[path]).expect(path).ends_with(RELATIVE));
        }
        assert!(astray(&["deps/libz.so"], &[]).expect("relative").ends_with(RELATIVE));
    }

    #[test]
    fn what_a_library_finds_beside_itself_is_there() {
        let expand = |path| expand(path, Path::new("/opt/lib"));
        let is = |path: &str| Expanded::Absolute(path.into());
        assert_eq!(expand("$ORIGIN"), is("/opt/lib"));
        assert_eq!(expand("${ORIGIN}/../x"), is("/opt/lib/../x"));
        assert_eq!(expand("/usr"), is("/usr"));
        for path in ["", "lib", "$LIB", "/opt/$PLATFORM", "$ORIGIN/$LIB"] {
            assert_eq!(expand(path), Expanded::Unknown);
        }
    }
}
