//! Libraries: judged from bytes before they are opened, and the only place that opens them. The
//! reaper closes them (`unload/reaper.rs`).
//!
//! # Safety
//! Opening a library runs its constructors. It is done on a private copy that nobody else can
//! write to, whose structure was examined and whose manifest fits: what remains is trust in the
//! code itself, which is the user's (a module is native code with the host's rights).
//!
//! An [`Image`] that is dropped stays mapped, unless it is to be unloaded and all that it can leave
//! behind is accounted for: then the reaper has it, and closes it when nothing is left.
//!
//! # Where this works
//! Libraries are unloaded on Linux with glibc on x86-64. Elsewhere they are retained.

use std::{fmt, io, path::Path, sync::Arc};

use hotswap_abi::__private::{
    allocator::{Allocator, NotShared},
    module::{Export, RootRef},
    text::{in_full, lined},
};
use hotswap_types::{Holder, escape};
#[cfg(unix)]
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
#[cfg(windows)]
use libloading::os::windows::Library;

use crate::{
    elf::{ElfFacts, examine},
    fs::PrivateFile,
    needed::{self, Outdated, outdated},
    static_tls::{self, StaticTls},
    unload::{LibraryPins, Opened},
    unload_event::{UnloadCallback, UnloadEvent},
};

/// A library that is mapped into the process.
pub struct Image {
    /// `None` while it is dropped.
    opened: Option<Opened>,
    /// Why it is not to be unloaded, if so.
    keep: Option<Holder>,
    /// Called with what becomes of it.
    on_unload: Option<UnloadCallback>,
}

/// Why a library cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The system's loader does not open it.
    #[error("the system's loader refuses it: {}", escape::text(&in_full(.0)))]
    Open(libloading::Error),
    /// Not the library is to blame: nothing in that folder can be mapped.
    #[error("nothing can be loaded from the private folder: {0}")]
    System(io::Error),
    /// The process has run out of what each thread begins with.
    #[error("the process has no static thread-local storage left for it: {0}")]
    StaticTls(StaticTls),
    /// Its root is missing.
    #[error("it does not export {symbol}, which its manifest names")]
    Symbol {
        /// The name.
        symbol: String,
    },
    /// One of its methods is missing.
    #[error("it has no entry for {method}, which its manifest names")]
    Entry {
        /// The name.
        method: String,
    },
    /// Values that are lent would be freed by another allocator than their own.
    #[error(
        "the artifact does not share the host's, and the interface has #[same_build] arguments: {0}"
    )]
    Allocator(NotShared),
    /// Its root is another version's.
    #[error("its exported root is not laid out as this host expects: {0}")]
    Layout(String),
}

/// [`outdated`] for the bytes of an artifact that was judged before.
pub fn outdated_of(artifact: &[u8]) -> Option<Outdated> {
    outdated(&examine(artifact).ok()?)
}

impl Image {
    /// Opens a private copy, of which `facts` is known. `keep` is why it is to be retained, whatever
    /// it is; `on_unload` is called with what becomes of it when nobody owns it any more. With `kin`,
    /// which is in use, a state may go over as memory.
    pub fn open(
        copy: PrivateFile,
        facts: &ElfFacts,
        keep: Option<Holder>,
        on_unload: UnloadCallback,
        kin: Option<&Self>,
    ) -> Result<Self, LoadError> {
        // SAFETY: the copy was examined and its manifest was read; see the module's text.
        let library = unsafe { open(copy.path()) };
        let library = library.map_err(|error| match (copy.can_be_mapped(), facts.static_tls) {
            (Err(why), _) => LoadError::System(why),
            (Ok(()), Some(bytes)) if static_tls::is_exhausted(&in_full(&error)) => {
                LoadError::StaticTls(StaticTls::of(bytes))
            }
            (Ok(()), _) => LoadError::Open(error),
        })?;
        facts.static_tls.into_iter().for_each(StaticTls::is_taken);
        needed::note(facts);
        let kin = kin.and_then(Self::pins).map(|pins| &**pins);
        // SAFETY: it was just opened, and nobody knows a function of it yet.
        let opened = unsafe { Opened::new(library, copy, facts, keep.is_some(), kin) };
        Ok(Self { opened: Some(opened), keep, on_unload: Some(on_unload) })
    }

    /// Finds the root under the name that the manifest gives, and checks its layout.
    pub fn root(&self, symbol: &str) -> Result<RootRef, LoadError> {
        let missing = || LoadError::Symbol { symbol: symbol.to_owned() };
        // SAFETY: only the address is taken; what it points to is checked below.
        let found = unsafe { self.opened().library.get::<*const Export>(symbol) };
        let export: *const Export = *found.map_err(|_| missing())?;
        if export.is_null() {
            return Err(missing());
        }
        // SAFETY: the symbol that the manifest names, of a library that stays mapped as long as this
        // image, built with the version of abi_stable that `Assessed` has compared.
        let checked = unsafe { Export::check(export) };
        checked.map_err(|found| LoadError::Layout(lined(&found).into_owned()))
    }

    /// What will hold it when nobody owns it any more; `None` if it is unloaded then.
    pub fn retained(&self) -> Option<Holder> {
        let reason = || self.opened().unloadable().err();
        let reason = || reason().map(|why| Holder::Image { why: why.to_owned() });
        self.keep.clone().or_else(reason)
    }

    /// The private copy that it was opened from.
    pub fn copy(&self) -> &Path {
        self.opened().copy()
    }

    /// What keeps it mapped, where that is known.
    pub fn pins(&self) -> Option<&Arc<LibraryPins>> {
        self.opened().pins()
    }

    /// Whether what one of the two allocates may be freed by the other.
    pub fn shares_heap(&self, other: &Self) -> bool {
        match (self.pins(), other.pins()) {
            (Some(ours), Some(theirs)) => ours.shares_heap(theirs),
            (None, None) => true,
            (Some(one), None) | (None, Some(one)) => !one.has_heap(),
        }
    }

    /// Where its allocations go, behind what the host answers.
    pub fn allocator(&self, root: RootRef) -> Allocator {
        root.allocator()().map(|name, address| self.opened().behind(name, address))
    }

    /// Whether what it has allocated is noted, and freed with it.
    pub fn has_heap(&self) -> bool {
        self.pins().is_some_and(|pins| pins.has_heap())
    }

    fn opened(&self) -> &Opened {
        self.opened.as_ref().expect("it is taken out when it is dropped")
    }
}

impl Drop for Image {
    /// Nothing is closed here: this may be a caller's thread.
    fn drop(&mut self) {
        let retained = self.retained();
        let (Some(opened), Some(on_unload)) = (self.opened.take(), self.on_unload.take()) else {
            return;
        };
        match retained {
            None => opened.close_later(on_unload),
            Some(holder) => {
                opened.retain();
                on_unload(UnloadEvent::Retained(holder));
            }
        }
    }
}

/// Binds all symbols now, so that a missing one is an error here and not the end of the process in
/// some later call.
///
/// # Safety
/// Runs the library's constructors.
#[cfg(unix)]
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
        f.debug_struct("Image").field("opened", &self.opened).finish_non_exhaustive()
    }
}
