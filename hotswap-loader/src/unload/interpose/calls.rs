//! The answers to the calls of a library. Each gets whose call it is as its last argument
//! ([`thunks`](super::thunks)).
//!
//! # Safety
//! They are called by a library that is mapped, in the place of functions of the C library, with
//! what these are called with. The library's pins are there, and so its heap: the page with the code
//! that adds them owns them.
//! Nothing here unwinds, nor keeps a lock while it calls.

use std::{
    ffi::{CStr, c_char},
    ptr,
};

use libc::{c_int, c_long, c_uint, c_void, pthread_attr_t, pthread_t};

use super::{
    answers::{Answer, Argument, NAMES, OF_HEAP},
    c_library,
    caller::{self, pins},
    exit,
    sys::real,
    syscalls,
};
use crate::unload::{
    heap::Heap,
    pins::{Destructor, LibraryPins},
    thread_dtors::{self, Running},
};

type Start = unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void;

/// The first of our keys. The C library has only small ones, and refuses these.
const FIRST_KEY: c_uint = 0x4000_0000;

/// The answer to one of [`NAMES`].
pub(super) fn answer(name: &str) -> Answer {
    use Answer::{Asked, OfHeap, OfLibrary};
    use Argument::{Fifth, First, Fourth, Second, Third};

    match name {
        "__cxa_thread_atexit_impl" => OfLibrary(Fourth, at_thread_exit as *const () as usize),
        "pthread_key_create" => OfLibrary(Third, key_create as *const () as usize),
        "pthread_key_delete" => OfLibrary(Second, key_delete as *const () as usize),
        "pthread_setspecific" => OfLibrary(Third, set as *const () as usize),
        "pthread_getspecific" => OfLibrary(Second, get as *const () as usize),
        "open" | "open64" => OfLibrary(Fourth, open as *const () as usize),
        "pthread_create" => OfLibrary(Fifth, create as *const () as usize),
        "malloc" => OfHeap(Second, malloc as *const () as usize),
        "calloc" => OfHeap(Third, calloc as *const () as usize),
        "realloc" => OfHeap(Third, realloc as *const () as usize),
        "reallocarray" => OfHeap(Fourth, reallocarray as *const () as usize),
        "free" => OfHeap(Second, free as *const () as usize),
        "posix_memalign" => OfHeap(Fourth, posix_memalign as *const () as usize),
        "aligned_alloc" => OfHeap(Third, aligned_alloc as *const () as usize),
        "sigaction" => OfLibrary(Fourth, sigaction as *const () as usize),
        "signal" => OfLibrary(Third, signal as *const () as usize),
        "sigaltstack" => OfLibrary(Third, sigaltstack as *const () as usize),
        "__cxa_atexit" => OfLibrary(Fourth, exit::at_exit as *const () as usize),
        "__register_atfork" => OfLibrary(Fifth, exit::at_fork as *const () as usize),
        "dlsym" => Asked(Second, look_up as *const () as usize),
        "syscall" => Asked(First, look_at as *const () as usize),
        other => unreachable!("{other} is answered"),
    }
}

fn index(key: c_uint) -> Option<usize> {
    key.checked_sub(FIRST_KEY).map(|index| index as usize)
}

unsafe extern "C" fn at_thread_exit(
    destructor: Destructor,
    value: *mut c_void,
    _library: *mut c_void,
    whose: *const LibraryPins,
) -> c_int {
    // SAFETY: as the module's text says.
    thread_dtors::add(&*unsafe { pins(whose) }, destructor, value);
    0
}

unsafe extern "C" fn key_create(
    key: *mut c_uint,
    destructor: Option<Destructor>,
    whose: *const LibraryPins,
) -> c_int {
    // SAFETY: as the module's text says.
    let Some(index) = unsafe { pins(whose) }.add_key(destructor) else { return libc::EAGAIN };
    // SAFETY: the caller's place for it.
    unsafe { key.write(FIRST_KEY + index as c_uint) };
    0
}

unsafe extern "C" fn key_delete(key: c_uint, whose: *const LibraryPins) -> c_int {
    let Some(index) = index(key) else {
        // Somebody else's, which was given to the library.
        // SAFETY: the caller's.
        return unsafe { libc::pthread_key_delete(key) };
    };
    // SAFETY: as the module's text says.
    if unsafe { pins(whose) }.remove_key(index) { 0 } else { libc::EINVAL }
}

