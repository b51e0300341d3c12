//! One call: where it goes, how it ends.

use std::{
    mem::MaybeUninit,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

use super::{CallError, Failure};
use crate::{
    guard::{Relay, guard, relay},
    portable::{Buffer, Carrier, DecodeError, Portable, Reader, Reply, Sink, Status},
    runtime, text,
};

/// How a client gets at an instance: implemented by the host's handles.
///
/// The implementation keeps the generation alive and takes the instance's lock, if it has one,
/// for as long as the closure runs.
///
/// Errors come in a box: what a call that succeeds returns stays in registers then, where a
/// [`CallError`] as it is would have every result go through memory.
///
/// `is_failure` says whether an answer is one: it is asked only while the instance's calls are counted.
///
/// # Safety
/// [`shared`](Self::shared) must give a target whose instance nobody borrows mutably while the
/// closure runs, [`exclusive`](Self::exclusive) one that nobody borrows at all: the client calls
/// `&self` and `&mut self` methods of it on that word.
pub unsafe trait Caller {
    /// For a method that takes `&self`.
    ///
    /// # Errors
    /// When there is no way in, or the closure's.
    fn shared<R>(
        &self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>>;

    /// For a method that takes `&mut self`.
    ///
    /// # Errors
    /// When there is no way in, or the closure's.
    fn exclusive<R>(
        &mut self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>>;
}

/// Who serves a slot's calls: names for messages, and how to ask for the text of a panic.
#[derive(Debug, Clone)]
pub struct Origin {
    name: Arc<str>,
    take_failure: unsafe extern "C" fn(*mut Sink),
}

impl Origin {
    /// An origin by the name that is shown to users: `arcade 1.3.2 (generation 7)`.
    ///
    /// # Safety
    /// `take_failure` must be the function of a loaded module's root, and the library must stay
    /// loaded while the origin is in use.
    #[must_use]
    pub const unsafe fn new(name: Arc<str>, take_failure: unsafe extern "C" fn(*mut Sink)) -> Self {
        Self { name, take_failure }
    }

    /// The name that is shown to users.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The failure that this thread's last call into the module left there.
    #[cold]
    #[must_use]
    pub fn failure(&self, method: &str) -> Failure {
        let mut buffer = Buffer::new();
        // SAFETY: the module is loaded (`new`), and the sink is not moved while it runs.
        unsafe { (self.take_failure)(buffer.sink()) };
        let (message, place, backtrace): (String, String, String) =
            Reader::whole(buffer.bytes()).unwrap_or_default();
        Failure {
            module: self.name.clone(),
            method: method.to_owned(),
            // The module may say anything.
            message: text::lined(&message).into_owned(),
            place: text::escaped(&place).into_owned(),
            backtrace: text::frames(&backtrace),
        }
    }
}

/// An instance and its methods, in the caller's order.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    instance: *const (),
    methods: &'a [*const ()],
    origin: &'a Origin,
}

impl<'a> Target<'a> {
    /// An instance of a loaded module.
    ///
    /// # Safety
    /// `instance` must be alive for `'a`, and `methods` must hold, in the order of the caller's
    /// interface, entry points of exactly its module, whose signatures were found equal; null only
    /// for methods that have a default body.
    #[inline]
    #[must_use]
    pub const unsafe fn new(
        instance: *const (),
        methods: &'a [*const ()],
        origin: &'a Origin,
    ) -> Self {
        Self { instance, methods, origin }
    }

    pub(super) const fn methods(self) -> &'a [*const ()] {
        self.methods
    }

    pub(super) const fn origin(self) -> &'a Origin {
        self.origin
    }

    /// One of its methods.
    ///
    /// # Safety
    /// The interface that the target was made for must have a method with this index.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub unsafe fn callee(self, index: usize) -> Callee<'a> {
        debug_assert!(index < self.methods.len());
        // SAFETY: the table has an entry for each method of the interface (`new`), which has one
        // with this index (caller).
        let entry = unsafe { *self.methods.get_unchecked(index) };
        Callee { data: self.instance, entry, origin: Some(self.origin) }
    }
}

/// One method of one instance, or of something lent.
#[derive(Debug, Clone, Copy)]
pub struct Callee<'a> {
    data: *const (),
    entry: *const (),
    origin: Option<&'a Origin>,
}

impl<'a> Callee<'a> {
    pub(super) const fn lent(data: *const (), entry: *const ()) -> Self {
        Self { data, entry, origin: None }
    }

    /// The value to call it on.
    #[inline]
    #[must_use]
    pub const fn data(self) -> *const () {
        self.data
    }

    /// The function to call; null if the other side lacks the method.
    #[inline]
    #[must_use]
    pub const fn entry(self) -> *const () {
        self.entry
    }

