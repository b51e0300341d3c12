//! What each side keeps for itself: the last panic, and where it happened. In a module that a host
//! attached to also where its logs go ([`logs`]).
//!
//! A library has its own copy of std, so its panic hook and these thread-locals are its own. A
//! module's hook is set when a host attaches to it ([`attach`]), never when it is linked into a
//! program: there the program's hook stays. The thread-locals have no destructors, because a
//! thread-local destructor in a module keeps its library from being unloaded.

#[expect(unsafe_code, reason = "calls the host's functions")]
mod logs;

pub(crate) use logs::follow;

use std::{any::Any, cell::Cell, panic, ptr};

use crate::{guard::drop_quietly, logs::Listener};

/// What is known of a panic, or of another failure, until the other side asks for it.
#[derive(Default)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// `file:line:column`, where a hook of ours could see it.
    pub(crate) place: String,
    pub(crate) payload: Option<Box<dyn Any + Send>>,
}

thread_local! {
    static LAST: Cell<*mut Failure> = const { Cell::new(ptr::null_mut()) };
    static PLACE: Cell<*mut String> = const { Cell::new(ptr::null_mut()) };
}

fn put<T>(cell: &'static std::thread::LocalKey<Cell<*mut T>>, value: T) {
    take(cell);
    cell.set(Box::into_raw(Box::new(value)));
}

#[expect(unsafe_code, reason = "a thread-local that owns a box and has no destructor")]
fn take<T>(cell: &'static std::thread::LocalKey<Cell<*mut T>>) -> Option<T> {
    let old = cell.replace(ptr::null_mut());
    // SAFETY: only `put` stores a pointer, from a box; it was just taken out of the cell.
    (!old.is_null()).then(|| *unsafe { Box::from_raw(old) })
}

/// Keeps a panic of this thread until [`take_failure`].
pub(crate) fn keep_panic(payload: Box<dyn Any + Send>) {
    let message = payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic with a payload that is no text".to_owned());
    let place = take(&PLACE).unwrap_or_default();
    if let Some(old) = take(&LAST) {
        drop_quietly(old);
    }
    put(&LAST, Failure { message, place, payload: Some(payload) });
}

/// Keeps the place of a panic that goes on: no hook sees it a second time.
pub(crate) fn keep_place(place: String) {
    put(&PLACE, place);
}

/// Keeps the text of a failure that was no panic.
pub(crate) fn keep_text(message: String) {
    if let Some(old) = take(&LAST) {
        drop_quietly(old);
    }
    put(&LAST, Failure { message, ..Failure::default() });
}

/// The last failure of this thread.
pub(crate) fn take_failure() -> Option<Failure> {
    take(&LAST)
}

/// Called once by a host that has loaded this library: from now on a panic leaves its place
/// instead of a report on stderr, and takes no backtrace (which would map the whole file), and what
/// is logged goes to the host.
pub(crate) fn attach(listener: Listener) {
    panic::set_hook(Box::new(|info| {
        put(&PLACE, info.location().map(ToString::to_string).unwrap_or_default());
    }));
    logs::attach(listener);
}
