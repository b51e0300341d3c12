//! What each side keeps for itself: the last panic, and where it happened. In a module that a host
//! attached to also where its logs go ([`logs`]).
//!
//! A library has its own copy of std, so its panic hook and these thread-locals are its own. A
//! module's hook is set when a host attaches to it ([`attach`]), never when it is linked into a
//! program: there the program's hook stays. What a thread has not asked for is dropped when it ends,
//! or when a host that unloads this library has the thread give up what it has of it.
//!
//! A backtrace is taken only where the host has asked for it ([`trace_panics`]): to put names to
//! its frames, std maps the library's whole file and keeps it mapped.

mod backtrace;
#[expect(unsafe_code, reason = "calls the host's functions")]
mod logs;

pub(crate) use logs::follow;

use std::{
    any::Any,
    cell::Cell,
    panic,
    sync::atomic::{AtomicU8, Ordering},
    thread::LocalKey,
};

use crate::{
    logs::Listener,
    module::{TRACE_FULL, TRACE_NONE},
    quiet::drop_quietly,
};

/// What is known of a panic, or of another failure, until the other side asks for it.
#[derive(Default)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// `file:line:column`, where a hook of ours could see it.
    pub(crate) place: String,
    /// Empty unless the host has asked for it.
    pub(crate) backtrace: String,
    pub(crate) payload: Option<Box<dyn Any + Send>>,
}

/// What a hook sees of a panic.
#[derive(Default)]
struct Seen {
    place: String,
    backtrace: String,
}

/// Something that a thread keeps until it is asked for.
struct Kept<T>(Cell<Option<Box<T>>>);

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        // A destructor that panicked here would end the process.
        drop_quietly(self.0.take());
    }
}

thread_local! {
    static LAST: Kept<Failure> = const { Kept(Cell::new(None)) };
    static SEEN: Kept<Seen> = const { Kept(Cell::new(None)) };
}

/// What [`trace_panics`] was told.
static TRACE: AtomicU8 = AtomicU8::new(TRACE_NONE);

/// At the very end of a thread nothing is kept.
fn put<T>(place: &'static LocalKey<Kept<T>>, value: T) {
    let _ = place.try_with(|kept| kept.0.set(Some(Box::new(value))));
}

fn take<T>(place: &'static LocalKey<Kept<T>>) -> Option<T> {
    place.try_with(|kept| kept.0.take()).ok().flatten().map(|kept| *kept)
}

/// Keeps a panic of this thread until [`take_failure`].
pub(crate) fn keep_panic(payload: Box<dyn Any + Send>) {
    let message = payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic with a payload that is no text".to_owned());
    let Seen { place, backtrace } = take(&SEEN).unwrap_or_default();
    if let Some(old) = take(&LAST) {
        drop_quietly(old);
    }
    put(&LAST, Failure { message, place, backtrace, payload: Some(payload) });
}

/// Keeps the place of a panic that goes on: no hook sees it a second time.
pub(crate) fn keep_place(place: String) {
    put(&SEEN, Seen { place, ..Seen::default() });
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
/// instead of a report on stderr, and what is logged goes to the host.
pub(crate) fn attach(listener: Listener) {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let backtrace = match TRACE.load(Ordering::Relaxed) {
            TRACE_NONE => String::new(),
            style => backtrace::take(style == TRACE_FULL),
        };
        put(&SEEN, Seen { place, backtrace });
    }));
    logs::attach(listener);
}

/// Says whether panics leave a backtrace from now on: one of the `TRACE_…` numbers.
pub(crate) fn trace_panics(style: u8) {
    TRACE.store(style, Ordering::Relaxed);
}
