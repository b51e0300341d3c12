//! Whose call it is that is answered: the layout of the page of code that it has come through
//! ([`thunks`](super::thunks) writes it), and the pins of the library that the page is for.

use std::{mem::ManuallyDrop, sync::Arc};

use super::answers::NAMES;
use crate::unload::pins::LibraryPins;

/// The size of a page of code.
pub(super) const PAGE: usize = 4096;
/// The room for each call; the first holds the address of the pins.
pub(super) const STEP: usize = 128;

const _: () = assert!((NAMES.len() + 1) * STEP <= PAGE);

/// Where the code for one of [`NAMES`] stands in a page.
pub(super) const fn address(page: usize, index: usize) -> usize {
    page + (index + 1) * STEP
}

/// The pins of the library that a page is for.
///
/// # Safety
/// The page must be one of [`Thunks`](super::thunks::Thunks), which must live.
pub(super) const unsafe fn of_page(page: *const *const LibraryPins) -> *const LibraryPins {
    // SAFETY: it stands there from the beginning, for as long as the page does (caller).
    unsafe { page.read() }
}

/// # Safety
/// `whose` must be what a page of code has added.
pub(super) unsafe fn pins(whose: *const LibraryPins) -> ManuallyDrop<Arc<LibraryPins>> {
    // SAFETY: from an `Arc` that the page owns, and not given back here.
    ManuallyDrop::new(unsafe { Arc::from_raw(whose) })
}
