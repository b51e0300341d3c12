//! What a host would find: a file that nobody writes, as a whole.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::path::Path;

/// Why a file is not taken.
#[derive(Debug)]
pub(super) enum Incomplete {
    /// Somebody has it open for writing.
    BeingWritten,
    /// There is nothing in it.
    Empty,
    /// It cannot be read.
    Read(io::Error),
}

/// Reads a file under a lease, which the kernel gives only while nobody can write the file. No test
/// opens for writing what it reads at that moment, so no lease is broken.
pub(super) fn complete(path: &Path) -> Result<Vec<u8>, Incomplete> {
    let mut file = File::open(path).map_err(Incomplete::Read)?;
    match lease(&file, libc::F_RDLCK as i16) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            return Err(Incomplete::BeingWritten);
        }
        Err(error) => return Err(Incomplete::Read(error)),
    }
    let mut content = Vec::new();
    let read = file.read_to_end(&mut content);
    lease(&file, libc::F_UNLCK as i16).map_err(Incomplete::Read)?;
    match read.map_err(Incomplete::Read)? {
        0 => Err(Incomplete::Empty),
        _ => Ok(content),
    }
}

#[expect(unsafe_code, reason = "no safe wrapper has F_SETLEASE")]
fn lease(file: &File, kind: i16) -> io::Result<()> {
    // SAFETY: F_SETLEASE takes an int and touches no memory of ours; `file` keeps its descriptor
    // open.
    let result =
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::c_int::from(kind)) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
