//! What a library asks to be called at the exit or at a fork: called or forgotten when the library
//! goes, and held by it while it runs.
//!
//! # Safety
//! As in [`calls`](super::calls).

use std::{cell::Cell, ptr, sync::Arc};

use libc::{c_int, c_void};

use super::caller::pins;
use crate::unload::{
    pins::{Destructor, LibraryPins},
    thread_dtors::Running,
};

type Plain = unsafe extern "C" fn();

/// What a library has asked to be called at the exit.
struct AtExit {
    function: Destructor,
    value: *mut c_void,
    pins: Arc<LibraryPins>,
}

thread_local! {
    /// The pins that this thread has closed, and [finishes](finish).
    static FINISHES: Cell<*const LibraryPins> = const { Cell::new(ptr::null()) };
}

/// Whatever library the caller names, it is called when the library goes ([`finish`]): of one that is
/// named wrongly, or not at all, the C library would keep the address. When the pins are closed already
/// nothing is kept.
pub(super) unsafe extern "C" fn at_exit(
    function: Destructor,
    value: *mut c_void,
    _library: *mut c_void,
    whose: *const LibraryPins,
) -> c_int {
    unsafe extern "C" {
        fn __cxa_atexit(function: Destructor, value: *mut c_void, library: *mut c_void) -> c_int;
    }
    // SAFETY: as the module's text says.
    let pins = Arc::clone(&*unsafe { pins(whose) });
    if pins.is_closed() {
        return -1;
    }
    let asked = Box::into_raw(Box::new(AtExit { function, value, pins }));
    // SAFETY: `exits` gets what it takes, under the name of the pins.
    let error = unsafe { __cxa_atexit(exits, asked.cast(), whose.cast_mut().cast()) };
    if error != 0 {
        // SAFETY: nobody has taken it.
        drop(unsafe { Box::from_raw(asked) });
    }
    error
}

/// Calls what a library has asked for: when it goes, or at the end of the process. There the library
/// could go meanwhile, on another thread; so it counts as a thread of the library's, and one that is
/// about to go is not called.
unsafe extern "C" fn exits(asked: *mut c_void) {
    // SAFETY: what `at_exit` has given, once.
    let AtExit { function, value, pins } = *unsafe { Box::from_raw(asked.cast::<AtExit>()) };
    let _running = if FINISHES.get() == Arc::as_ptr(&pins) {
        None
    } else {
        let Some(running) = Running::new(&pins) else { return };
        running.is_here();
        Some(running)
    };
    // SAFETY: the library has asked for this call, once; it is mapped: it is being finished here, or
    // its pins cannot be closed.
    unsafe { function(value) };
}

/// Calls the functions for the exit that a library has asked for, and forgets those for a fork.
///
/// # Safety
/// The pins were closed by this thread, and the library is mapped.
pub(super) unsafe fn finish(pins: &Arc<LibraryPins>) {
    unsafe extern "C" {
        fn __cxa_finalize(library: *mut c_void);
    }
    let whose = Arc::as_ptr(pins);
    let before = FINISHES.replace(whose);
    // SAFETY: what was registered under this name, here.
    unsafe { __cxa_finalize(whose.cast_mut().cast()) };
    FINISHES.set(before);
}

/// As at the exit, for what the child is to call: it has no other thread, and the library as it was.
/// What is called in this process may be running when the library goes, on a thread that forks.
pub(super) unsafe extern "C" fn at_fork(
    prepare: Option<Plain>,
    parent: Option<Plain>,
    child: Option<Plain>,
    _library: *mut c_void,
    whose: *const LibraryPins,
) -> c_int {
    unsafe extern "C" {
        fn __register_atfork(
            prepare: Option<Plain>,
            parent: Option<Plain>,
            child: Option<Plain>,
            library: *mut c_void,
        ) -> c_int;
    }
    // SAFETY: as the module's text says.
    let pins = unsafe { pins(whose) };
    if pins.is_closed() {
        return libc::ENOMEM;
    }
    if prepare.is_some() || parent.is_some() {
        pins.allow_unaccounted("it has asked for a function to call at each fork");
    }
    // SAFETY: the caller's, under the name of the pins.
    unsafe { __register_atfork(prepare, parent, child, whose.cast_mut().cast()) }
}
