//! How a value travels: what stands in a signature, and who holds what meanwhile.

use super::{
    reader::DecodeError,
    sink::{Sink, Writer},
};

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
    /// Writes a value on its way, as its `Portable::encode` would.
    ///
    /// # Safety
    /// As for [`take`](Self::take).
    unsafe fn record(wire: Self::Wire, out: &mut Writer<'_>);

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
    fn receive(back: Self::Back, out: Self::Out) -> Result<T, DecodeError>;
}
