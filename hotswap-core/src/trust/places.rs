//! Who can write a file, or lead its path elsewhere.
//!
//! As ssh does with its keys: each folder on the way from the root, through every link, belongs to
//! root, the process's user or one who was named, and nobody else may write to it. A folder above
//! may be sticky, like `/tmp`: there nobody can rename or remove what is another's.

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub(super) use self::unix::check as check_for;

use std::{fmt, path::PathBuf};

use hotswap_types::escape;

/// What a path should lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A file. Its folder is not shared.
    File,
    /// A folder. The one that it is in may be sticky.
    Folder,
    /// As a folder; or nothing, where nobody else can put something there.
    FolderOrNothing,
}

/// Who may write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writers<'a> {
    /// Users beside root and the process's.
    pub(super) owners: &'a [u32],
    /// Whether the caller can name more of them.
    pub(super) can_be_named: bool,
    /// Whether the groups that users have for themselves may write the folders above: with a umask
    /// of 002 they can.
    pub(super) groups_of_one: bool,
}

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
    /// Everybody puts files there.
    Shared(u32),
    /// It belongs to another user; whether that user can be named.
    Owner { user: u32, can_be_named: bool },
    /// It is not there.
    Missing,
    /// It cannot be looked at.
    Unknown(String),
}

impl fmt::Display for Writable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_folder { "folder" } else { "file" };
        write!(f, "{kind} {} ", escape::path(&self.path))?;
        match &self.why {
            Why::Mode(mode) | Why::Shared(mode) => {
                write!(f, "can be written by others than its owner (mode {mode:04o})")
            }
            Why::Owner { user, .. } => {
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
        let path = escape::path(&self.path);
        match &self.why {
            Why::Mode(_) => format!("chmod go-w {path}"),
            Why::Shared(_) => format!("use a folder of its own instead: mkdir -m 0700 {path}/NAME"),
            Why::Owner { can_be_named: true, .. } => {
                format!("chown {path}, or allow that user with Minisign::with_owner")
            }
            Why::Owner { .. } => format!("chown {path} to the host's user, or use another folder"),
            Why::Missing | Why::Unknown(_) => "put it there".to_owned(),
        }
    }

    /// Whether nothing is there.
    pub(crate) fn is_missing(&self) -> bool {
        self.why == Why::Missing
    }
}

/// There are no owners and modes to go by.
#[cfg(not(unix))]
pub(super) fn check_for(_: &std::path::Path, _: Writers<'_>, _: End) -> Result<(), Writable> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
        path::Path,
    };

    use super::*;

    fn check(path: &Path, owners: &[u32], sticky: bool) -> Result<(), Writable> {
        let writers = Writers { owners, can_be_named: true, groups_of_one: false };
        check_for(path, writers, if sticky { End::Folder } else { End::File })
    }

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

    #[test]
    fn what_is_missing_is_sound_where_nobody_else_can_put_it() {
        let (_root, app) = place();
        let writers = Writers { owners: &[], can_be_named: false, groups_of_one: false };
        let check = |path: &Path| check_for(path, writers, End::FolderOrNothing);
        assert_eq!(check(&app), Ok(()));
        assert_eq!(check(&app.join("no/such/folder")), Ok(()));
        mode(&app, 0o1777);
        for path in [app.clone(), app.join("no/such/folder")] {
            let writable = check(&path).unwrap_err();
            assert!(writable.to_string().ends_with("(mode 1777)"), "{writable}");
            let wanted = format!("mkdir -m 0700 {}/NAME", app.display());
            assert!(writable.advice().ends_with(&wanted), "{}", writable.advice());
        }
        mode(&app, 0o777);
        assert!(check(&app).unwrap_err().advice().starts_with("chmod go-w "));
    }
}
