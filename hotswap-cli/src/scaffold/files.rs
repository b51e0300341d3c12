//! Files that appear all at once, or not at all.
//!
//! New folders are written aside, below the folder they belong into, and renamed into place; a
//! file that exists is replaced by a rename, last. What fails on the way takes back what was done.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::{NamedTempFile, TempDir};

use crate::Error;

/// New folders with their files, written aside.
pub(crate) struct Draft {
    aside: TempDir,
    root: PathBuf,
    /// Below `root`, in the order in which they are put there.
    folders: Vec<PathBuf>,
}

/// Folders that are in place. Dropped without [`keep`](Self::keep), they are removed again.
pub(crate) struct Written {
    paths: Vec<PathBuf>,
    /// A file that was replaced, and what was in it.
    replaced: Option<(PathBuf, String)>,
    kept: bool,
}

fn failed(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let what = format!("cannot {what} {}", path.display());
    move |error| Error::Unable(format!("{what}: {error}; nothing was changed"))
}

impl Draft {
    /// A draft of folders below `root`, which exists.
    pub(crate) fn below(root: &Path) -> Result<Self, Error> {
        let aside = tempfile::Builder::new()
            .prefix(".hotswap-")
            .tempdir_in(root)
            .map_err(failed("write in", root))?;
        Ok(Self { aside, root: root.into(), folders: Vec::new() })
    }

    /// A new file: `folder/rest`, or one beside the folders.
    pub(crate) fn file(&mut self, path: impl AsRef<Path>, text: &str) -> Result<(), Error> {
        let path = path.as_ref();
        let to = self.aside.path().join(path);
        let folder = to.parent().unwrap_or(self.aside.path());
        fs::create_dir_all(folder).map_err(failed("make", folder))?;
        fs::write(&to, text).map_err(failed("write", &to))?;
        let first =
            path.components().next().map(|it| PathBuf::from(it.as_os_str())).unwrap_or_default();
        if !self.folders.contains(&first) {
            self.folders.push(first);
        }
        Ok(())
    }

    /// Puts everything in place.
    pub(crate) fn put(self) -> Result<Written, Error> {
        let mut written = Written { paths: Vec::new(), replaced: None, kept: false };
        for name in &self.folders {
            let to = self.root.join(name);
            // A rename onto an empty folder would succeed, and that one is somebody else's.
            if fs::symlink_metadata(&to).is_ok() {
                return Err(Error::Refused(format!("{} exists already", to.display())));
            }
            fs::rename(self.aside.path().join(name), &to).map_err(failed("make", &to))?;
            written.paths.push(to);
        }
        Ok(written)
    }
}

impl Written {
    /// Replaces a file that exists, in one step.
    pub(crate) fn replace(&mut self, path: &Path, text: &str) -> Result<(), Error> {
        let old = fs::read_to_string(path).map_err(failed("read", path))?;
        swap(path, text).map_err(failed("write", path))?;
        self.replaced = Some((path.into(), old));
        Ok(())
    }

    /// It is good as it is.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Some((path, old)) = &self.replaced {
            let _ = swap(path, old);
        }
        for path in &self.paths {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

fn swap(path: &Path, text: &str) -> io::Result<()> {
    // Of a link, what it leads to is replaced.
    let path = fs::canonicalize(path)?;
    let file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(file.path(), text)?;
    fs::set_permissions(file.path(), fs::metadata(&path)?.permissions())?;
    file.persist(&path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn all_or_nothing_is_written() {
        let root = tempfile::tempdir().unwrap();
        let manifest = root.path().join("Cargo.toml");
        fs::write(&manifest, "old").unwrap();
        let draft = || {
            let mut draft = Draft::below(root.path()).unwrap();
            draft.file("a/src/lib.rs", "a").unwrap();
            draft.file("b/Cargo.toml", "b").unwrap();
            draft
        };
        let mut written = draft().put().unwrap();
        written.replace(&manifest, "new").unwrap();
        assert_eq!(fs::read_to_string(&manifest).unwrap(), "new");
        drop(written);
        assert_eq!(fs::read_to_string(&manifest).unwrap(), "old");
        assert_eq!(names(root.path()), ["Cargo.toml"]);

        // The second one is in the way: the first one goes again.
        fs::create_dir(root.path().join("b")).unwrap();
        assert!(draft().put().is_err());
        assert_eq!(names(root.path()), ["Cargo.toml", "b"]);
        fs::remove_dir(root.path().join("b")).unwrap();

        draft().put().unwrap().keep();
        assert_eq!(names(root.path()), ["Cargo.toml", "a", "b"]);
    }
}
