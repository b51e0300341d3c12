//! The operations that a durable file rests on, each in one place: a test can have any of them fail,
//! or be the last one before the power is cut (`faults`).

#[cfg(any(test, feature = "testing"))]
pub mod faults;

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use tempfile::NamedTempFile;

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op<'a> {
    Folder(&'a Path),
    Open(&'a Path),
    Aside(&'a Path),
    Write(usize),
    Sync,
    Cut,
    Rename(&'a Path, &'a Path),
    Link(&'a Path, &'a Path),
    Remove(&'a Path),
    SyncFolder(&'a Path),
}

#[cfg(not(any(test, feature = "testing")))]
fn does<T>(_: Op<'_>, _: Option<&File>, real: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    real()
}

#[cfg(any(test, feature = "testing"))]
use faults::does;

/// A file that is written to.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "made of a file, and nothing else")]
pub struct Out<'a>(pub &'a File);

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(any(test, feature = "testing"))]
        let bytes = &bytes[..faults::at_most(bytes.len())];
        does(Op::Write(bytes.len()), Some(self.0), || self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Makes a folder with these options.
pub fn folder(builder: &fs::DirBuilder, path: &Path) -> io::Result<()> {
    does(Op::Folder(path), None, || builder.create(path))
}

/// Opens a file with these options.
pub fn open(options: &fs::OpenOptions, path: &Path) -> io::Result<File> {
    does(Op::Open(path), None, || options.open(path))
}

/// Makes a file of mode 0600 beside others, which goes away when it is not kept.
pub fn aside(folder: &Path) -> io::Result<NamedTempFile> {
    does(Op::Aside(folder), None, || NamedTempFile::new_in(folder))
}

/// Comes back when a file's content and length will be there after the power was cut.
pub fn sync(file: &File) -> io::Result<()> {
    does(Op::Sync, Some(file), || file.sync_data())
}

/// Cuts a file to a length.
pub fn cut(file: &File, length: u64) -> io::Result<()> {
    does(Op::Cut, Some(file), || file.set_len(length))
}

/// Puts a file that lies aside in its place.
pub fn put(aside: NamedTempFile, path: &Path) -> io::Result<()> {
    let from = aside.path().to_owned();
    does(Op::Rename(&from, path), None, || {
        aside.persist(path).map(drop).map_err(|error| error.error)
    })
}

/// Gives a file another name, in the place of what has that.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    does(Op::Rename(from, to), None, || fs::rename(from, to))
}

/// Gives a file one more name.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    does(Op::Link(from, to), None, || fs::hard_link(from, to))
}

/// Removes a file.
pub fn remove(path: &Path) -> io::Result<()> {
    does(Op::Remove(path), None, || fs::remove_file(path))
}

/// What was made, renamed or removed in a folder is durable once that is.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    does(Op::SyncFolder(folder), None, || File::open(folder)?.sync_all())
}

/// Elsewhere a folder cannot be synced.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
