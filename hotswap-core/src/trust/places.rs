//! Who can write a file, or lead its path elsewhere.
//!
//! As ssh does with its keys: each folder on the way from the root, through every link, belongs to
//! root, the process's user or one who was named, and nobody else may write to it. A folder above
//! may be sticky, like `/tmp`: there nobody can rename or remove what is another's.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::shown::shown;

/// A place that others can write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Writable {
    path: PathBuf,
    is_folder: bool,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// Its mode lets the group, or everybody.
    Mode(u32),
    /// It belongs to another user.
    Owner(u32),
    /// It is not there.
    Missing,
    /// It cannot be looked at.
    Unknown(String),
}

impl fmt::Display for Writable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_folder { "folder" } else { "file" };
        write!(f, "{kind} {} ", shown(&self.path))?;
        match &self.why {
            Why::Mode(mode) => {
                write!(f, "can be written by others than its owner (mode {mode:04o})")
            }
            Why::Owner(user) => {
                write!(f, "belongs to user {user}, who is neither root nor the host's user")
            }
            Why::Missing => f.write_str("is not there"),
            Why::Unknown(error) => write!(f, "cannot be looked at: {error}"),
        }
    }
}

impl Writable {
    /// What to do.
    pub(crate) fn advice(&self) -> String {
        let path = shown(&self.path);
        match &self.why {
            Why::Mode(_) => format!("chmod go-w {path}"),
            Why::Owner(_) => {
                format!("chown {path}, or allow that user with Minisign::with_owner")
            }
            Why::Missing | Why::Unknown(_) => "put it there".to_owned(),
        }
    }

    /// Whether nothing is there.
    pub(crate) fn is_missing(&self) -> bool {
        self.why == Why::Missing
    }
}

#[cfg(unix)]
mod sys {
    use std::{
        collections::BTreeSet,
        fs::{self, Metadata},
        os::unix::fs::MetadataExt as _,
    };

    use super::*;
    use crate::watch::trace;

    const OTHERS: u32 = 0o022;
    const STICKY: u32 = 0o1000;

    /// What is at the end of `path`, which is absolute, and all folders on the way. `sticky` says
    /// whether the last folder may be sticky, too.
    pub(in crate::trust) fn check(
        path: &Path,
        owners: &[u32],
        sticky: bool,
    ) -> Result<(), Writable> {
        let trace = trace(path);
        let Some((end, _)) = &trace.end else {
            let path = path.to_path_buf();
            return Err(Writable { path, is_folder: false, why: Why::Missing });
        };
        // Free of links, so that each one's parents are the folders that it is in.
        let named = trace.folders.iter().chain(&trace.ancestors);
        let folders: BTreeSet<&Path> = named.flat_map(|folder| folder.ancestors()).collect();
        for folder in folders {
            let may_be_sticky = sticky || Some(folder) != end.parent();
            judge(folder, owners, |meta| may_be_sticky && meta.mode() & STICKY != 0)?;
        }
        for name in &trace.names {
            // A link's own mode says nothing.
            judge(name, owners, Metadata::is_symlink)?;
        }
        Ok(())
    }

    fn judge(
        path: &Path,
        owners: &[u32],
        any_mode: impl FnOnce(&Metadata) -> bool,
    ) -> Result<(), Writable> {
        let of = |is_folder, why| Writable { path: path.to_path_buf(), is_folder, why };
        let meta = fs::symlink_metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => of(false, Why::Missing),
            _ => of(false, Why::Unknown(error.to_string())),
        })?;
        let user = meta.uid();
        if user != 0 && user != rustix::process::geteuid().as_raw() && !owners.contains(&user) {
            return Err(of(meta.is_dir(), Why::Owner(user)));
        }
        if meta.mode() & OTHERS != 0 && !any_mode(&meta) {
            return Err(of(meta.is_dir(), Why::Mode(meta.mode() & 0o7777)));
        }
        Ok(())
    }
}

#[cfg(not(unix))]
mod sys {
    use super::*;

    /// There are no owners and modes to go by.
    pub(in crate::trust) fn check(_: &Path, _: &[u32], _: bool) -> Result<(), Writable> {
        Ok(())
    }
}

pub(super) use sys::check;

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// `/tmp/<random>/srv/app/lib.so`, and `current` → `app` beside it.
    fn place() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let app = root.path().join("srv/app");
        fs::create_dir_all(&app).unwrap();
        mode(&root.path().join("srv"), 0o755);
        mode(&app, 0o755);
        fs::write(app.join("lib.so"), "x").unwrap();
        mode(&app.join("lib.so"), 0o644);
        symlink("app", root.path().join("srv/current")).unwrap();
        (root, app)
    }

    #[test]
    fn a_place_that_only_its_owner_writes_is_sound() {
        let (_root, app) = place();
        assert_eq!(check(&app.join("lib.so"), &[], false), Ok(()));
        assert_eq!(check(&app.with_file_name("current").join("lib.so"), &[], false), Ok(()));
    }

    #[test]
    fn whoever_else_can_write_is_named_with_what_to_do() {
        for bits in [0o020, 0o002, 0o022] {
            let (_root, app) = place();
            let (file, srv) = (app.join("lib.so"), app.parent().unwrap().to_path_buf());
            // Through the link as well.
            for path in [file.clone(), srv.join("current/lib.so")] {
                for (open, old, kind) in
                    [(&file, 0o644, "file"), (&app, 0o755, "folder"), (&srv, 0o755, "folder")]
                {
                    mode(open, old | bits);
                    let writable = check(&path, &[], false).unwrap_err();
                    let text = writable.to_string();
                    assert!(
                        text.starts_with(&format!("{kind} {} can be", open.display())),
                        "{text}"
                    );
                    assert!(text.contains(&format!("{:04o}", old | bits)), "{text}");
                    assert_eq!(writable.advice(), format!("chmod go-w {}", open.display()));
                    mode(open, old);
                }
            }
        }
    }

    /// Nobody can rename another's files there, but everybody can put some there.
    #[test]
    fn a_sticky_folder_may_be_above_and_not_the_last_one() {
        let (_root, app) = place();
        let (file, srv) = (app.join("lib.so"), app.parent().unwrap());
        mode(srv, 0o1777);
        assert_eq!(check(&file, &[], false), Ok(()));
        mode(&app, 0o1777);
        assert!(check(&file, &[], false).is_err());
        assert_eq!(check(&file, &[], true), Ok(()));
    }

    #[test]
    fn the_owner_is_root_the_host_or_one_who_was_named() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let (_root, app) = place();
        let file = app.join("lib.so");
        for foreign in [&file, &app] {
            std::os::unix::fs::chown(foreign, Some(4711), None).unwrap();
            let writable = check(&file, &[], false).unwrap_err();
            assert!(writable.to_string().contains("belongs to user 4711"), "{writable}");
            assert!(writable.advice().contains("with_owner"));
            assert_eq!(check(&file, &[4711], false), Ok(()));
            std::os::unix::fs::chown(foreign, Some(0), None).unwrap();
        }
    }

    #[test]
    fn what_is_missing_is_not_sound() {
        let (_root, app) = place();
        let text = check(&app.join("no.so"), &[], false).unwrap_err().to_string();
        assert!(text.ends_with("no.so is not there"), "{text}");
    }
}
