//! What an ELF artifact is, judged from its bytes before `dlopen` sees it.
//!
//! `dlopen` trusts a library: one whose end is missing kills the process (SIGBUS), and so does a
//! preallocated file of which only a part was written. [`examine`] is pure and goes from the
//! outside in: magic and kind (`kind`), extents of segments and sections within the file (`headers`),
//! then the dynamic section (`dynamic`) and what it points to (`tables`), then the contents that a linker never leaves zero
//! (`hollow`). Each step relies on what the one before has established.
//!
//! # What cannot be found here
//! Zeros in `.rodata` and `.data`, where they may be meant, and anything that is wrong without
//! being missing. That a file is complete is known from its writer ([`crate::fs::read_lease`]);
//! this is the second line.
//!
//! Hostile input costs time linear in its size: sections may not overlap, counts and names are
//! bounded. Nothing here panics, and nothing allocates more than a few names.

mod dynamic;
mod error;
mod headers;
mod hollow;
mod kind;
mod search;
mod tables;

use std::ops::Range;

pub(crate) use error::ElfError;
pub(crate) use search::{Astray, Expanded, expand};

/// The section a module describes itself in.
pub(crate) const MANIFEST_SECTION: &str = ".hotswap";

/// What [`examine`] found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) struct ElfFacts {
    /// Names of the libraries that are opened with it (`DT_NEEDED`, `DT_AUXILIARY`, `DT_FILTER`,
    /// and where a loader heeds them `DT_AUDIT`, `DT_DEPAUDIT`, `DT_CONFIG`).
    pub needed: Vec<String>,
    /// Its own name (`DT_SONAME`).
    pub soname: Option<String>,
    /// Where its libraries are searched (`DT_RUNPATH`, `DT_RPATH`): each a list of folders.
    pub run_paths: Vec<String>,
    /// Linked with `-z nodelete`: stays mapped after `dlclose`.
    pub no_delete: bool,
    /// How many symbols of binding `STB_GNU_UNIQUE` it defines; with one, it stays mapped after
    /// `dlclose`.
    pub unique_symbols: usize,
    /// Has relocations in its code, which some systems forbid.
    pub text_relocations: bool,
    /// How many bytes of static thread-local storage it takes, where its code relies on that
    /// (`DF_STATIC_TLS`): a running process has little of it.
    pub static_tls: Option<u64>,
    /// Where the bytes of the `.hotswap` section are, if there is one.
    pub manifest: Option<Range<usize>>,
}

impl ElfFacts {
    /// The shared standard library it is linked to (`libstd-….so`), if it is: such a module can
    /// be retained, but not unloaded.
    pub(crate) fn dynamic_std(&self) -> Option<&str> {
        let is_std = |name: &&String| name.starts_with("libstd-") && name.contains(".so");
        self.needed.iter().find(is_std).map(String::as_str)
    }

    /// Why the system's loader would keep it mapped after `dlclose`, if it would.
    pub(crate) fn pinned_by(&self) -> Option<String> {
        if self.no_delete {
            Some("it was linked with -z nodelete".to_owned())
        } else if self.unique_symbols > 0 {
            Some(format!("it has {} symbols of binding STB_GNU_UNIQUE", self.unique_symbols))
        } else {
            self.dynamic_std().map(|name| format!("it needs the shared standard library {name}"))
        }
    }
}

/// Judges the bytes of an artifact; see the module's text for what is checked.
///
/// # Errors
/// With the first thing that is wrong, from the outside in.
pub(crate) fn examine(bytes: &[u8]) -> Result<ElfFacts, ElfError> {
    let headers = headers::read(bytes)?;
    let table = dynamic::read(&headers)?;
    if table.is_program {
        return Err(kind::program());
    }
    let content = hollow::check(&headers)?;
    Ok(ElfFacts {
        needed: table.needed,
        soname: table.soname,
        run_paths: table.run_paths,
        no_delete: table.no_delete,
        unique_symbols: content.unique_symbols,
        text_relocations: table.text_relocations,
        static_tls: table.static_tls.then(|| headers.thread_locals()),
        manifest: content.manifest,
    })
}

#[cfg(test)]
mod tests;
