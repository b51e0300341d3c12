//! A part of a type that moves, as generated code uses it.

use super::description::{Description, Movable};
use crate::checks::Is;

/// A part of a type as generated code uses it: one bound, so that a part without is one error.
#[derive(Debug)]
pub struct Part<T> {
    field: fn(&mut Description, &str, usize),
    part: fn(&mut Description, &str),
    mend: fn(&mut T),
}

/// Fails to compile on a type that cannot move.
#[must_use]
pub const fn movable<T: Movable>() -> Part<T> {
    Part { field: Description::field::<T>, part: Description::part::<T>, mend: T::mend }
}

impl<T> Part<T> {
    /// As [`Description::field`].
    pub fn field(&self, description: &mut Description, name: &str, offset: usize) {
        (self.field)(description, name, offset);
    }

    /// As [`Description::part`].
    pub fn part(&self, description: &mut Description, name: &str) {
        (self.part)(description, name);
    }

    /// As [`Movable::mend`]. The field has this very type: nothing is coerced to it.
    pub fn mend<'a>(&self, value: impl Is<&'a mut T>)
    where
        T: 'a,
    {
        (self.mend)(value.it());
    }
}
