//! The description of a type that moves: what two libraries must agree on, as text.
//!
//! It is made at run time. A constant one of `struct Node { kids: Vec<Node> }` would refer to itself
//! (E0391), and here a list of the types that were seen ends the walk.
//!
//! # Why equal texts mean equal layouts
//! The text has the compiler with its commit, its flags, the target, and for each type its name, size
//! and alignment, its fields with name, offset and type, its variants with their names, numbers and
//! types, and its `#[repr]`. Where the offsets of a type of std, or the tag of an enum, are not to be
//! had, they follow from this: a compiler lays a type out as a function of its definition, the target
//! and the flags. The one flag that breaks it, `-Z randomize-layout`, is refused by the derives.

use std::{any::TypeId, collections::VecDeque, fmt::Display, fmt::Write as _};

use super::Movable;
use crate::{manifest::TARGET, private::Is};

/// The compiler that built this crate, with its commit, and the flags of this build.
const COMPILER: &str = env!("HOTSWAP_COMPILER");

/// Where a value of a type may point into the library that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "whoever mends looks at all of them")]
pub enum Traps {
    /// Nowhere.
    None,
    /// At fixed places: [`Movable::mend`] mends all of them.
    Fixed,
    /// Inside of collections, too.
    Deep,
}

/// What a walk through a type has found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host makes it of what a module has written")]
pub struct Described {
    /// Equal texts mean equal layouts; a line each fact.
    pub text: String,
    /// What is to be mended.
    pub traps: Traps,
}

impl Described {
    /// The first line in which two descriptions differ, on each side; `None` if they do not.
    #[must_use]
    pub fn difference<'a>(&'a self, other: &'a Self) -> Option<(&'a str, &'a str)> {
        let (mut ours, mut theirs) = (self.text.lines(), other.text.lines());
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return None,
                (ours, theirs) if ours == theirs => {}
                (ours, theirs) => {
                    return Some((ours.unwrap_or("no more"), theirs.unwrap_or("no more")));
                }
            }
        }
    }
}

/// A walk through a type and its parts.
#[derive(Debug)]
pub struct Description {
    text: String,
    /// Types in the order in which they were found: their numbers in the text.
    seen: Vec<TypeId>,
    /// Types that were walked through, and whether inside of a collection.
    walked: Vec<(TypeId, bool)>,
    left: VecDeque<Visit>,
    /// The type that is being described.
    now: Option<Visit>,
    traps: Traps,
}

#[derive(Debug, Clone, Copy)]
struct Visit {
    number: usize,
    describe: fn(&mut Description),
    header: fn(&mut String),
    is_deep: bool,
    /// It was written before: only its traps are looked for.
    is_written: bool,
}

impl Description {
    /// Describes a type.
    #[must_use]
    pub fn of<T: Movable>() -> Described {
        let text = format!("{COMPILER}\nfor {TARGET}\n");
        let (seen, walked, left) = (Vec::new(), Vec::new(), VecDeque::new());
        let mut walk = Self { text, seen, walked, left, now: None, traps: Traps::None };
        walk.number::<T>(false);
        while let Some(visit) = walk.left.pop_front() {
            walk.now = Some(visit);
            if !visit.is_written {
                let _ = write!(walk.text, "#{} ", visit.number);
                (visit.header)(&mut walk.text);
            }
            (visit.describe)(&mut walk);
        }
        Described { text: walk.text, traps: walk.traps }
    }

    /// A part at a fixed place of the value, and where that is.
    pub fn field<T: Movable>(&mut self, name: &str, offset: usize) {
        let number = self.number::<T>(self.is_deep());
        self.line(format_args!("  {name} at {offset}: #{number}"));
    }

    /// A part at a fixed place that the compiler does not tell, of which there is one at most.
    pub fn part<T: Movable>(&mut self, name: &str) {
        let number = self.number::<T>(self.is_deep());
        self.line(format_args!("  {name}: #{number}"));
    }

    /// A part that the value points to, of which there may be many.
    pub fn behind<T: Movable>(&mut self, name: &str) {
        let number = self.number::<T>(true);
        self.line(format_args!("  {name} behind it: #{number}"));
    }

    /// Something else that decides about the layout.
    pub fn fact(&mut self, fact: impl Display) {
        self.line(format_args!("  {fact}"));
    }

    /// The value itself may point into its library, and `mend` mends that.
    pub fn trap(&mut self) {
        self.traps = self.traps.max(if self.is_deep() { Traps::Deep } else { Traps::Fixed });
    }

    fn is_deep(&self) -> bool {
        self.now.is_some_and(|now| now.is_deep)
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        if self.now.is_none_or(|now| !now.is_written) {
            let _ = writeln!(self.text, "{line}");
        }
    }

    /// The number of a type, which is walked through later unless it was.
    fn number<T: Movable>(&mut self, is_deep: bool) -> usize {
        let id = TypeId::of::<T>();
        let known = self.seen.iter().position(|seen| *seen == id);
        let number = known.unwrap_or_else(|| {
            self.seen.push(id);
            self.seen.len() - 1
        });
        if !self.walked.contains(&(id, is_deep)) {
            self.walked.push((id, is_deep));
            let (describe, header) = (T::describe as fn(&mut Self), header::<T> as fn(&mut String));
            let is_written = known.is_some();
            self.left.push_back(Visit { number, describe, header, is_deep, is_written });
        }
        number
    }
}

fn header<T>(text: &mut String) {
    let (name, size, align) = (std::any::type_name::<T>(), size_of::<T>(), align_of::<T>());
    let _ = writeln!(text, "{name} of {size} bytes, aligned to {align}");
}

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
