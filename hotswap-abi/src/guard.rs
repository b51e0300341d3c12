//! The one unwind guard.
//!
//! Every entry point of a module, and every entry point of the host that a module may call, runs
//! inside [`guard`], compiled into the library that it protects: a panic that reached the other
//! side's frames would end the process.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use crate::{
    interface::CallError,
    portable::{DecodeError, Status},
    runtime,
};

/// The payload with which a side unwinds when what it was lent has failed over there.
pub(crate) struct Relay(pub(crate) Option<Box<CallError>>);

/// Runs `body`; a panic becomes a status, with the message kept on this side.
///
/// The body is taken as unwind safe: what a panic leaves half-done is the module's own instance,
/// and the caller is told of the panic.
#[inline]
pub(crate) fn guard<R>(body: impl FnOnce() -> Result<R, DecodeError>) -> Result<R, Status> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(undecodable(&error)),
        Err(payload) => Err(caught(payload)),
    }
}

#[cold]
fn undecodable(error: &DecodeError) -> Status {
    runtime::keep_text(error.to_string());
    Status::UNDECODABLE
}

#[cold]
fn caught(payload: Box<dyn Any + Send>) -> Status {
    if payload.is::<Relay>() {
        drop(payload);
        return Status::RELAYED;
    }
    runtime::keep_panic(payload);
    Status::PANICKED
}

/// Unwinds because something lent has failed on the other side. No panic hook runs: nothing
/// panicked here.
#[cold]
pub(crate) fn relay(error: Option<Box<CallError>>) -> ! {
    resume_unwind(Box::new(Relay(error)))
}