unsafe extern "C" fn set(key: c_uint, value: *mut c_void, whose: *const LibraryPins) -> c_int {
    let Some(index) = index(key) else {
        // SAFETY: the caller's.
        return unsafe { libc::pthread_setspecific(key, value) };
    };
    // SAFETY: as the module's text says.
    if thread_dtors::set(&*unsafe { pins(whose) }, index, value) { 0 } else { libc::EINVAL }
}

unsafe extern "C" fn get(key: c_uint, whose: *const LibraryPins) -> *mut c_void {
    let Some(index) = index(key) else {
        // SAFETY: the caller's.
        return unsafe { libc::pthread_getspecific(key) };
    };
    // SAFETY: as the module's text says.
    thread_dtors::get(&*unsafe { pins(whose) }, index)
}

/// The mode is there or not; for a call that is the same.
unsafe extern "C" fn open(
    path: *const c_char,
    flags: c_int,
    mode: c_uint,
    whose: *const LibraryPins,
) -> c_int {
    // SAFETY: a path, as the function takes it.
    let hidden = (!path.is_null()).then(|| unsafe { CStr::from_ptr(path) });
    // SAFETY: as the module's text says.
    let whose = unsafe { pins(whose) };
    if hidden.is_some_and(|path| whose.hides(path)) {
        fail(libc::ENOENT);
        return -1;
    }
    // SAFETY: the caller's. On this machine there is no other `open` than the one for large files.
    unsafe { libc::open64(path, flags, mode) }
}

/// A thread on its way.
struct Begin {
    start: Start,
    argument: *mut c_void,
    running: Running,
}

unsafe extern "C" fn create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
    whose: *const LibraryPins,
) -> c_int {
    unsafe extern "C" {
        // With a start that may be unwound: `pthread_exit` and `pthread_cancel` do.
        fn pthread_create(
            thread: *mut pthread_t,
            attributes: *const pthread_attr_t,
            start: Start,
            argument: *mut c_void,
        ) -> c_int;
    }
    // SAFETY: as the module's text says.
    let Some(running) = Running::new(&*unsafe { pins(whose) }) else { return libc::EAGAIN };
    let begin = Box::into_raw(Box::new(Begin { start, argument, running }));
    // SAFETY: the caller's, but for the start, which gets what it takes.
    let error = unsafe { pthread_create(thread, attributes, begun, begin.cast()) };
    if error != 0 {
        // SAFETY: nobody has taken it.
        drop(unsafe { Box::from_raw(begin) });
    }
    error
}

/// The beginning of a thread of the library.
unsafe extern "C-unwind" fn begun(begin: *mut c_void) -> *mut c_void {
    // SAFETY: what `create` has given, once.
    let Begin { start, argument, running } = *unsafe { Box::from_raw(begin.cast::<Begin>()) };
    // Ends when the thread does: after all that the library has to do there.
    running.begin();
    // SAFETY: what the library has asked for.
    unsafe { start(argument) }
}

/// A handler may be kept by whoever sets another one, and called by it: nobody tells when it is not
/// used any more.
fn may_set_handler(whose: &LibraryPins, signal: c_int, handler: usize) -> bool {
    handler == libc::SIG_DFL
        || handler == libc::SIG_IGN
        || whose.allow_unaccounted(&format!("it has set a handler of signal {signal}"))
}

unsafe extern "C" fn sigaction(
    number: c_int,
    action: *const libc::sigaction,
    before: *mut libc::sigaction,
    whose: *const LibraryPins,
) -> c_int {
    // SAFETY: the caller's.
    let handler = unsafe { action.as_ref() }.map(|action| action.sa_sigaction);
    // SAFETY: as the module's text says.
    let whose = unsafe { pins(whose) };
    if handler.is_some_and(|handler| !may_set_handler(&whose, number, handler)) {
        fail(libc::EINVAL);
        return -1;
    }
    // SAFETY: the caller's.
    unsafe { libc::sigaction(number, action, before) }
}

