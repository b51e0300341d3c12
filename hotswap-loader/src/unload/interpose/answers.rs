//! The calls of a library that are answered, and the form of an answer.

use std::ops::Range;

/// The functions whose calls are answered; the last ones, [`OF_HEAP`], where the library is to be
/// unloaded.
pub(super) const NAMES: [&str; 22] = [
    "__cxa_thread_atexit_impl",
    "pthread_key_create",
    "pthread_key_delete",
    "pthread_setspecific",
    "pthread_getspecific",
    "pthread_create",
    "open",
    "open64",
    "dlsym",
    "syscall",
    "sigaction",
    "signal",
    "sigaltstack",
    "__cxa_atexit",
    "__register_atfork",
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "free",
    "posix_memalign",
    "aligned_alloc",
];

/// Those that allocate and free.
pub(super) const OF_HEAP: Range<usize> = 15..NAMES.len();

/// Where a call goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// To the host, which takes whose call it is in this argument.
    OfLibrary(Argument, usize),
    /// The same, with the heap.
    OfHeap(Argument, usize),
    /// To the C library, where the host has no answer to this argument.
    Asked(Argument, usize),
}

/// The register of an integer argument, by its number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Argument {
    First,
    Second,
    Third,
    Fourth,
    Fifth,
}
