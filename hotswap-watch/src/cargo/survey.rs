//! What is there of what is watched: which files, and which folders have to be watched for them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::watched::Watched;
use crate::mounted::is_mounted;

/// What is there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    pub(super) files: BTreeSet<PathBuf>,
    /// The folders to watch: those of the trees, those of the files, and where one is missing, the
    /// nearest above it that exists; and files that may be written under another name.
    pub(super) folders: BTreeSet<PathBuf>,
    /// Those among them that something in a tree is linked to: any change in them may matter.
    pub(super) linked: BTreeSet<PathBuf>,
}

impl Survey {
    /// Looks around. Links are followed.
    pub(super) fn of(watched: &Watched) -> Self {
        let mut survey = Self::default();
        for file in &watched.files {
            // Nothing is told of a folder that cannot be read, as one above the workspace may be.
            let folder = nearest_folder(file);
            survey.folders.extend(folder.filter(|it| file.exists() || fs::read_dir(it).is_ok()));
            if fs::metadata(file).is_ok_and(|meta| meta.is_file()) {
                survey.add(file.clone());
                if fs::symlink_metadata(file).is_ok_and(|meta| meta.is_symlink()) {
                    survey.link(file);
                }
            }
        }
        for tree in &watched.trees {
            survey.folders.extend(nearest_folder(tree));
            survey.walk(tree, watched, &mut BTreeSet::new());
        }
        survey
    }

    fn walk(&mut self, folder: &Path, watched: &Watched, inside: &mut BTreeSet<PathBuf>) {
        // Gone, or not to be read: then the compiler will say so.
        let Ok(entries) = fs::read_dir(folder) else { return };
        let Ok(real) = fs::canonicalize(folder) else { return };
        // A link that leads back into itself.
        if !inside.insert(real.clone()) {
            return;
        }
        self.folders.insert(folder.to_path_buf());
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            if !watched.takes(&path) {
                continue;
            }
            if kind.is_symlink() {
                self.link(&path);
            }
            // Follows a link.
            let (is_folder, is_file) = if kind.is_symlink() {
                fs::metadata(&path).map_or((false, false), |meta| (meta.is_dir(), meta.is_file()))
            } else {
                (kind.is_dir(), kind.is_file())
            };
            if is_folder {
                self.walk(&path, watched, inside);
            } else if is_file {
                self.add(path);
            }
        }
        inside.remove(&real);
    }

    fn add(&mut self, file: PathBuf) {
        if is_mounted(&file) || has_other_names(&file) {
            self.folders.insert(file.clone());
        }
        self.files.insert(file);
    }

    /// What a link leads to is saved where it really is.
    fn link(&mut self, link: &Path) {
        if let Ok(real) = fs::canonicalize(link)
            && let Some(folder) = real.parent()
        {
            self.folders.insert(folder.to_path_buf());
            self.linked.insert(folder.to_path_buf());
        }
    }
}

#[cfg(unix)]
fn has_other_names(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(file).is_ok_and(|meta| meta.nlink() > 1)
}

#[cfg(not(unix))]
fn has_other_names(_: &Path) -> bool {
    false
}

/// The folder something is in, or the nearest above that exists.
fn nearest_folder(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_walked_and_what_is_missing_is_awaited() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for file in ["src/lib.rs", "src/deep/er/x.rs", "src/.x.swp", "src/target/y.rs", "other.rs"]
        {
            fs::create_dir_all(at(file).parent().unwrap()).unwrap();
            fs::write(at(file), "").unwrap();
        }
        let watched = Watched {
            files: [at("Cargo.toml"), at(".cargo/config.toml"), at("other.rs")].into(),
            trees: [at("src"), at("missing/src")].into(),
            without: [at("src/target")].into(),
        };
        let survey = Survey::of(&watched);
        assert_eq!(survey.files, [at("other.rs"), at("src/deep/er/x.rs"), at("src/lib.rs")].into());
        let folders = [root.path().into(), at("src"), at("src/deep"), at("src/deep/er")];
        assert_eq!(survey.folders, folders.into());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_two_names_is_watched_itself() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir(at("src")).unwrap();
        fs::write(at("elsewhere.rs"), "").unwrap();
        fs::write(at("src/b.rs"), "").unwrap();
        fs::hard_link(at("elsewhere.rs"), at("src/a.rs")).unwrap();
        let watched = Watched { trees: [at("src")].into(), ..Watched::default() };
        let folders = [root.path().into(), at("src"), at("src/a.rs")];
        assert_eq!(Survey::of(&watched).folders, folders.into());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_not_in_circles() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        let at = |path: &str| root.join(path);
        fs::create_dir_all(at("src")).unwrap();
        fs::create_dir_all(at("shared/deep")).unwrap();
        fs::write(at("shared/a.rs"), "").unwrap();
        fs::write(at("shared/deep/b.rs"), "").unwrap();
        std::os::unix::fs::symlink(at("shared/a.rs"), at("src/a.rs")).unwrap();
        std::os::unix::fs::symlink(at("shared/deep"), at("src/deep")).unwrap();
        std::os::unix::fs::symlink(at("src"), at("src/again")).unwrap();
        let watched = Watched { trees: [at("src")].into(), ..Watched::default() };
        let survey = Survey::of(&watched);
        assert_eq!(survey.files, [at("src/a.rs"), at("src/deep/b.rs")].into());
        assert!(survey.linked.contains(&at("shared")), "{survey:?}");
    }
}
