//! What generated code asks of a user's types: it does not compile where a type is not what it has
//! to be.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    portable::{Plain, Portable},
    shape::{Shaped, Stored},
};

/// Fails to compile on a type that is not portable.
pub const fn must_be_portable<T: Portable>() {}

/// Fails to compile on a type that has not both of serde's traits.
pub const fn must_be_serde<T: Serialize + DeserializeOwned + 'static>() {}

/// Fails to compile on a type that is not plain.
pub const fn must_be_plain<T: Plain>() {}

/// Fails to compile on a type that is no part of a state: it does not describe itself.
pub const fn must_be_stored<T: Shaped<Stored>>() {}

/// A type that is this very one. An argument `impl Is<&T>` is not coerced, as a `&T` would be: a
/// `&Box<T>` becomes a `&T`, and so does a reference to whatever has a `Deref`.
#[diagnostic::on_unimplemented(
    message = "a field is of another type than the derive has seen: `{Self}` is no `{T}`",
    label = "changed below the derive",
    note = "put attributes that change the type above `#[derive(…)]`"
)]
pub trait Is<T> {
    /// The value.
    fn it(self) -> T;
}

impl<T> Is<T> for T {
    fn it(self) -> T {
        self
    }
}

/// Fails to compile on a field of another type.
pub const fn must_be<'a, T: ?Sized + 'a>(_: &impl Is<&'a T>) {}
