//! Why a state is not carried.

use std::fmt;

/// A new field of a type without a zero.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewField {
    /// Its path.
    pub at: String,
    /// Its type.
    pub ty: String,
    /// The fields of the same struct that are gone, and whose values this one could take.
    pub gone: Vec<String>,
}

impl NewField {
    /// The field that has this one in it, or is it.
    pub(super) fn within(mut self, at: &str) -> Self {
        if self.at != at {
            self.at = at.to_owned();
            self.ty += " in it";
        }
        self
    }
}

impl fmt::Display for NewField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is new, and {} has no value to start with", self.at, self.ty)?;
        if !self.gone.is_empty() {
            write!(f, "; gone: {}", self.gone.join(", "))?;
        }
        Ok(())
    }
}

/// Why a state cannot be carried by name.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CarryError {
    /// The bytes are no state of the old shape.
    #[error("the stored state does not have the shape that it is said to have, at {at}")]
    Malformed {
        /// The path of the field.
        at: String,
    },
    /// A value of the old type is none of the new type.
    #[error("{at} cannot be carried from {from} to {to}")]
    Incompatible {
        /// The path of the field.
        at: String,
        /// The old type.
        from: String,
        /// The new type.
        to: String,
    },
    /// New fields have types without a zero.
    #[error("{}", lines(fields))]
    NoDefault {
        /// All of them.
        fields: Vec<NewField>,
    },
    /// The value, or its type, is nested too deeply.
    #[error("{at} is nested too deeply to be carried")]
    Deep {
        /// The field of the state that it is in.
        at: String,
    },
}

fn lines(fields: &[NewField]) -> String {
    fields.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

crate::debug_in_full!(CarryError);
