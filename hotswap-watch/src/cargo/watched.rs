//! Which paths matter.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// What is watched: files by name, and trees of folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Watched {
    /// These files, whatever they are called and whether they are there or not.
    pub(super) files: BTreeSet<PathBuf>,
    /// All files below these folders.
    pub(super) trees: BTreeSet<PathBuf>,
    /// But not below these.
    pub(super) without: BTreeSet<PathBuf>,
}

impl Watched {
    /// This, and other things besides.
    pub(super) fn with(&self, others: &Self) -> Self {
        let mut all = self.clone();
        all.files.extend(others.files.iter().cloned());
        all.trees.extend(others.trees.iter().cloned());
        all.without.extend(others.without.iter().cloned());
        all
    }

    /// Whether a change of this path may be one of something watched: the path is watched, or
    /// leads to something that is.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        self.has(path)
            || self.files.iter().chain(&self.trees).any(|watched| watched.starts_with(path))
    }

    /// Whether this is, or would be, a watched file, or a folder in a tree.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.files.contains(path) || self.trees.iter().any(|tree| self.is_in(tree, path))
    }

    /// Whether a walk down from a tree's root goes into, or takes up, what is at `path`.
    pub(super) fn takes(&self, path: &Path) -> bool {
        !self.without.contains(path) && path.file_name().is_some_and(|name| !is_passed_over(name))
    }

    fn is_in(&self, tree: &Path, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(tree) else { return false };
        let mut way = tree.to_path_buf();
        below.components().all(|part| {
            way.push(part);
            matches!(part, Component::Normal(_)) && self.takes(&way)
        })
    }
}

/// Hidden files and folders, among them Emacs' locks and vim's swap files, and what else editors
/// leave beside a file while they save it.
fn is_passed_over(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.')
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
        || name == "4913"
        || name.starts_with("___jb_")
        || [".swp", ".swo", ".swx", ".orig", ".rej"].iter().any(|end| name.ends_with(end))
        || name.strip_prefix("sed").is_some_and(is_random)
        || name.rsplit_once(".rs.").is_some_and(|(_, end)| is_random(end))
}

/// As `mkstemp` ends a name: `sed -i` writes `sedXXXXXX`, and Kate `lib.rs.XXXXXX`. A folder may be
/// called `sedentary`.
fn is_random(end: &str) -> bool {
    end.len() == 6
        && end.bytes().all(|it| it.is_ascii_alphanumeric())
        && end.bytes().any(|it| !it.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched() -> Watched {
        let set = |paths: &[&str]| paths.iter().map(PathBuf::from).collect();
        Watched {
            files: set(&["/w/Cargo.toml", "/w/.cargo/config.toml", "/w/a/Cargo.toml"]),
            trees: set(&["/w/a/src", "/w/.hidden/b", "/w/b"]),
            without: set(&["/w/b/target", "/w/b/inner"]),
        }
    }

    #[test]
    fn a_path_matters_by_where_it_is_and_what_it_is_called() {
        let watched = watched();
        for path in [
            "/w/Cargo.toml",
            "/w/.cargo/config.toml",
            "/w/a/src",
            "/w/a/src/lib.rs",
            "/w/a/src/deep/er/mod.rs",
            "/w/a/src/shader.wgsl",
            "/w/a/src/target/x.rs",
            "/w/.hidden/b/lib.rs",
            "/w/b/targets.rs",
            "/w/a/src/sedentary/mod.rs",
            "/w/a/src/sed_4You.rs",
            "/w/a/src/text.rs.in",
        ] {
            assert!(watched.has(Path::new(path)), "{path}");
            assert!(watched.concerns(Path::new(path)), "{path}");
        }
        // Ways to what is watched.
        for path in ["/w", "/w/.cargo", "/w/a", "/"] {
            assert!(!watched.has(Path::new(path)), "{path}");
            assert!(watched.concerns(Path::new(path)), "{path}");
        }
        for path in [
            "/w/README.md",
            "/w/target",
            "/w/.git/index",
            "/w/a/tests/x.rs",
            "/w/a/src/.lib.rs.swp",
            "/w/a/src/4913",
            "/w/a/src/lib.rs~",
            "/w/a/src/.#lib.rs",
            "/w/a/src/#lib.rs#",
            "/w/a/src/lib.swp",
            "/w/a/src/sedXg2v1s",
            "/w/a/src/lib.rs.Xg2v1s",
            "/w/a/src/.git/x.rs",
            "/w/b/target",
            "/w/b/target/debug/build.rs",
            "/w/b/inner/src/lib.rs",
            "/elsewhere/src/lib.rs",
        ] {
            assert!(!watched.concerns(Path::new(path)), "{path}");
        }
    }
}
