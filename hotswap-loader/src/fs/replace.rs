//! A file that is replaced as a whole: at its path there is the old one or the new one, also after
//! the power was cut.

use std::{fs, io, io::Write, path::Path};

use super::disk;
use super::file_size::Spared;

/// Writes a file of mode 0600 aside, syncs it, and renames it. The folder is made where it is
/// missing. On an error the old one may have been replaced, and may come back.
pub fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let _spared = Spared::begin();
    let aside = disk::aside(folder)?;
    write(&mut disk::Out(aside.as_file()))?;
    disk::sync(aside.as_file())?;
    disk::put(aside, path)?;
    disk::sync_folder(folder)
}

/// Removes what a process has left aside that was ended while it replaced a file. Nobody else may
/// be at it.
pub fn remove_left_aside(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(".tmp")) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