    /// The result of a call.
    ///
    /// # Errors
    /// When the call failed over there, or its result cannot be decoded.
    ///
    /// # Safety
    /// `reply` and `out` must be those of one finished call of this method.
    #[inline]
    pub unsafe fn finish<R: Portable>(
        self,
        method: &'static str,
        reply: Reply<Back<R>>,
        out: Out<R>,
    ) -> Result<R, Box<CallError>> {
        if reply.status.is_ok() {
            // SAFETY: the status says that the callee has written the value.
            let back = unsafe { reply.value.assume_init() };
            R::Carrier::receive(back, out).map_err(|error| undecodable(self.origin, method, &error))
        } else {
            Err(failed(self.origin, method, reply.status))
        }
    }
}

// What is cold takes and returns what fits into registers.

#[cold]
fn undecodable(
    origin: Option<&Origin>,
    method: &'static str,
    error: &DecodeError,
) -> Box<CallError> {
    misunderstood(Failure {
        module: origin.map_or_else(|| "what was lent".into(), |origin| origin.name.clone()),
        method: method.to_owned(),
        message: format!("the result cannot be decoded: {error}"),
        ..Failure::default()
    })
}

/// What became of a call that has no result.
#[cold]
fn failed(origin: Option<&Origin>, method: &'static str, status: Status) -> Box<CallError> {
    if status == Status::RELAYED
        && let Some(failure) = runtime::take_failure()
        && let Some(payload) = failure.payload
    {
        // Something of ours that was lent has panicked: it is our panic, and goes on here.
        runtime::keep_place(failure.place);
        resume_unwind(payload);
    }
    let failure = match origin {
        Some(origin) => origin.failure(method),
        None => Failure { module: "what was lent".into(), ..Failure::default() },
    };
    if status == Status::UNDECODABLE {
        misunderstood(failure)
    } else {
        Box::new(CallError::Panicked(Arc::new(failure)))
    }
}

fn misunderstood(failure: Failure) -> Box<CallError> {
    Box::new(CallError::Undecodable(Arc::new(failure)))
}

/// How an argument of type `T` stands in a signature.
pub(crate) type Passed<T> = <<T as Portable>::Carrier as Carrier<T>>::Wire;
/// How a result of type `T` stands in a signature.
pub(crate) type Back<T> = <<T as Portable>::Carrier as Carrier<T>>::Back;
/// Where the caller has a result of type `T` written.
pub(crate) type Out<T> = <<T as Portable>::Carrier as Carrier<T>>::Out;
/// What the caller holds of an argument of type `T`.
pub(crate) type Held<T> = <<T as Portable>::Carrier as Carrier<T>>::Held;

/// Runs an entry point's body inside the guard, and gives its result.
///
/// # Safety
/// `sink` must be what the caller of this entry point passed.
#[inline]
pub(crate) unsafe fn respond<R: Portable>(
    sink: *mut Sink,
    body: impl FnOnce() -> Result<R, DecodeError>,
) -> Reply<Back<R>> {
    let result = guard(|| {
        let value = body()?;
        // SAFETY: the caller's place for the result is alive while it waits for this call.
        Ok(unsafe { R::Carrier::give(value, sink) })
    });
    match result {
        Ok(back) => Reply { status: Status::OK, value: MaybeUninit::new(back) },
        Err(status) => Reply::failed(status),
    }
}

/// Runs a default body on the caller's side: what fails in it over there is the call's error,
/// what panics in it here is the caller's own panic.
///
/// # Errors
/// When a method that the body calls has failed.
pub fn run_default<R>(body: impl FnOnce() -> R) -> Result<R, Box<CallError>> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| match payload.downcast::<Relay>() {
        Ok(relay) => relay.0.unwrap_or_else(|| Box::new(CallError::Panicked(Arc::default()))),
        Err(payload) => resume_unwind(payload),
    })
}

/// What a client returns.
///
/// # Errors
/// The call's own.
#[inline]
pub fn unboxed<R>(result: Result<R, Box<CallError>>) -> Result<R, CallError> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(*error),
    }
}

/// The result of a call inside a method that cannot return an error: a failure unwinds up to the
/// guard of whoever called in.
#[inline]
pub fn or_relay<R>(result: Result<R, Box<CallError>>) -> R {
    match result {
        Ok(value) => value,
        Err(error) => relay(Some(error)),
    }
}

/// The error for a method that what was lent lacks and that has no default body.
#[cold]
#[must_use]
pub fn missing(method: &'static str) -> Box<CallError> {
    misunderstood(Failure {
        module: "the other side".into(),
        method: method.to_owned(),
        message: "it has no such method".to_owned(),
        ..Failure::default()
    })
}
