//! How a value travels, as a choice of types.

use std::{marker::PhantomData, mem::MaybeUninit, ptr};

use super::{Buffer, Bytes, DecodeError, Plain, Portable, Reader, Sink, Writer};

/// How values of `T` travel: what stands in the signature, and who holds what meanwhile.
///
/// # Safety
/// [`Wire`](Self::Wire) and [`Back`](Self::Back) must be the same on both sides if the shapes of
/// `T` are, and safe to pass by value in the C calling convention of one compiler's `repr(C)`.
pub unsafe trait Carrier<T> {
    /// What stands in the signature for an argument.
    type Wire: Copy;
    /// What the sender holds while the call lasts.
    type Held;
    /// What stands in the signature for a result.
    type Back;
    /// Where the receiver of a result has it written.
    type Out;

    /// The sender takes the value.
    fn hold(value: T) -> Self::Held;
    /// The sender lends it.
    fn wire(held: &Self::Held) -> Self::Wire;
    /// The receiver rebuilds it.
    ///
    /// # Errors
    /// When the bytes do not spell a value.
    ///
    /// # Safety
    /// `wire` was made by [`wire`](Self::wire) from something that is still held.
    unsafe fn take(wire: Self::Wire) -> Result<T, DecodeError>;

    /// A place for a result.
    fn out() -> Self::Out;
    /// The place as it stands in the signature.
    fn sink(out: &mut Self::Out) -> *mut Sink;
    /// The callee gives its result.
    ///
    /// # Safety
    /// `sink` comes from [`sink`](Self::sink), and its place is alive and has not moved.
    unsafe fn give(value: T, sink: *mut Sink) -> Self::Back;
    /// The caller rebuilds the result.
    ///
    /// # Errors
    /// When the bytes do not spell a value.
    ///
    /// # Safety
    /// The callee has made `back` with the sink of `out` ([`give`](Self::give)).
    unsafe fn receive(back: Self::Back, out: Self::Out) -> Result<T, DecodeError>;
}

/// Travels as it is, in registers or by copy: scalars and plain data of a few words.
#[derive(Debug)]
pub struct Direct(PhantomData<()>);

/// Is read where the sender has it, and written where the receiver wants it: larger plain data.
#[derive(Debug)]
pub struct InPlace(PhantomData<()>);

/// How plain data travels, by its size.
#[derive(Debug)]
pub struct BySize<const LARGE: bool>(PhantomData<()>);

/// Whether plain data is larger than what two registers hold.
#[must_use]
pub const fn is_large<T: Plain>() -> bool {
    size_of::<T>() > 2 * size_of::<u64>()
}

/// A choice of how plain data travels.
pub trait Chosen {
    /// What was chosen.
    type Carrier;
}

impl Chosen for BySize<false> {
    type Carrier = Direct;
}

impl Chosen for BySize<true> {
    type Carrier = InPlace;
}

// SAFETY: plain data has a fixed layout that is part of its shape, and holds no pointers.
unsafe impl<T: Plain> Carrier<T> for Direct {
    type Wire = T;
    type Held = T;
    type Back = T;
    type Out = ();

    #[inline]
    fn hold(value: T) -> T {
        value
    }
    #[inline]
    fn wire(held: &T) -> T {
        *held
    }
    #[inline]
    unsafe fn take(wire: T) -> Result<T, DecodeError> {
        Ok(wire)
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
    unsafe fn receive(back: T, (): ()) -> Result<T, DecodeError> {
        Ok(back)
    }
}

// SAFETY: a pointer is the same everywhere, and plain data has a fixed layout that is part of its
// shape, and holds no pointers.
unsafe impl<T: Plain> Carrier<T> for InPlace {
    type Wire = *const T;
    type Held = T;
    type Back = u8;
    type Out = MaybeUninit<T>;

    #[inline]
    fn hold(value: T) -> T {
        value
    }
    #[inline]
    fn wire(held: &T) -> *const T {
        ptr::from_ref(held)
    }
    #[inline]
    unsafe fn take(wire: *const T) -> Result<T, DecodeError> {
        // SAFETY: the sender holds the value while the call lasts (caller).
        Ok(unsafe { *wire })
    }
    #[inline]
    fn out() -> MaybeUninit<T> {
        MaybeUninit::uninit()
    }
    /// It is a place for the value itself: what stands in the signature is an address.
    #[inline]
    fn sink(out: &mut MaybeUninit<T>) -> *mut Sink {
        out.as_mut_ptr().cast()
    }
    #[inline]
    unsafe fn give(value: T, sink: *mut Sink) -> u8 {
        // SAFETY: it is the place that the caller has made for a `T` (`sink`), alive and unmoved
        // (caller).
        unsafe { sink.cast::<T>().write(value) };
        0
    }
    #[inline]
    unsafe fn receive(_: u8, out: MaybeUninit<T>) -> Result<T, DecodeError> {
        // SAFETY: the callee has given a value (caller).
        Ok(unsafe { out.assume_init() })
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
        value.encode(&mut Writer::new(unsafe { &mut *sink }));
        0
    }
    unsafe fn receive(_: u8, out: Buffer) -> Result<T, DecodeError> {
        Reader::whole(out.bytes())
    }
}
