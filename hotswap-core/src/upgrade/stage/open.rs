//! Opening an artifact without being caught by what is not one.

use std::fs::File;
use std::path::Path;

use hotswap_loader::fs::{Unopened, open_regular};

use super::StageError;

/// Opens an artifact, which must be a regular file.
pub(super) fn open(origin: &Path) -> Result<File, StageError> {
    open_regular(origin).map_err(|unopened| match unopened {
        Unopened::Irregular(found) => StageError::NotARegularFile { origin: origin.into(), found },
        Unopened::Io(error) => StageError::read(origin, error),
    })
}
