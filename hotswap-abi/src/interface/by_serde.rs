//! How a type crosses by its serde form: what `#[portable(serde)]` stands for on an argument, or on a
//! method for its result.
//!
//! The value travels as the bytes of [`encode_serde`], like a field that is marked in this way. As
//! with a portable type, one without serde's traits is one error, on the user's token.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    call::{Callee, respond},
    crossing::{Crossing, Way},
    error::CallError,
};
use crate::{
    portable::{
        Buffer, Bytes, Carrier, DecodeError, Encoded, Portable, Reader, Reply, Sink, Writer,
        with::{decode_serde, encode_serde},
    },
    shape::{Info, Parts, Shaped, Wire},
};

/// Tells in a constant whether a type has serde's traits, as `Crosses` does for portable ones.
#[derive(Debug)]
pub struct BySerde<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: Serialize + DeserializeOwned + 'static> BySerde<T> {
    /// By its serde form.
    pub const WAY: u8 = 2;
}

/// The other half of [`BySerde`].
pub trait NotBySerde {
    /// Not at all.
    const WAY: u8 = 0;
}

impl<T: ?Sized> NotBySerde for BySerde<T> {}

/// A value on its way.
struct Form<T>(T);

// SAFETY: no interface describes it: what crosses is described by the name of the user's type, as a
// value that travels as bytes, which is how this one does.
unsafe impl<T> Shaped<Wire> for Form<T> {
    const INFO: Info = Info::opaque("");
    fn args() -> impl Parts<Wire> {}
    fn parts() -> impl Parts<Wire> {}
}

impl<T: Serialize + DeserializeOwned + 'static> Portable for Form<T> {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        encode_serde(&self.0, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        decode_serde(input).map(Self)
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Crossing<T> for Way<2> {
    type Passed = Bytes;
    type Back = u8;
    type Held = Buffer;
    type Out = Buffer;

    fn hold(value: T) -> Buffer {
        Encoded::hold(Form(value))
    }
    fn pass(held: &Buffer) -> Bytes {
        <Encoded as Carrier<Form<T>>>::wire(held)
    }
    unsafe fn take(passed: Bytes) -> Result<T, DecodeError> {
        // SAFETY: the caller holds the argument while it waits for this call.
        let form: Form<T> = unsafe { Encoded::take(passed) }?;
        Ok(form.0)
    }
    unsafe fn record(passed: Bytes, out: &mut Writer<'_>) {
        // SAFETY: as above.
        unsafe { <Encoded as Carrier<Form<T>>>::record(passed, out) };
    }
    fn out() -> Buffer {
        <Encoded as Carrier<Form<T>>>::out()
    }
    fn sink(out: &mut Buffer) -> *mut Sink {
        <Encoded as Carrier<Form<T>>>::sink(out)
    }
    unsafe fn finish(
        callee: Callee<'_>,
        method: &'static str,
        reply: Reply<u8>,
        out: Buffer,
    ) -> Result<T, Box<CallError>> {
        // SAFETY: those of one finished call (caller).
        let form: Form<T> = unsafe { callee.finish(method, reply, out) }?;
        Ok(form.0)
    }
    unsafe fn respond(sink: *mut Sink, body: impl FnOnce() -> Result<T, DecodeError>) -> Reply<u8> {
        // SAFETY: the caller's own (caller).
        unsafe { respond(sink, || body().map(Form)) }
    }
    fn encode(value: &T, out: &mut Writer<'_>) {
        encode_serde(value, out);
    }
    fn decode(input: &mut Reader<'_>) -> Result<T, DecodeError> {
        decode_serde(input)
    }
}
