//! How long types get when they are written as a user would write them.
//!
//! A user's type is written with its arguments, `Grid<Cell<u8>>`, and these may be users' types
//! again. In a hostile manifest that leads in a circle, or doubles with every step. So all is
//! measured before anybody writes it: each definition once, with those that its arguments refer to
//! measured before, and no deeper in one another than the decoder lets types nest.

use crate::shape::{Definition, Shape};

/// How deep types may be nested in one another.
pub(super) const DEEPEST: usize = 128;

/// What stands around a name and between arguments, at most.
const AROUND: usize = 32;

/// Whether every definition, every member and each of `others` is written with at most `most` bytes.
pub(super) fn is_bounded<'a>(
    definitions: &[Definition],
    mut others: impl Iterator<Item = &'a Shape>,
    most: usize,
) -> bool {
    let mut lengths = Lengths { definitions, most, known: vec![Known::No; definitions.len()] };
    (0..definitions.len()).all(|index| lengths.definition(index, 0).is_some())
        && others.all(|shape| lengths.shape(shape, 0).is_some())
        && definitions.iter().flat_map(|it| &it.members).all(|member| {
            let labels = member.labels.iter().map(|label| label.len() + AROUND).sum();
            lengths.sum(labels, &member.parts, 0).is_some()
        })
}

#[derive(Clone, Copy)]
enum Known {
    No,
    /// It is being measured: who comes here again goes in a circle.
    Begun,
    Length(usize),
}

struct Lengths<'a> {
    definitions: &'a [Definition],
    most: usize,
    known: Vec<Known>,
}

impl Lengths<'_> {
    /// A definition's length; `None` where that is too much.
    fn definition(&mut self, index: usize, depth: usize) -> Option<usize> {
        match self.known.get(index)? {
            Known::Length(length) => return Some(*length),
            Known::Begun => return None,
            Known::No if depth > DEEPEST => return None,
            Known::No => self.known[index] = Known::Begun,
        }
        let definition = &self.definitions[index];
        let length = self.sum(definition.name.len() + AROUND, &definition.args, depth)?;
        self.known[index] = Known::Length(length);
        Some(length)
    }

    fn shape(&mut self, shape: &Shape, depth: usize) -> Option<usize> {
        match shape {
            Shape::Scalar(name) | Shape::Opaque(name) => self.sum(name.len() + AROUND, &[], depth),
            Shape::Container { name, args, .. } => self.sum(name.len() + AROUND, args, depth),
            Shape::Defined(index) => self.definition(*index, depth),
        }
    }

    fn sum(&mut self, own: usize, args: &[Shape], depth: usize) -> Option<usize> {
        let mut length = own;
        for arg in args {
            length += self.shape(arg, depth + 1)?;
            if length > self.most {
                return None;
            }
        }
        (length <= self.most).then_some(length)
    }
}
