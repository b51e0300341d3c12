//! The real loader, and the real code that is made. Whole libraries are unloaded in
//! `tests/own_process/unload.rs`.

use std::{
    ffi::{CStr, c_char},
    sync::atomic::{AtomicUsize, Ordering},
};

use libc::c_uint;

use super::*;
use crate::unload::{pins::Destructor, thread_dtors};

fn math() -> (*mut c_void, Object, object::Tables) {
    // SAFETY: the C library's own.
    let handle = unsafe { libc::dlopen(c"libm.so.6".as_ptr(), libc::RTLD_NOW) };
    assert!(!handle.is_null());
    // SAFETY: the handle is one.
    let (object, tables) = unsafe { Object::read(handle) }.unwrap();
    (handle, object, tables)
}

#[test]
fn a_loaded_library_is_read() {
    let (handle, object, tables) = math();
    assert_eq!(tables.needed, ["libc.so.6", "ld-linux-x86-64.so.2"]);
    // SAFETY: a handle and a name.
    let cos = unsafe { libc::dlsym(handle, c"cos".as_ptr()) }.addr();
    assert!(object.holds(cos) && !object.holds(real("malloc")) && !object.holds(0));
    assert!(object.is_mapped());
    assert!(tables.chooses, "between versions for processors");
    // What it imports is bound to what we see.
    let errno = |it: &&object::Relocation| it.name == "__errno_location" || it.name == "stderr";
    let bound = tables.relocations.iter().find(errno).expect("it has errors");
    assert!(bound.is_import);
    assert_eq!(bound.bound, real(&bound.name));
    // None of the calls that are answered.
    assert_eq!(policy::sites(&tables, 0..OF_HEAP.start, real), Ok(Vec::new()));
}

#[test]
fn of_a_tag_that_is_there_twice_the_last_counts_as_for_the_loader() {
    use ::object::{
        LittleEndian as LE, U64,
        elf::{DT_INIT_ARRAYSZ, Dyn64},
    };

    let (_, object, _) = math();
    let size = |size| Dyn64 { d_tag: DT_INIT_ARRAYSZ.into(), d_val: U64::<LE>::new(LE, size) };
    // SAFETY: nothing in it is an address.
    let tables = unsafe { object.tables(&[size(8), size(24)]) };
    assert_eq!(tables.constructors, 3);
}

/// A library must not go while the end of the process calls a function of it.
#[test]
fn a_function_for_the_exit_holds_its_library_while_it_runs() {
    type AtExit = unsafe extern "C" fn(Destructor, *mut c_void, *mut c_void) -> i32;
    unsafe extern "C" {
        fn __cxa_finalize(library: *mut c_void);
    }
    /// Begins to retire its library. Counts how often it is called.
    unsafe extern "C" fn retires(pins: *mut c_void) {
        CALLED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the test's own.
        let pins = unsafe { &*pins.cast::<LibraryPins>() };
        pins.drain();
        assert!(pins.is_closed() || pins.close().is_err());
    }
    static CALLED: AtomicUsize = AtomicUsize::new(0);

    let pins = Arc::new(LibraryPins::default());
    let thunks = Thunks::new(&pins).unwrap();
    let index = NAMES.iter().position(|known| *known == "__cxa_atexit").unwrap();
    let piece = ptr::with_exposed_provenance::<()>(thunks.address(index));
    // SAFETY: the address of such a function.
    let at_exit: AtExit = unsafe { std::mem::transmute(piece) };
    let whose: *mut c_void = Arc::as_ptr(&pins).cast_mut().cast();
    let asks = || {
        // SAFETY: a function that bears to be called at any time while there are pins.
        assert_eq!(unsafe { at_exit(retires, whose, ptr::null_mut()) }, 0);
    };
    let ends = || {
        // SAFETY: what the end of the process does with what was asked for under this name.
        unsafe { __cxa_finalize(whose) };
        CALLED.swap(0, Ordering::Relaxed)
    };
    asks();
    assert_eq!(ends(), 1);
    // What is about to go is not called any more, but by who has closed it.
    asks();
    pins.close().unwrap();
    assert_eq!(ends(), 0);

    let pins = Arc::new(LibraryPins::default());
    let thunks = Thunks::new(&pins).unwrap();
    let piece = ptr::with_exposed_provenance::<()>(thunks.address(index));
    // SAFETY: the address of such a function.
    let at_exit: AtExit = unsafe { std::mem::transmute(piece) };
    let whose = Arc::as_ptr(&pins).cast_mut().cast();
    // SAFETY: as above.
    assert_eq!(unsafe { at_exit(retires, whose, ptr::null_mut()) }, 0);
    pins.drain();
    pins.close().unwrap();
    // SAFETY: it was just closed; there is no library.
    unsafe { exit::finish(&pins) };
    assert_eq!(CALLED.load(Ordering::Relaxed), 1);
}

