use std::{
    sync::{Mutex, PoisonError},
    thread,
};

use hotswap_types::Holder;

use super::*;

static CALLED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

unsafe extern "C" fn note(value: *mut c_void) {
    CALLED.lock().unwrap_or_else(PoisonError::into_inner).push(value as usize);
}

unsafe extern "C" fn quiet(_: *mut c_void) {}

/// A destructor that comes back for more.
unsafe extern "C" fn again(value: *mut c_void) {
    // SAFETY: the test gives a pointer to the pins.
    let pins = unsafe { &*value.cast::<Arc<LibraryPins>>() };
    add(pins, note, number(100));
    // SAFETY: as `note` is called by a thread's end.
    unsafe { note(number(10)) };
}

fn number(number: usize) -> *mut c_void {
    ptr::without_provenance_mut(number)
}

fn called() -> Vec<usize> {
    std::mem::take(&mut CALLED.lock().unwrap_or_else(PoisonError::into_inner))
}

#[test]
fn what_a_thread_has_is_destroyed_once_the_last_first() {
    let pins = Arc::new(LibraryPins::default());
    let key = pins.add_key(Some(note)).unwrap();
    let other = pins.add_key(None).unwrap();
    let fill = |pins: &Arc<LibraryPins>| {
        add(pins, note, number(1));
        add(pins, again, ptr::from_ref(pins).cast_mut().cast());
        add(pins, note, number(2));
        assert!(set(pins, key, number(3)) && set(pins, other, number(4)));
        assert!(!set(pins, 9, number(5)) && get(pins, 9).is_null());
        assert_eq!((get(pins, key), get(pins, other)), (number(3), number(4)));
    };
    // The end of the thread.
    thread::scope(|scope| scope.spawn(|| fill(&pins)).join().unwrap());
    // `join` comes back after the thread-locals' destructors.
    assert_eq!(called(), [2, 10, 100, 1, 3]);
    assert!(pins.holders().is_empty());

    // Draining pins.
    fill(&pins);
    run_pending_dtors();
    assert_eq!(called(), [] as [usize; 0]);
    pins.drain();
    assert!(pins.close().is_err());
    run_pending_dtors();
    assert_eq!(called(), [2, 10, 100, 1, 3]);
    pins.close().unwrap();
    // What comes now is forgotten.
    add(&pins, note, number(6));
    run_pending_dtors();
    assert!(with(|ledger| ledger.entries.is_empty()));
    assert_eq!(called(), [] as [usize; 0]);
}

/// A destructor that has the thread run its destructors: the library's code is still below on
/// the stack.
unsafe extern "C" fn runs_dtors(value: *mut c_void) {
    // SAFETY: the test gives a pointer to the pins.
    let pins = unsafe { &*value.cast::<Arc<LibraryPins>>() };
    pins.drain();
    run_pending_dtors();
    // The rest is left to who is at it, and nobody may unmap the library.
    assert!(pins.close().is_err());
    // SAFETY: what the end of a thread calls.
    unsafe { end(ptr::null_mut()) };
    assert!(pins.close().is_err());
}

#[test]
fn a_library_stays_while_a_destructor_of_it_has_the_thread_run_its_destructors() {
    let pins = Arc::new(LibraryPins::default());
    let fill = |pins: &Arc<LibraryPins>| {
        add(pins, quiet, number(1));
        add(pins, runs_dtors, ptr::from_ref(pins).cast_mut().cast());
    };
    // The thread ends while the library begins to go.
    thread::scope(|scope| scope.spawn(|| fill(&pins)).join().unwrap());
    pins.close().unwrap();

    // It is idle.
    let pins = Arc::new(LibraryPins::default());
    fill(&pins);
    pins.drain();
    run_pending_dtors();
    pins.close().unwrap();
}

#[test]
fn a_thread_of_a_library_counts_to_its_end() {
    let pins = Arc::new(LibraryPins::default());
    let running = Running::new(&pins).unwrap();
    let (own, inner) = (Arc::clone(&pins), Arc::clone(&pins));
    thread::spawn(move || {
        running.begin();
        add(&inner, quiet, number(0));
        own.drain();
        // It is code of the library's own that runs here.
        run_pending_dtors();
        assert!(matches!(&*own.close().unwrap_err(), [Holder::Threads(_)]));
    })
    .join()
    .unwrap();
    pins.close().unwrap();
}
