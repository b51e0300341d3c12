//! Regular files that others may have put there: opened so that nothing else can hang or be
//! disturbed, and read within a bound.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::Path,
};

/// Why a file was not opened.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "hotswap-core answers each of them")]
pub enum Unopened {
    /// It is something else.
    Irregular(&'static str),
    /// What the system said.
    Io(io::Error),
}

/// Opens a regular file. What it is, is looked at before it is opened (opening a FIFO waits,
/// opening a device may do something) and after (it may have been replaced).
pub fn open_regular(path: &Path) -> Result<File, Unopened> {
    let regular = |meta: &Metadata| kind(meta).map_or(Ok(()), |it| Err(Unopened::Irregular(it)));
    regular(&fs::metadata(path).map_err(Unopened::Io)?)?;
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        // std adds O_CLOEXEC itself.
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits().cast_signed(),
    );
    let file = options.open(path).map_err(Unopened::Io)?;
    regular(&file.metadata().map_err(Unopened::Io)?)?;
    Ok(file)
}

/// Reads a regular file of at most `limit` bytes.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path).map_err(|unopened| match unopened {
        Unopened::Irregular(found) => {
            let text = format!("expected a regular file, found {found}");
            io::Error::new(io::ErrorKind::InvalidInput, text)
        }
        Unopened::Io(error) => error,
    })?;
    let too_large = |size| {
        let text = format!("it has {size} bytes, the limit is {limit}");
        io::Error::new(io::ErrorKind::FileTooLarge, text)
    };
    let size = file.metadata()?.len();
    if size > limit {
        return Err(too_large(size.to_string()));
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(format!("more than {limit}")));
    }
    Ok(bytes)
}

fn kind(meta: &Metadata) -> Option<&'static str> {
    if meta.is_file() {
        return None;
    }
    if meta.is_dir() {
        return Some("a folder");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = meta.file_type();
        if kind.is_fifo() {
            return Some("a fifo");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
    }
    Some("a device")
}

#[cfg(all(test, unix))]
mod tests {
    use std::{os::unix::net::UnixListener, process::Command};

    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "four").unwrap();
        assert_eq!(read_regular(&path, 4).unwrap(), b"four");
        let error = read_regular(&path, 3).unwrap_err();
        assert_eq!(error.to_string(), "it has 4 bytes, the limit is 3");
        let error = read_regular(&folder.path().join("none"), 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        // Says that it has no bytes, and has some.
        if let Err(error) = read_regular(Path::new("/proc/self/maps"), 10) {
            assert!(error.to_string().ends_with("the limit is 10"), "{error}");
        }
    }

    /// Opening it would wait for somebody who writes.
    #[test]
    fn what_is_no_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (fifo, socket) = (folder.path().join("fifo"), folder.path().join("socket"));
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let _listener = UnixListener::bind(&socket).unwrap();
        let cases = [
            (&*fifo, "a fifo"),
            (&*socket, "a socket"),
            (folder.path(), "a folder"),
            (Path::new("/dev/zero"), "a device"),
        ];
        for (path, found) in cases {
            let text = read_regular(path, 4).unwrap_err().to_string();
            assert_eq!(text, format!("expected a regular file, found {found}"));
        }
    }
}
