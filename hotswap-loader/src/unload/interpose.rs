//! The calls of a loaded library that could leave something behind are answered by the host.
//!
//! Right after `dlopen` the host looks at the library's relocations, as the system's loader has
//! carried them out ([`object`]), and decides whether all that the library can leave with the
//! process can be accounted for ([`policy`], pure). Then each place in it that holds the address of
//! one of [`NAMES`](answers::NAMES) gets the address of a few instructions of the host's
//! ([`thunks`]), which say whose call it is and go on to the host's answer ([`calls`]). What was
//! written is read again.
//!
//! What a library allocates is noted only where it is to be unloaded: it is of no use else, and
//! takes time.
//!
//! Nothing goes into the module for this, and no other library of the process sees any of it. Where
//! the policy is against unloading the calls that can be answered are answered all the same: a library
//! that is retained takes no keys from the process.
//!
//! # Safety
//! Between `dlopen` and this, the library's constructors have run. Those that every Rust library has
//! leave nothing behind; with any other one the library is retained. The places are written while
//! nothing of the library runs, by the thread that has opened it.

mod answers;
mod c_library;
mod caller;
mod calls;
mod exit;
mod object;
mod policy;
mod sys;
mod syscalls;
mod thunks;

use std::{ffi::CString, ptr, sync::Arc};

use libc::c_void;

use self::{
    answers::{NAMES, OF_HEAP},
    object::Object,
    sys::real,
    thunks::Thunks,
};
use super::{
    heap::{Functions, Heap},
    pins::LibraryPins,
};
use crate::elf::ElfFacts;

/// A library whose calls are answered, as far as that can be done.
#[derive(Debug)]
pub(super) struct Interposed {
    pub(super) pins: Arc<LibraryPins>,
    /// Why it can only be retained, if so.
    pub(super) retained: Option<String>,
    /// Where it lies.
    object: Object,
    /// Where its calls go: the number of owners of the pins counts them as one.
    thunks: Thunks,
}

/// Answers the calls of a library that was just opened, by the thread that has opened it. Where it
/// is to be unloaded it does not find its own file, `hidden`, and shares the heap of `kin`, if that
/// has one.
///
/// # Errors
/// Why none of its calls is answered: it is as it was, and can only be retained.
///
/// # Safety
/// `handle` must be what `dlopen` has returned, and nothing of the library may run meanwhile.
pub(super) unsafe fn interpose(
    handle: *mut c_void,
    facts: &ElfFacts,
    hidden: Option<CString>,
    kin: Option<&LibraryPins>,
) -> Result<Interposed, String> {
    if facts.text_relocations {
        // Their places lie in pages that are not writable any more.
        return Err("it has relocations in its code (DT_TEXTREL)".to_owned());
    }
    // SAFETY: the caller's.
    let (object, tables) = unsafe { Object::read(handle) }?;
    let mut sites = policy::sites(&tables, 0..OF_HEAP.start, real)?;
    let retained = policy::retained(&tables, facts);
    let hidden = hidden.filter(|_| retained.is_none());
    // One that has an allocator of its own keeps what that has, and is unloaded all the same.
    let of_heap = policy::sites(&tables, OF_HEAP, real).ok();
    let of_heap = of_heap.filter(|_| hidden.is_some());
    // SAFETY: it looks in the C library, or in what stands in for its allocator.
    let functions = of_heap.as_ref().and_then(|_| unsafe { Functions::find(real) });
    let heap = functions.map(|functions| match kin.and_then(LibraryPins::heap) {
        Some(heap) => {
            heap.is_joined();
            Arc::clone(heap)
        }
        None => Arc::new(Heap::new(functions)),
    });
    if heap.is_some() {
        sites.extend(of_heap.into_iter().flatten());
    }
    let pins = Arc::new(LibraryPins::new(hidden, heap));
    let thunks =
        Thunks::new(&pins).map_err(|error| format!("the system forbids to make code ({error})"))?;
    for (done, (place, index)) in sites.iter().enumerate() {
        if let Err(error) = object.write(*place, thunks.address(*index)) {
            // As it was: a library of which one call is answered and another is not has two kinds
            // of keys.
            for (place, index) in &sites[..done] {
                let _ = object.write(*place, real(NAMES[*index]));
            }
            return Err(format!("the system forbids to change what it calls ({error})"));
        }
    }
    Ok(Interposed { pins, retained, object, thunks })
}

impl Interposed {
    /// Gives back what its calls went to. Else that stays for ever.
    ///
    /// # Safety
    /// The library must have been found gone.
    pub(super) unsafe fn free(self) {
        // SAFETY: only the library has called it.
        unsafe { self.thunks.unmap() };
    }

    /// The address of a function that the library finds at `address` under this name, in the C
    /// library: the same, unless the host answers the calls of it.
    pub(super) fn behind(&self, name: &str, address: usize) -> usize {
        let index = NAMES.iter().position(|known| *known == name);
        match index.filter(|index| self.thunks.address(*index) == address) {
            Some(_) => real(name),
            None => address,
        }
    }

    /// The number of a signal whose handler lies in the library, if there is one.
    pub(super) fn handles_signal(&self) -> Option<i32> {
        (1..=64).find(|signal| {
            // SAFETY: an all-zero `sigaction` is one.
            let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
            // SAFETY: it is only asked for; a number that is no signal's is refused.
            let known = unsafe { libc::sigaction(*signal, ptr::null(), &raw mut action) } == 0;
            known && self.object.holds(action.sa_sigaction)
        })
    }

    /// Whether the process's environment is a table in the library.
    pub(super) fn has_environment(&self) -> bool {
        unsafe extern "C" {
            static environ: *const c_void;
        }
        // SAFETY: a word of the C library's. Who sets it to a table of a library has returned from
        // there.
        let table = unsafe { (&raw const environ).read_volatile() };
        self.object.holds(table.addr())
    }

    /// Calls the functions for the exit that the library has asked for, and forgets those for a fork.
    ///
    /// # Safety
    /// The pins were closed by this thread, and the library is mapped.
    pub(super) unsafe fn finish(&self) {
        // SAFETY: the caller's.
        unsafe { exit::finish(&self.pins) };
    }

    /// Whether the loader still has it.
    pub(super) fn is_mapped(&self) -> bool {
        self.object.is_mapped()
    }
}

#[cfg(test)]
mod tests;
