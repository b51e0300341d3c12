//! Recorded calls: what the calls of an instance are asked, and the same asked of another instance.
//!
//! While calls are recorded the caller's [`Target`] is a [`Recorder`]'s: its table has a shim for each
//! method, with the signature of the method's entry point. A shim tells the [`Tape`] the arguments and
//! calls the entry point. So a call that is not recorded knows nothing of this.
//!
//! # Safety
//! Shims are functions of the program's own, which `#[interface]` makes for one type of tape. Their
//! `data` is a `Recorder` of that type, which only [`Recorder::target`] hands out.

use std::fmt;

use super::{
    CallError,
    call::{Callee, Target},
};
use crate::{
    portable::{Buffer, Counter, DecodeError, Reader, Str, Writer},
    quiet::contained,
};

/// Where recorded calls go.
pub trait Tape: Sync + 'static {
    /// The method with this index is called with these arguments. Must not panic: it is called where
    /// nothing catches that.
    fn note(&self, method: usize, arguments: Arguments<'_>);
}

/// The arguments of a call.
#[derive(Clone, Copy)]
pub struct Arguments<'a>(Option<&'a dyn Fn(&mut Writer<'_>)>);

impl<'a> Arguments<'a> {
    /// As the function writes them.
    #[must_use]
    pub const fn new(write: &'a dyn Fn(&mut Writer<'_>)) -> Self {
        Self(Some(write))
    }

    /// They are no data, such as what is lent for the call.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// As bytes, of which no more are kept than a counter keeps, however many there are; `None` where
    /// they are no data, or their encoding panics.
    #[must_use]
    pub fn encoded(self) -> Option<Counter> {
        let write = self.0?;
        contained(|| {
            let mut counter = Counter::new();
            // SAFETY: the counter is alive, stays where it is, and is used by nobody else meanwhile.
            write(&mut unsafe { Writer::new(counter.sink()) });
            counter
        })
    }
}

impl fmt::Debug for Arguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arguments").finish_non_exhaustive()
    }
}

/// Asks a method again: decodes the arguments, calls it, and writes its answer.
///
/// # Safety
/// The target must be of the interface, and nobody else may use its instance meanwhile.
pub type Replay =
    unsafe fn(Target<'_>, &mut Reader<'_>, &mut Writer<'_>) -> Result<(), ReplayError>;

/// How a method's calls are recorded and replayed.
#[derive(Debug, Clone, Copy)]
pub struct Recordable {
    shim: *const (),
    replay: Option<Replay>,
}

// SAFETY: functions of the program.
unsafe impl Send for Recordable {}
// SAFETY: as above.
unsafe impl Sync for Recordable {}

impl Recordable {
    /// For generated code.
    ///
    /// # Safety
    /// `shim` must have the signature of the method's entry point, and take a [`Recorder`] of the tape
    /// that the interface was asked for as its `data`. `replay` must be of the same method.
    #[must_use]
    pub const unsafe fn new(shim: *const (), replay: Option<Replay>) -> Self {
        Self { shim, replay }
    }

    /// Whether the method can be asked again: its arguments are data, and its author has nothing
    /// against it.
    #[must_use]
    pub const fn is_replayed(&self) -> bool {
        self.replay.is_some()
    }

    /// Asks the method again; its answer as bytes.
    ///
    /// # Errors
    /// When the arguments are not what the method takes, or the call has failed.
    ///
    /// # Safety
    /// As for [`Replay`].
    pub unsafe fn replay(
        &self,
        target: Target<'_>,
        arguments: &[u8],
    ) -> Result<Vec<u8>, ReplayError> {
        let Some(replay) = self.replay else { return Err(ReplayError::NotReplayed) };
        let mut answer = Buffer::new();
        let mut input = Reader::new(arguments);
        // SAFETY: as for this function.
        unsafe { replay(target, &mut input, &mut answer.writer()) }?;
        Ok(answer.into_vec())
    }
}

/// Why a call could not be replayed.
#[derive(thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "generated code makes it")]
pub enum ReplayError {
    /// The method is none that is replayed.
    #[error("the method is not replayed")]
    NotReplayed,
    /// What was recorded is not what it takes.
    #[error("the recorded arguments cannot be decoded: {0}")]
    Arguments(DecodeError),
    /// The call has failed.
    #[error("{0}")]
    Call(Box<CallError>),
}

crate::debug_in_full!(ReplayError);

impl From<DecodeError> for ReplayError {
    fn from(error: DecodeError) -> Self {
        Self::Arguments(error)
    }
}

/// The shims of an interface, for an instance: null where it lacks the method.
#[derive(Debug, Default)]
pub struct Shims(Box<[*const ()]>);

// SAFETY: functions of the program.
unsafe impl Send for Shims {}
// SAFETY: as above.
unsafe impl Sync for Shims {}

impl Shims {
    /// Those for a target of the interface.
    #[must_use]
    pub fn new(recordables: &[Recordable], target: Target<'_>) -> Self {
        let shim = |(recordable, entry): (&Recordable, &*const ())| {
            if entry.is_null() { std::ptr::null() } else { recordable.shim }
        };
        Self(recordables.iter().zip(target.methods()).map(shim).collect())
    }
}

/// Stands between a caller and an instance for one call, and notes what that is asked.
#[derive(Debug)]
pub struct Recorder<'a, T> {
    real: Target<'a>,
    shims: &'a Shims,
    tape: &'a T,
}

impl<'a, T: Tape> Recorder<'a, T> {
    /// For calls of the target.
    ///
    /// # Safety
    /// The shims must be those of the target's interface, asked for `T`, and made for a target of the
    /// same code.
    #[must_use]
    pub const unsafe fn new(real: Target<'a>, shims: &'a Shims, tape: &'a T) -> Self {
        Self { real, shims, tape }
    }

    /// What is called in its place.
    #[must_use]
    pub fn target(&self) -> Target<'_> {
        // SAFETY: the shims have the signatures of the entries, in their order, and take a recorder
        // (`Recordable::new`, `new`), which is borrowed as long as the target.
        unsafe { Target::new(std::ptr::from_ref(self).cast(), &self.shims.0, self.real.origin()) }
    }

    /// The recorder that a shim is called with.
    ///
    /// # Safety
    /// `data` must come from [`target`](Self::target) of a recorder of this type that lives for `'a`.
    #[must_use]
    pub const unsafe fn of<'r>(data: *const ()) -> &'r Self
    where
        'a: 'r,
    {
        // SAFETY: cast back to what it was (caller).
        unsafe { &*data.cast() }
    }

    /// Notes a call, and returns where it goes.
    ///
    /// # Safety
    /// As for [`Target::callee`].
    #[must_use]
    pub unsafe fn note(&self, method: usize, arguments: Arguments<'_>) -> Callee<'_> {
        self.tape.note(method, arguments);
        // SAFETY: as for this function; the recorder's target has the same interface.
        unsafe { self.real.callee(method) }
    }
}

/// Writes a string that was passed.
///
/// # Safety
/// It must be alive.
pub unsafe fn record_str(passed: Str, out: &mut Writer<'_>) {
    // SAFETY: alive (caller).
    let text = unsafe { passed.as_str() };
    out.len(text.len());
    out.bytes(text.as_bytes());
}
