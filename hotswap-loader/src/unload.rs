//! Unloading: what a library leaves with the process is accounted for from the moment it is opened
//! ([`interpose`], [`pins`], [`thread_dtors`]), and when nothing of it is left it is closed and looked
//! for ([`reaper`]).
//!
//! # The way of a library
//! 1. It is opened, and its calls are answered by the host: [`Opened::new`].
//! 2. It is called, by owners of its `Code`. Its pins are open.
//! 3. The last owner goes ([`Opened::close_later`]). The pins are draining: each thread that has
//!    values of the library destroys them when it is idle ([`run_pending_dtors`]), or ends.
//! 4. No thread of it runs, and no thread has values of it. The pins are closed, then the library.
//! 5. It is looked for, and what it had allocated is freed ([`heap`]).
//!
//! # Why a library stays unless all of it is accounted for
//! Thread-locals with destructors, threads, and pointers into constants make unloading a matter of
//! proof. The proof is a list of everything that leads into the library, and its terms are narrow:
//! a library that does something which is not on the list of known things is retained. The price is
//! memory, and the host reports it.

mod heap;
mod interpose;
mod pins;
mod reaper;
mod tables;
mod thread_dtors;
mod wake;

pub use self::{pins::LibraryPins, thread_dtors::run_pending_dtors};

use std::{
    ffi::CString, fmt, mem::ManuallyDrop, os::unix::ffi::OsStrExt as _, path::Path, sync::Arc,
};

use libloading::os::unix::Library;

use self::{interpose::Interposed, reaper::Closing, thread_dtors::Running};
use crate::{elf::ElfFacts, fs::PrivateFile, unload_event::UnloadCallback};

/// The current thread is in a library that nobody need own, and counts as a thread of its until this
/// is dropped. `None` if the library goes.
pub(crate) fn inside(pins: &Arc<LibraryPins>) -> Option<impl Sized + use<>> {
    let running = Running::new(pins)?;
    running.is_here();
    Some(running)
}

/// A library that is open. It stays when this is dropped; [`close_later`](Self::close_later) has it
/// closed.
pub(super) struct Opened {
    pub(super) library: ManuallyDrop<Library>,
    copy: PrivateFile,
    /// Or why its calls are not answered.
    interposed: Result<Interposed, String>,
}

impl Opened {
    /// A library that the calling thread has just opened. One that is to be unloaded, if that can be
    /// done, has no backtraces. What it allocates may go over to `kin`, and that one's to it.
    ///
    /// # Safety
    /// Nothing of it may run meanwhile.
    pub(super) unsafe fn new(
        library: Library,
        copy: PrivateFile,
        facts: &ElfFacts,
        is_retained: bool,
        kin: Option<&LibraryPins>,
    ) -> Self {
        let handle = library.into_raw();
        let hidden = CString::new(copy.path().as_os_str().as_bytes()).ok();
        let hidden = hidden.filter(|_| !is_retained);
        // SAFETY: the handle is that of a library that was just opened, of which nothing runs.
        let interposed = unsafe { interpose::interpose(handle, facts, hidden, kin) };
        // SAFETY: the handle that it was.
        let library = ManuallyDrop::new(unsafe { Library::from_raw(handle) });
        Self { library, copy, interposed }
    }

    /// The file that it was opened from.
    pub(super) fn copy(&self) -> &Path {
        self.copy.path()
    }

    /// # Errors
    /// Why it can only be retained.
    pub(super) fn unloadable(&self) -> Result<(), &str> {
        let interposed = self.interposed.as_ref().map_err(String::as_str)?;
        interposed.retained.as_deref().map_or(Ok(()), Err)
    }

    /// What keeps it mapped, where that is known.
    pub(super) fn pins(&self) -> Option<&Arc<LibraryPins>> {
        self.interposed.as_ref().ok().map(|interposed| &interposed.pins)
    }

    /// The address of a function that the library finds at `address` under this name, in the C
    /// library.
    pub(super) fn behind(&self, name: &str, address: usize) -> usize {
        self.interposed.as_ref().map_or(address, |interposed| interposed.behind(name, address))
    }

    /// Has it closed as soon as nothing leads into it. Nobody owns its code any more.
    pub(super) fn close_later(self, on_unload: UnloadCallback) {
        let Self { library, copy, interposed } = self;
        if let Ok(interposed) = interposed {
            Closing::new(library, interposed, copy, on_unload).enqueue();
        }
    }

    /// Leaves it where it is, for ever. Its file goes: what is mapped stays.
    pub(super) fn retain(self) {
        drop(self);
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("copy", &self.copy.path())
            .field("interposed", &self.interposed)
            .finish_non_exhaustive()
    }
}
