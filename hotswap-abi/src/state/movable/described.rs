//! What a walk through a type has found.

/// Where a value of a type may point into the library that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "whoever mends looks at all of them")]
pub enum Traps {
    /// Nowhere.
    None,
    /// At fixed places: [`Movable::mend`](super::Movable::mend) mends all of them.
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
