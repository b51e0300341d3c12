//! The two ways in which a value travels: as it is, or as bytes.

use std::{marker::PhantomData, ptr};

use super::{Buffer, Bytes, Carrier, DecodeError, Plain, Portable, Reader, Sink, Writer};

/// A value as it stands in a signature: passed as a C struct with this one field. So how it is passed
/// follows from its size, its alignment and where in it which numbers are, all of which its
/// description has, and not from what else the compiler knows of its type (`repr(transparent)`, the
/// sign of an enum's number).
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ByValue<T>(T);

/// Travels as it is: scalars and plain data.
#[derive(Debug)]
pub struct Direct(PhantomData<()>);

// SAFETY: plain data has a fixed layout that is part of its shape, and holds no pointers.
unsafe impl<T: Plain + Portable> Carrier<T> for Direct {
    type Wire = ByValue<T>;
    type Held = T;
    // Inside of a `Reply`, which is a C struct.
    type Back = T;
    type Out = ();

    #[inline]
    fn hold(value: T) -> T {
        value
    }
    #[inline]
    fn wire(held: &T) -> ByValue<T> {
        ByValue(*held)
    }
    #[inline]
    unsafe fn take(wire: ByValue<T>) -> Result<T, DecodeError> {
        Ok(wire.0)
    }
    unsafe fn record(wire: ByValue<T>, out: &mut Writer<'_>) {
        wire.0.encode(out);
    }
    #[inline]
    fn out() {}
    #[inline]
    fn sink((): &mut ()) -> *mut Sink {
        ptr::null_mut()
    }
    #[inline]
    unsafe fn give(value: T, _: *mut Sink) -> T {
        value
    }
    #[inline]
    fn receive(back: T, (): ()) -> Result<T, DecodeError> {
        Ok(back)
    }
}

/// Travels as bytes.
#[derive(Debug)]
pub struct Encoded(PhantomData<()>);

// SAFETY: `Bytes` and `u8` are the same everywhere.
unsafe impl<T: Portable> Carrier<T> for Encoded {
    type Wire = Bytes;
    type Held = Buffer;
    type Back = u8;
    type Out = Buffer;

    fn hold(value: T) -> Buffer {
        let mut buffer = Buffer::new();
        value.encode(&mut buffer.writer());
        buffer
    }
    #[inline]
    fn wire(held: &Buffer) -> Bytes {
        Bytes::new(held.bytes())
    }
    unsafe fn take(wire: Bytes) -> Result<T, DecodeError> {
        // SAFETY: the sender holds the buffer while the call lasts (caller).
        Reader::whole(unsafe { wire.as_slice() })
    }
    unsafe fn record(wire: Bytes, out: &mut Writer<'_>) {
        // SAFETY: the sender holds the buffer while the call lasts (caller).
        out.bytes(unsafe { wire.as_slice() });
    }
    #[inline]
    fn out() -> Buffer {
        Buffer::new()
    }
    #[inline]
    fn sink(out: &mut Buffer) -> *mut Sink {
        out.sink()
    }
    unsafe fn give(value: T, sink: *mut Sink) -> u8 {
        // SAFETY: the sink is alive and lent to this call alone (caller).
        value.encode(&mut unsafe { Writer::new(sink) });
        0
    }
    fn receive(_: u8, out: Buffer) -> Result<T, DecodeError> {
        Reader::whole(out.bytes())
    }
}
