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

mod described;
mod std_types;
#[cfg(test)]
mod tests;

pub use described::{Described, Description, Part, Traps, movable};

/// A type whose values can be handed over as memory, to another build of the same module. Derive it:
/// ```
/// use std::collections::HashMap;
///
/// use hotswap_abi::{HotState, Movable, Shape};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(HotState, Movable, Serialize, Deserialize, Clone)]
/// #[hot_state(version = 1)]
/// pub struct World {
///     units: HashMap<u64, Unit>,
///     names: Vec<String>,
/// }
///
/// #[derive(Shape, Movable, Serialize, Deserialize, Clone)]
/// struct Unit {
///     name: String,
///     kind: Kind,
/// }
///
/// #[derive(Shape, Movable, Serialize, Deserialize, Clone)]
/// enum Kind {
///     Tree,
///     House { rooms: Vec<Unit> },
/// }
/// ```
/// and name the field with `#[hot_module(interface = Game, state = world)]`
/// ([`HotModule`](macro@crate::HotModule)).
///
/// # What is yours to keep
/// A value keeps what it had. So where a type's fields stay and their meaning changes, give the state
/// a new version, as you would for its encoding. This is also so for an `impl Hash`, `Eq` or `Ord` of
/// a key: a map does not notice that it has become another one. And code of your own that is `unsafe`
/// and relies on what a private field holds has to take what the version before has put there.
///
/// # Safety
/// A value must be valid in every library in which this type is [described](Description) alike: with
/// the same compiler for the same target, and an allocator that is shared. It may point to what it
/// has allocated, and to nothing else, and nobody else may point to that; but for what
/// [`mend`](Self::mend) mends, and `describe` [names](Description::trap). `describe` must name each
/// part whose values are part of the value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be handed over as memory",
    label = "`Movable` is not implemented for this",
    note = "a value that moves owns all it points to: no reference (also no `&'static str` or `Cow`), \
            function pointer, `dyn Trait`, raw pointer, `Rc`, `Arc` or lock",
    note = "derive `Movable` for your own types; for a type that cannot have it, keep the value in \
            another field of the module, or leave `state = …` away: then the state is encoded"
)]
pub unsafe trait Movable: Sized + 'static {
    /// Names the parts of this type.
    fn describe(description: &mut Description);

    /// Replaces what points into the library that the value came from, at fixed places: in constant
    /// time. What is inside of a collection is left.
    fn mend(&mut self);
}
