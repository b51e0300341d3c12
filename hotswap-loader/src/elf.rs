//! What an ELF artifact is, judged from its bytes before `dlopen` sees it.
//!
//! `dlopen` trusts a library: one whose end is missing kills the process (SIGBUS), and so does a
//! preallocated file of which only a part was written. [`examine`] is pure and goes from the
//! outside in: magic and kind (`kind`), extents of segments and sections within the file
//! (`headers`), then the dynamic section (`dynamic`) and what it points to (`tables`), then the
//! contents that a linker never leaves zero (`zero_pages`). Each step relies on what the one before
//! has established.
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
mod facts;
mod headers;
mod kind;
mod raw;
mod search;
mod tables;
mod zero_pages;

pub use error::ElfError;
pub use facts::ElfFacts;
pub use search::{Astray, Expanded, expand};

/// Judges the bytes of an artifact; see the module's text for what is checked.
///
/// # Errors
/// With the first thing that is wrong, from the outside in.
pub fn examine(bytes: &[u8]) -> Result<ElfFacts, ElfError> {
    let headers = headers::read(bytes)?;
    let table = dynamic::read(&headers)?;
    if table.is_program {
        return Err(kind::program());
    }
    let content = zero_pages::check(&headers)?;
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