#[test]
fn the_pieces_of_code_say_whose_call_it_is() {
    let pins = Arc::new(LibraryPins::default());
    let other = Arc::new(LibraryPins::default());
    let thunks = Thunks::new(&pins).unwrap();
    let others = Thunks::new(&other).unwrap();
    let at = |thunks: &Thunks, name| {
        let index = NAMES.iter().position(|known| *known == name).unwrap();
        ptr::with_exposed_provenance::<()>(thunks.address(index))
    };
    type Create = unsafe extern "C" fn(*mut c_uint, Option<Destructor>) -> i32;
    type Set = unsafe extern "C" fn(c_uint, *const c_void) -> i32;
    type Get = unsafe extern "C" fn(c_uint) -> *mut c_void;
    type Find = unsafe extern "C" fn(*mut c_void, *const c_char) -> *mut c_void;

    // SAFETY: the address of such a function.
    let create: Create = unsafe { std::mem::transmute(at(&thunks, "pthread_key_create")) };
    // SAFETY: as above.
    let set: Set = unsafe { std::mem::transmute(at(&thunks, "pthread_setspecific")) };
    // SAFETY: as above.
    let get: Get = unsafe { std::mem::transmute(at(&thunks, "pthread_getspecific")) };
    // SAFETY: as above.
    let others_get: Get = unsafe { std::mem::transmute(at(&others, "pthread_getspecific")) };
    let value = ptr::without_provenance_mut(7);
    let mut key = 0;
    // SAFETY: a place for the key.
    assert_eq!(unsafe { create(&raw mut key, None) }, 0);
    // SAFETY: a key.
    assert_eq!(unsafe { set(key, value) }, 0);
    // SAFETY: a key.
    assert_eq!(unsafe { get(key) }, value);
    // SAFETY: no key of its.
    assert!(unsafe { others_get(key) }.is_null());
    // The C library does not know it.
    // SAFETY: no key of its.
    assert!(unsafe { libc::pthread_setspecific(key, value) } != 0);

    // SAFETY: as above.
    let find: Find = unsafe { std::mem::transmute(at(&thunks, "dlsym")) };
    // SAFETY: a handle and a name, here and below.
    let dlsym = |name: &CStr| unsafe { find(libc::RTLD_DEFAULT, name.as_ptr()) };
    assert_eq!(dlsym(c"malloc").addr(), real("malloc"));
    assert_eq!(dlsym(c"pthread_create").addr(), at(&thunks, "pthread_create").addr());
    assert!(dlsym(c"there is no such function").is_null());
    assert!(pins.holders().iter().all(|it| !matches!(it, hotswap_types::Holder::Image { .. })));
    assert_eq!(dlsym(c"timer_create").addr(), real("timer_create"));
    let beyond = pins.holders();
    let looked_up = |it: &hotswap_types::Holder| {
        it.to_string().starts_with("it has looked up timer_create, which ")
    };
    assert!(beyond.iter().any(looked_up), "{beyond:?}");

    assert!(other.holders().is_empty());
    pins.drain();
    thread_dtors::run_pending_dtors();
    assert_eq!(pins.holders().len(), 1);
}
