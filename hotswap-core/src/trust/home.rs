//! Where a host keeps its private copies: below a folder that only its user can write.
//!
//! What is shared, as `/tmp` is, gets a folder `hotswap-<user>` of mode 0700 first. It is made, or
//! found, and judged by a descriptor: whoever has put something else there is named, and nothing of
//! it is used.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use hotswap_abi::__private::text::in_full;
use hotswap_loader::fs::{FolderError, PrivateFolder, is_private_folder, make_private};
use hotswap_types::escape;

use super::Trust;
use crate::machine::free;

/// A runtime folder, or one for a host's data, with less room is left to those who cannot do without it.
const LEAST: u64 = 256 << 20;

impl Trust {
    /// Makes a private folder: below the one that was named, else below the first of these that
    /// does: `XDG_RUNTIME_DIR`, the folder for the host's data, the system's temporary folder.
    pub(crate) fn private_folder(
        &self,
        named: Option<&Path>,
        data: Option<&Path>,
    ) -> Result<PrivateFolder, FolderError> {
        if let Some(named) = named {
            return self.below(named).map_err(|error| match error {
                FolderError::Make { .. } => FolderError::Nowhere { tried: vec![in_full(&error)] },
                error => error,
            });
        }
        let mut tried = Vec::new();
        for place in [runtime_folder(), data.map(data_folder)] {
            let folder = match place {
                None => continue,
                Some(Ok(place)) => self.below(&place).map_err(|error| in_full(&error)),
                Some(Err(why)) => Err(why),
            };
            match folder {
                Ok(folder) => return Ok(folder),
                Err(why) => tried.push(why),
            }
        }
        self.in_temporary(env::var_os("TMPDIR"), tried)
    }

    /// The last resort: below the system's temporary folder. That is not made where it is missing: a
    /// `TMPDIR` that is mistyped would be left behind.
    fn in_temporary(
        &self,
        named: Option<OsString>,
        mut tried: Vec<String>,
    ) -> Result<PrivateFolder, FolderError> {
        let is_named = named.as_ref().is_some_and(|it| !it.is_empty());
        let base = temporary(named);
        let there = match fs::metadata(&base) {
            Ok(meta) if !meta.is_dir() => Err(io::ErrorKind::NotADirectory.into()),
            found => found.map(drop),
        };
        let made = there
            .map_err(|source| FolderError::Make { base: base.clone(), source })
            .and_then(|()| self.below(&base));
        made.map_err(|last| match last {
            last if tried.is_empty() && !matches!(last, FolderError::Make { .. }) => last,
            last => {
                let name = if is_named { "TMPDIR: " } else { "" };
                tried.push(format!("{name}{}", in_full(&last)));
                FolderError::Nowhere { tried }
            }
        })
    }

    fn below(&self, base: &Path) -> Result<PrivateFolder, FolderError> {
        let make = |source| FolderError::Make { base: base.to_owned(), source };
        let base = std::path::absolute(base).map_err(make)?;
        if !base.exists() {
            make_private(&base).map_err(make)?;
        }
        let base = own(&base)?;
        self.check_own_folder(&base).map_err(|writable| FolderError::Writable {
            found: writable.to_string(),
            advice: writable.advice(),
        })?;
        PrivateFolder::new(&base)
    }
}

/// The system's temporary folder. A variable without a value is as good as none.
fn temporary(named: Option<OsString>) -> PathBuf {
    match named.filter(|_| cfg!(unix)) {
        Some(named) if !named.is_empty() => PathBuf::from(named),
        Some(_) => PathBuf::from("/tmp"),
        None => env::temp_dir(),
    }
}

/// The user's own runtime folder, if it is one.
fn runtime_folder() -> Option<Result<PathBuf, String>> {
    let folder = PathBuf::from(env::var_os("XDG_RUNTIME_DIR").filter(|it| !it.is_empty())?);
    let is_own = folder.is_absolute()
        && fs::symlink_metadata(&folder).is_ok_and(|it| is_private_folder(&it));
    let name = escape::path(&folder);
    Some(match free::on_disk(&folder) {
        _ if !is_own => Err(format!("XDG_RUNTIME_DIR {name} is not this user's alone")),
        Some(room) if room < LEAST => Err(format!("XDG_RUNTIME_DIR {name} has little room")),
        _ => Ok(folder),
    })
}

/// Below the folder for the host's data, unless the data will need the room that is left there. It is
/// not made here: whoever has removed it has removed the data as well, and should know.
fn data_folder(data: &Path) -> Result<PathBuf, String> {
    match free::on_disk(data) {
        _ if !data.is_dir() => Err(format!("the data folder {} is not there", escape::path(data))),
        Some(room) if room < LEAST => {
            Err(format!("the data folder {} has little room", escape::path(data)))
        }
        _ => Ok(data.join("private")),
    }
}

