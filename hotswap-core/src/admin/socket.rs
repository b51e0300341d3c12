//! The socket's place: taken without a moment in which others could use it, and never from anybody
//! who answers there.

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use hotswap_types::escape;

/// A socket that listens at a path.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// The device and the number of the file that is ours.
    file: (u64, u64),
}

/// Why a host cannot answer at a path.
#[derive(thiserror::Error)]
pub(crate) enum SocketError {
    #[error("a socket at {} takes a name of {length} bytes, and it can have {most}; give the host a shorter path", escape::path(.path))]
    TooLong { path: PathBuf, length: usize, most: usize },
    #[error("another process answers at {}; give this host another path, or end that one", escape::path(.path))]
    Taken { path: PathBuf },
    #[error("{} is no socket, and was left as it is; give the host another path", escape::path(.path))]
    NotASocket { path: PathBuf },
    #[error("the socket {} cannot be made", escape::path(.path))]
    Io { path: PathBuf, source: io::Error },
}

hotswap_abi::debug_in_full!(SocketError);

/// What fits into an address, with the zero at its end.
const MOST: usize = 107;
/// What the folder adds to a path in which the socket is made.
const MADE_IN: usize = "/.hs12345/s".len();

impl Place {
    /// Listens at a path: a file of mode 0600. What a process has left there that has ended is
    /// replaced.
    pub(super) fn take(path: &Path) -> Result<(Self, UnixListener), SocketError> {
        let failed = |source| SocketError::Io { path: path.to_owned(), source };
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let length = path.as_os_str().len().max(folder.as_os_str().len() + MADE_IN);
        if length > MOST {
            return Err(SocketError::TooLong { path: path.to_owned(), length, most: MOST });
        }
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
            Ok(found) if !found.file_type().is_socket() => {
                return Err(SocketError::NotASocket { path: path.to_owned() });
            }
            Ok(_) => match UnixStream::connect(path) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                _ => return Err(SocketError::Taken { path: path.to_owned() }),
            },
        }
        // Of mode 0700: nobody else can come to it before it has its own.
        let made = tempfile::Builder::new().prefix(".hs").rand_bytes(5).tempdir_in(folder);
        let within = made.map_err(failed)?;
        Self::listen(&within.path().join("s"), path).map_err(failed)
    }

    fn listen(within: &Path, path: &Path) -> io::Result<(Self, UnixListener)> {
        let listener = UnixListener::bind(within)?;
        fs::set_permissions(within, fs::Permissions::from_mode(0o600))?;
        let made = fs::symlink_metadata(within)?;
        fs::rename(within, path)?;
        Ok((Self { path: path.to_owned(), file: (made.dev(), made.ino()) }, listener))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == self.file) {
            // It answers nobody any more, and whoever comes next replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_owners_alone_and_goes_with_its_host() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let (place, listener) = Place::take(&path).unwrap();
        assert_eq!(fs::symlink_metadata(&path).unwrap().mode() & 0o777, 0o600);
        UnixStream::connect(&path).unwrap();
        assert!(matches!(Place::take(&path), Err(SocketError::Taken { .. })));
        drop((place, listener));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_dead_host_has_left_is_replaced_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        drop(UnixListener::bind(&path).unwrap());
        let (first, _listener) = Place::take(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let (_second, _other) = Place::take(&path).unwrap();
        drop(first);
        UnixStream::connect(&path).expect("the other one's is not removed");

        let file = folder.path().join("file");
        fs::write(&file, "mine").unwrap();
        assert!(matches!(Place::take(&file), Err(SocketError::NotASocket { .. })));
        assert_eq!(fs::read(&file).unwrap(), b"mine");
        let long = folder.path().join("x".repeat(100));
        assert!(matches!(Place::take(&long), Err(SocketError::TooLong { .. })));
    }
}
