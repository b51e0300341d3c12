//! Values that cross by value, always rebuilt in the receiver's own memory.
//!
//! A scalar and a plain-data struct travel in registers or by copy ([`Direct`]). Everything else
//! travels as bytes ([`Encoded`]): the sender encodes it into a buffer of its own, the receiver
//! builds the value anew from these bytes while the call lasts. So no allocation, no vtable and no
//! pointer of one library is ever owned by another one, and a library can be unloaded without
//! asking what became of the values it has returned.
//!
//! # Who owns which memory
//! | what | whose memory | who frees it |
//! |---|---|---|
//! | an argument on its way | the sender's buffer | the sender, after the call |
//! | a result on its way | the caller's buffer, which the callee reaches through a `Sink` | the caller |
//! | a value that was received | the receiver's | the receiver |
//!
//! Instances, contexts and migrated states are boxes of the module (`module/root.rs`). A state that
//! is handed over as memory consists of blocks of an allocator that both modules share
//! (`state/movable.rs`).
//!
//! # Why values travel as bytes
//! abi_stable has types for this, such as `RVec`. They carry the vtable of the library that made
//! them. Dropping one after that library was unmapped is a crash, and a host cannot know when the
//! last one is dropped. Bytes have no owner: recursive types work, the two sides may have different
//! compilers, and users' crates need no derive of abi_stable. The price is the encoding. Where it
//! counts, plain data is lent by reference, without a copy.

mod carrier;
mod carriers;
mod net;
mod plain;
mod ranges;
mod reader;
mod scalars;
mod sink;
mod std_types;
mod wire;
mod words;

#[doc(hidden)]
pub mod with;

pub use carrier::Carrier;
#[doc(hidden)]
pub use carriers::ByValue;
pub use carriers::{Direct, Encoded};
pub use plain::Plain;
pub use reader::{DecodeError, Reader};
#[doc(hidden)]
pub use scalars::Nothing;
pub use sink::{Buffer, Counter, Sink, Writer};
pub use wire::{Bytes, PlainSlice, Reply, Status, Str};
pub use words::{argument_words, words};

use crate::shape::{Shaped, Wire};

/// A type whose values cross a call by value.
///
/// Derive it:
/// ```
/// # use hotswap_abi::Portable;
/// #[derive(Portable, Clone, Debug)]
/// pub struct Score {
///     pub player: String,
///     pub points: u32,
/// }
/// ```
/// Types of some crates are portable with a feature of this crate that is named like theirs. A field
/// of another crate's type takes `#[portable(serde)]`, where that type has serde's traits, or
/// `#[portable(with = module)]`, where `module` has `type Repr`, `fn to(&T) -> Repr` and
/// `fn from(Repr) -> Result<T, impl Display>` with a portable `Repr`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross the boundary by value",
    label = "not portable",
    note = "types of bytes, chrono, glam, indexmap, jiff, serde_json, smallvec, time and uuid: turn on the \
            feature of hotswap-abi that is named like their crate, `features = [\"uuid\"]`",
    note = "for a type of your own: `#[derive(Portable)]`",
    note = "for any other type of another crate: mark the argument, the field, or the method for its \
            result, `#[portable(serde)]`, or a field `#[portable(with = …)]`"
)]
pub trait Portable: Shaped<Wire> + Sized + 'static {
    /// How a value travels.
    #[doc(hidden)]
    type Carrier: Carrier<Self>;

    /// Writes the value.
    #[doc(hidden)]
    fn encode(&self, out: &mut Writer<'_>);

    /// Rebuilds a value.
    ///
    /// # Errors
    /// When the bytes do not spell a value of this type.
    #[doc(hidden)]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Writes many values; numbers do it with one copy.
    #[doc(hidden)]
    fn encode_all(items: &[Self], out: &mut Writer<'_>) {
        for item in items {
            item.encode(out);
        }
    }

    /// Rebuilds `count` values; numbers do it with one copy.
    #[doc(hidden)]
    fn decode_all(count: usize, input: &mut Reader<'_>) -> Result<Vec<Self>, DecodeError> {
        // A count is only believed as far as the bytes go.
        let mut items = Vec::with_capacity(count.min(input.remaining()));
        for _ in 0..count {
            items.push(Self::decode(input)?);
        }
        Ok(items)
    }
}

impl<'a> Reader<'a> {
    /// Reads one value that takes all of the bytes.
    ///
    /// # Errors
    /// When the bytes do not spell a value, or go on behind it.
    pub fn whole<T: Portable>(bytes: &'a [u8]) -> Result<T, DecodeError> {
        let mut reader = Self::new(bytes);
        let value = T::decode(&mut reader)?;
        reader.end()?;
        Ok(value)
    }
}
