//! What is asked of the system.

use std::{ffi::CString, io, ptr};

/// The address of a function of the C library, as the program itself sees it; 0 if there is none.
pub(super) fn real(name: &str) -> usize {
    let Ok(name) = CString::new(name) else { return 0 };
    // SAFETY: a text that ends with a zero.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }.addr()
}

/// Lets the memory at some pages be used in a way.
pub(super) fn protect(start: usize, length: usize, how: i32) -> io::Result<()> {
    // SAFETY: the caller names pages of the library that it has just opened, and allows no less than
    // is in use.
    let done = unsafe { libc::mprotect(ptr::without_provenance_mut(start), length, how) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
