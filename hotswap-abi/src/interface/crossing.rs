//! How generated code uses a type that should be portable, and may not be.
//!
//! A type that is not portable is to be one error, on the user's token. So generated code checks it
//! at one place, and everywhere else goes through [`Crossing`], which holds for every type: with the
//! type's own carrier where it is portable, and with code that never runs where it is not.

use std::marker::PhantomData;

use super::{
    call::{Back, Callee, Held, Out, Passed, respond},
    error::CallError,
};
use crate::portable::{Carrier, DecodeError, Portable, Reader, Reply, Sink, Writer};

/// Tells in a constant whether a type is portable, as `Probe` does for descriptions.
#[derive(Debug)]
pub struct Crosses<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: Portable> Crosses<T> {
    /// The type is portable.
    pub const KNOWN: bool = true;
    /// By its own carrier.
    pub const WAY: u8 = 1;
}

/// The other half of [`Crosses`].
pub trait Refused {
    /// The type is not portable.
    const KNOWN: bool = false;
    /// Not at all.
    const WAY: u8 = 0;
}

impl<T: ?Sized> Refused for Crosses<T> {}

/// How a type crosses: 1 is by its own carrier, if it is portable; 2 is by its serde form
/// (`BySerde`); 0 is not at all.
#[derive(Debug)]
pub struct Way<const WAY: u8>(());

/// A call's use of a type.
pub trait Crossing<T> {
    /// How an argument stands in a signature.
    type Passed: Copy;
    /// How a result stands in a signature.
    type Back;
    /// What the caller holds of an argument.
    type Held;
    /// Where the caller has a result written.
    type Out;

    /// Holds an argument.
    fn hold(value: T) -> Self::Held;
    /// How a held argument is passed.
    fn pass(held: &Self::Held) -> Self::Passed;
    /// Takes an argument.
    ///
    /// # Errors
    /// When it cannot be decoded.
    ///
    /// # Safety
    /// `passed` must be what the caller of this entry point passed.
    unsafe fn take(passed: Self::Passed) -> Result<T, DecodeError>;
    /// Writes an argument on its way.
    ///
    /// # Safety
    /// As for [`take`](Self::take).
    unsafe fn record(passed: Self::Passed, out: &mut Writer<'_>);
    /// A place for a result.
    fn out() -> Self::Out;
    /// How the place for a result is passed.
    fn sink(out: &mut Self::Out) -> *mut Sink;
    /// The result of a call.
    ///
    /// # Errors
    /// When the call failed over there, or its result cannot be decoded.
    ///
    /// # Safety
    /// `reply` and `out` must be those of one finished call of this method.
    unsafe fn finish(
        callee: Callee<'_>,
        method: &'static str,
        reply: Reply<Self::Back>,
        out: Self::Out,
    ) -> Result<T, Box<CallError>>;
    /// Runs an entry point's body inside the guard, and gives its result.
    ///
    /// # Safety
    /// `sink` must be what the caller of this entry point passed.
    unsafe fn respond(
        sink: *mut Sink,
        body: impl FnOnce() -> Result<T, DecodeError>,
    ) -> Reply<Self::Back>;
    /// Writes a value.
    fn encode(value: &T, out: &mut Writer<'_>);
    /// Rebuilds a value.
    ///
    /// # Errors
    /// When the bytes do not spell one.
    fn decode(input: &mut Reader<'_>) -> Result<T, DecodeError>;
}

impl<T: Portable> Crossing<T> for Way<1> {
    type Passed = Passed<T>;
    type Back = Back<T>;
    type Held = Held<T>;
    type Out = Out<T>;

    #[inline]
    fn hold(value: T) -> Held<T> {
        T::Carrier::hold(value)
    }
    #[inline]
    fn pass(held: &Held<T>) -> Passed<T> {
        T::Carrier::wire(held)
    }
    #[inline]
    unsafe fn take(passed: Passed<T>) -> Result<T, DecodeError> {
        // SAFETY: the caller holds the argument while it waits for this call.
        unsafe { T::Carrier::take(passed) }
    }
    unsafe fn record(passed: Passed<T>, out: &mut Writer<'_>) {
        // SAFETY: as above.
        unsafe { T::Carrier::record(passed, out) };
    }
    #[inline]
    fn out() -> Out<T> {
        T::Carrier::out()
    }
    #[inline]
    fn sink(out: &mut Out<T>) -> *mut Sink {
        T::Carrier::sink(out)
    }
    #[inline]
    unsafe fn finish(
        callee: Callee<'_>,
        method: &'static str,
        reply: Reply<Back<T>>,
        out: Out<T>,
    ) -> Result<T, Box<CallError>> {
        // SAFETY: those of one finished call (caller).
        unsafe { callee.finish(method, reply, out) }
    }
    #[inline]
    unsafe fn respond(
        sink: *mut Sink,
        body: impl FnOnce() -> Result<T, DecodeError>,
    ) -> Reply<Back<T>> {
        // SAFETY: the caller's own (caller).
        unsafe { respond(sink, body) }
    }
    #[inline]
    fn encode(value: &T, out: &mut Writer<'_>) {
        value.encode(out);
    }
    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<T, DecodeError> {
        T::decode(input)
    }
}

/// Never runs: the crate does not compile.
impl<T> Crossing<T> for Way<0> {
    type Passed = u8;
    type Back = u8;
    type Held = ();
    type Out = ();

    fn hold(_: T) {}
    fn pass((): &()) -> u8 {
        0
    }
    unsafe fn take(_: u8) -> Result<T, DecodeError> {
        unreachable!()
    }
    unsafe fn record(_: u8, _: &mut Writer<'_>) {}
    fn out() {}
    fn sink((): &mut ()) -> *mut Sink {
        std::ptr::null_mut()
    }
    unsafe fn finish(
        _: Callee<'_>,
        _: &'static str,
        _: Reply<u8>,
        (): (),
    ) -> Result<T, Box<CallError>> {
        unreachable!()
    }
    unsafe fn respond(_: *mut Sink, _: impl FnOnce() -> Result<T, DecodeError>) -> Reply<u8> {
        unreachable!()
    }
    fn encode(_: &T, _: &mut Writer<'_>) {}
    fn decode(_: &mut Reader<'_>) -> Result<T, DecodeError> {
        unreachable!()
    }
}