unsafe extern "C" fn signal(
    number: c_int,
    handler: libc::sighandler_t,
    whose: *const LibraryPins,
) -> libc::sighandler_t {
    // SAFETY: as the module's text says.
    let whose = unsafe { pins(whose) };
    if !may_set_handler(&whose, number, handler) {
        fail(libc::EINVAL);
        return libc::SIG_ERR;
    }
    // SAFETY: the caller's.
    unsafe { libc::signal(number, handler) }
}

unsafe extern "C" fn sigaltstack(
    stack: *const libc::stack_t,
    before: *mut libc::stack_t,
    whose: *const LibraryPins,
) -> c_int {
    // SAFETY: the caller's.
    let stack_given =
        unsafe { stack.as_ref() }.is_some_and(|it| it.ss_flags & libc::SS_DISABLE == 0);
    // SAFETY: as the module's text says.
    let whose = unsafe { pins(whose) };
    if stack_given && !whose.allow_unaccounted("it has given a thread a stack for signals") {
        fail(libc::EINVAL);
        return -1;
    }
    // SAFETY: the caller's.
    unsafe { libc::sigaltstack(stack, before) }
}

extern "C" fn malloc(size: usize, whose: &Heap) -> *mut c_void {
    whose.malloc(size)
}

extern "C" fn calloc(count: usize, size: usize, whose: &Heap) -> *mut c_void {
    whose.calloc(count, size)
}

unsafe extern "C" fn realloc(block: *mut c_void, size: usize, whose: &Heap) -> *mut c_void {
    // SAFETY: the caller's.
    unsafe { whose.realloc(block, size) }
}

unsafe extern "C" fn reallocarray(
    block: *mut c_void,
    count: usize,
    size: usize,
    whose: &Heap,
) -> *mut c_void {
    match count.checked_mul(size) {
        // SAFETY: the caller's.
        Some(size) => unsafe { whose.realloc(block, size) },
        None => {
            fail(libc::ENOMEM);
            ptr::null_mut()
        }
    }
}

unsafe extern "C" fn free(block: *mut c_void, whose: &Heap) {
    // SAFETY: the caller's.
    unsafe { whose.free(block) };
}

unsafe extern "C" fn posix_memalign(
    place: *mut *mut c_void,
    alignment: usize,
    size: usize,
    whose: &Heap,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { whose.posix_memalign(place, alignment, size) }
}

extern "C" fn aligned_alloc(alignment: usize, size: usize, whose: &Heap) -> *mut c_void {
    whose.aligned_alloc(alignment, size)
}

fn fail(error: c_int) {
    // SAFETY: the thread's own place for it.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    unsafe { errno.write(error) };
}

/// Where `dlsym` finds one of the calls that are answered; null for all else.
pub(super) unsafe extern "C" fn look_up(
    name: *const c_char,
    page: *const *const LibraryPins,
) -> *mut c_void {
    if name.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: a name, as `dlsym` takes it.
    let name = unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default();
    // SAFETY: the page that this call has come through.
    let whose = unsafe { caller::of_page(page) };
    // SAFETY: as the module's text says.
    let whose = unsafe { pins(whose) };
    if let Some(index) = NAMES.iter().position(|known| *known == name)
        && (!OF_HEAP.contains(&index) || whose.heap().is_some())
    {
        return ptr::with_exposed_provenance_mut(caller::address(page.addr(), index));
    }
    // What nobody else has is its own, or nothing.
    if let Some(what) = c_library::beyond(name)
        && real(name) != 0
        && !whose.allow_unaccounted(&format!("it has looked up {what}"))
    {
        return refuse as *mut c_void;
    }
    ptr::null_mut()
}

/// What a function that may not be called answers: most take that for a failure.
extern "C" fn refuse() -> isize {
    fail(libc::EPERM);
    -1
}

/// Notes a system call after which the kernel may have an address of the library's. One that it may
/// not make has failed.
pub(super) unsafe extern "C" fn look_at(
    number: c_long,
    page: *const *const LibraryPins,
) -> *mut c_void {
    if syscalls::keeps(number) {
        // SAFETY: the page that this call has come through.
        let whose = unsafe { caller::of_page(page) };
        // SAFETY: as the module's text says.
        let whose = unsafe { pins(whose) };
        if !whose.allow_unaccounted(&format!("it has made the system call {number}")) {
            fail(libc::EPERM);
            return ptr::without_provenance_mut(usize::MAX);
        }
    }
    ptr::null_mut()
}
