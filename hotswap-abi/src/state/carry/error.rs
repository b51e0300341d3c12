//! Why a state is not carried.

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
    #[error("{at} cannot be carried from {from} to {to}; write a migration for it")]
    Incompatible {
        /// The path of the field.
        at: String,
        /// The old type.
        from: String,
        /// The new type.
        to: String,
    },
    /// A new field has a type without a zero.
    #[error("{at} is new, and {ty} has no value to start with; give it `#[serde(default)]`")]
    NoDefault {
        /// The path of the field.
        at: String,
        /// Its type.
        ty: String,
    },
    /// The value, or its type, is nested too deeply.
    #[error("{at} is nested too deeply to be carried; write a migration for it")]
    Deep {
        /// The field of the state that it is in.
        at: String,
    },
}

crate::debug_in_full!(CarryError);
