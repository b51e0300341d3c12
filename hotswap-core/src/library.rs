//! Libraries: judged from bytes before they are opened, and the only place that opens them.
//!
//! # Safety
//! Opening a library runs its constructors. It is done on a private copy that nobody else can
//! write to, whose structure was examined and whose manifest fits: what remains is trust in the
//! code itself, which is the user's (a module is native code with the host's rights).
//!
//! An [`Image`] is never closed: its generation may have left pointers behind that only a verified
//! unload could account for.

mod elf;
pub(crate) mod image;

use std::{fmt, io, mem::ManuallyDrop, path::Path};

use hotswap_abi::module::{Export, RootRef};
#[cfg(unix)]
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
#[cfg(windows)]
use libloading::os::windows::Library;

use crate::{error::in_full, fs::PrivateFile};

/// A library that is mapped into the process, for as long as the process lives.
pub(crate) struct Image {
    library: ManuallyDrop<Library>,
    copy: PrivateFile,
}

/// Why a library cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("the system's loader refuses it: {}", in_full(.0))]
    Open(libloading::Error),
    #[error("nothing can be loaded from the private folder: {0}")]
    System(io::Error),
    #[error("it does not export {symbol}, which its manifest names")]
    Symbol { symbol: String },
    #[error(
        "the artifact does not share the host's, and the interface has #[same_build] arguments"
    )]
    Allocator,
    #[error("its exported root is not laid out as this host expects: {0}")]
    Layout(String),
}

impl Image {
    /// Opens a private copy.
    pub(crate) fn open(copy: PrivateFile) -> Result<Self, LoadError> {
        // SAFETY: the copy was examined and its manifest was read; see the module's text.
        let library = unsafe { open(copy.path()) };
        let library = library.map_err(|error| match copy.can_be_mapped() {
            Ok(()) => LoadError::Open(error),
            Err(why) => LoadError::System(why),
        })?;
        let library = ManuallyDrop::new(library);
        Ok(Self { library, copy })
    }

    /// Finds the root under the name that the manifest gives, and checks its layout.
    pub(crate) fn root(&self, symbol: &str) -> Result<RootRef, LoadError> {
        let missing = || LoadError::Symbol { symbol: symbol.to_owned() };
        // SAFETY: only the address is taken; what it points to is checked below.
        let found = unsafe { self.library.get::<*const Export>(symbol) };
        let export: *const Export = *found.map_err(|_| missing())?;
        if export.is_null() {
            return Err(missing());
        }
        // SAFETY: the symbol that the manifest names, of a library that stays mapped, built with
        // the version of abi_stable that `Assessed` has compared.
        unsafe { Export::check(export) }.map_err(LoadError::Layout)
    }
}

/// Binds all symbols now, so that a missing one is an error here and not the end of the process in
/// some later call.
///
/// # Safety
/// Runs the library's constructors.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the one place that opens libraries")]
unsafe fn open(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: the caller's.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }
}

/// Windows always binds all symbols.
///
/// # Safety
/// Runs the library's entry point.
#[cfg(windows)]
unsafe fn open(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: the caller's.
    unsafe { Library::new(path) }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image").field("copy", &self.copy.path()).finish_non_exhaustive()
    }
}
