//! Where nothing is unloaded: what a library leaves with the process is not accounted for, so every
//! library stays. Nothing of this was run.

use std::{convert::Infallible, fmt, mem::ManuallyDrop, path::Path, sync::Arc};

use hotswap_types::Holder;
#[cfg(unix)]
use libloading::os::unix::Library;
#[cfg(windows)]
use libloading::os::windows::Library;

use crate::{elf::ElfFacts, fs::PrivateFile, unload_event::UnloadCallback};

/// Nobody keeps count of them.
#[derive(Debug)]
pub struct LibraryPins(Infallible);

impl LibraryPins {
    /// Nothing is known of any.
    pub fn holders(&self) -> Vec<Holder> {
        match self.0 {}
    }

    /// There is no heap.
    pub fn shares_heap(&self, _: &Self) -> bool {
        match self.0 {}
    }

    /// There is none.
    pub fn has_heap(&self) -> bool {
        match self.0 {}
    }

    /// Nothing is unloaded.
    pub fn are_kin((_, one): (u64, &Arc<Self>), _: (u64, &Arc<Self>)) {
        match one.0 {}
    }

    /// Nothing is unloaded.
    pub fn allow_unaccounted(&self, _: &str) -> bool {
        match self.0 {}
    }
}

/// Nothing is unloaded.
pub(crate) const fn inside(pins: &Arc<LibraryPins>) -> Option<()> {
    match pins.0 {}
}

/// Nothing is to be destroyed.
pub const fn run_pending_dtors() {}

/// A library that is open.
pub(super) struct Opened {
    pub(super) library: Library,
    copy: PrivateFile,
}

impl Opened {
    /// # Safety
    /// None is needed here.
    pub(super) unsafe fn new(
        library: Library,
        copy: PrivateFile,
        _: &ElfFacts,
        _: bool,
        _: Option<&LibraryPins>,
    ) -> Self {
        Self { library, copy }
    }

    /// The file that it was opened from.
    pub(super) fn copy(&self) -> &Path {
        self.copy.path()
    }

    /// # Errors
    /// Always.
    #[expect(clippy::unused_self, reason = "the same on every system")]
    pub(super) const fn unloadable(&self) -> Result<(), &str> {
        Err("libraries are unloaded on Linux with glibc on x86-64 only")
    }

    #[expect(clippy::unused_self, reason = "the same on every system")]
    pub(super) const fn pins(&self) -> Option<&Arc<LibraryPins>> {
        None
    }

    /// Nothing stands in for a function of the C library.
    #[expect(clippy::unused_self, reason = "the same on every system")]
    pub(super) const fn behind(&self, _: &str, address: usize) -> usize {
        address
    }

    pub(super) fn close_later(self, _: UnloadCallback) {
        self.retain();
    }

    pub(super) fn retain(self) {
        let Self { library, copy } = self;
        let _kept = ManuallyDrop::new(library);
        drop(copy);
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("copy", &self.copy.path()).finish_non_exhaustive()
    }
}
