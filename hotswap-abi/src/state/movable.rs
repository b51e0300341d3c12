//! A state that is handed over as memory: which types it may be made of, and what is mended.
//!
//! Where code changed and the state did not, encoding it and decoding it again makes the same value
//! in another place. Instead the bytes of the field that holds it go over, and what they point to
//! stays where it is. That a type bears this is a promise ([`Movable`]); that it is the same type on
//! both sides is compared when both are loaded ([`Description`]), as text, before anything moves.
//!
//! # What would break
//! | in the value | why it is no longer valid when its library is gone | here |
//! |---|---|---|
//! | `&'static str`, `Cow::Borrowed`, a `fn`, a vtable | it points into the library | not `Movable` |
//! | `Rc`, `Arc`, a channel, a lock | somebody else may have the other end | not `Movable` |
//! | an empty `HashMap` or `HashSet` | it points to a constant of the library | mended |
//!
//! An empty map that stands at a fixed place in the state is mended when it arrives, in constant
//! time. One inside of a collection is not looked for, because that takes as long as the state is
//! large: then the library that it may have come from stays mapped ([`Traps::Deep`]).
//!
//! Looking for those maps in the background would hold the instance's lock for as long as the state
//! is large, which is the pause that the hand-over as memory avoids.

mod described;
mod description;
mod part;
mod std_types;
#[cfg(test)]
mod tests;

pub use described::{Described, Traps};
pub use description::{Description, Movable};
pub use part::{Part, movable};