/// The folder itself where only this user can write it, else one below it.
#[cfg(unix)]
fn own(base: &Path) -> Result<PathBuf, FolderError> {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{Mode, OFlags};

    let user = rustix::process::geteuid().as_raw();
    let make = |folder: &Path, source| FolderError::Make { base: folder.to_owned(), source };
    let meta = fs::metadata(base).map_err(|source| make(base, source))?;
    if meta.is_dir() && meta.uid() == user && meta.mode() & 0o022 == 0 {
        return Ok(base.to_owned());
    }
    let folder = base.join(format!("hotswap-{user}"));
    match make_private(&folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made.map_err(|source| make(&folder, source))?,
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(&folder, flags, Mode::empty());
    let meta = opened.map_err(io::Error::from).and_then(|opened| fs::File::from(opened).metadata());
    match meta {
        Ok(meta) if is_private_folder(&meta) => Ok(folder),
        Ok(meta) => Err(FolderError::Taken {
            folder,
            found: format!("a folder of user {}, mode {:04o}", meta.uid(), meta.mode() & 0o7777),
        }),
        Err(error) => Err(FolderError::Taken { folder, found: error.to_string() }),
    }
}

#[cfg(not(unix))]
fn own(base: &Path) -> Result<PathBuf, FolderError> {
    Ok(base.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn an_empty_variable_names_no_folder() {
        assert_eq!(temporary(Some(OsString::from("/elsewhere"))), Path::new("/elsewhere"));
        assert_eq!(temporary(Some(OsString::new())), Path::new("/tmp"));
        assert_eq!(temporary(None), env::temp_dir());
    }

    #[test]
    fn a_temporary_folder_that_cannot_be_used_is_named_with_a_remedy_and_not_made() {
        let place = tempfile::tempdir().unwrap();
        let (missing, file) = (place.path().join("not/there"), place.path().join("file"));
        fs::write(&file, "").unwrap();
        for (named, cause) in [(&missing, "No such file"), (&file, "not a directory")] {
            let named_so = Some(named.clone().into_os_string());
            let error = Trust::Any.in_temporary(named_so, Vec::new()).unwrap_err();
            let error = in_full(&error);
            for part in ["TMPDIR", &*named.to_string_lossy(), cause, "Config::with_private_folder"]
            {
                assert!(error.contains(part), "{part}: {error}");
            }
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        // So is one that was named, and is made where it can be.
        let below_file = file.join("below");
        let error = Trust::Any.private_folder(Some(&below_file), None).unwrap_err();
        let error = in_full(&error);
        assert!(error.contains("Config::with_private_folder"), "{error}");
        assert!(Trust::Any.private_folder(Some(&missing), None).is_ok());
    }

    fn with_mode(folder: &Path, mode: u32) {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode_of(folder: &Path) -> u32 {
        fs::symlink_metadata(folder).unwrap().permissions().mode() & 0o7777
    }

    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    #[test]
    fn a_shared_folder_gets_one_of_the_users_own_first() {
        let shared = tempfile::tempdir().unwrap();
        with_mode(shared.path(), 0o1777);
        let folder = Trust::Any.private_folder(Some(shared.path()), None).unwrap();
        let own = shared.path().join(format!("hotswap-{}", user()));
        assert_eq!(folder.path().parent(), Some(&*own));
        assert_eq!((mode_of(&own), mode_of(folder.path())), (0o700, 0o700));
        // It is found again, and what is the user's alone is used as it is.
        let again = Trust::Any.private_folder(Some(shared.path()), None).unwrap();
        assert_eq!(again.path().parent(), Some(&*own));
        let below = Trust::Any.private_folder(Some(&own), None).unwrap();
        assert_eq!(below.path().parent(), Some(&*own));
    }

    #[test]
    fn what_others_have_put_there_is_not_used() {
        let shared = tempfile::tempdir().unwrap();
        with_mode(shared.path(), 0o1777);
        let own = shared.path().join(format!("hotswap-{}", user()));
        let refused = || Trust::Any.private_folder(Some(shared.path()), None).unwrap_err();
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), &own).unwrap();
        let error = refused().to_string();
        assert!(error.contains(&*own.to_string_lossy()), "{error}");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        fs::remove_file(&own).unwrap();
        fs::create_dir(&own).unwrap();
        for mode in [0o777, 0o750, 0o1777] {
            with_mode(&own, mode);
            let error = refused().to_string();
            assert!(error.contains(&format!("mode {mode:04o}")), "{error}");
        }
        with_mode(&own, 0o700);
        if user() == 0 {
            std::os::unix::fs::chown(&own, Some(4711), None).unwrap();
            let error = refused().to_string();
            assert!(error.contains("of user 4711, mode 0700"), "{error}");
        }
        // Others can rename whatever is in it.
        with_mode(shared.path(), 0o777);
        fs::remove_dir(&own).unwrap();
        let error = refused().to_string();
        assert!(error.contains("(mode 0777); chmod go-w "), "{error}");
    }
}
