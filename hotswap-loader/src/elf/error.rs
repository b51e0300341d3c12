//! What can be wrong with an ELF artifact.

use thiserror::Error;

/// What is wrong with an ELF artifact. The caller adds its path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ElfError {
    /// It is something else.
    #[error("expected a file that starts with 7f 45 4c 46 (ELF), found {found}")]
    NotElf {
        /// Its first bytes.
        found: String,
    },
    /// It is made for another kind of machine, or is not a shared library.
    #[error("expected {what} {expected}, found {found}")]
    Foreign {
        /// The property.
        what: &'static str,
        /// What this host can load.
        expected: String,
        /// What the artifact is.
        found: String,
    },
    /// Its end is missing.
    #[error("truncated: {what} ends at byte {end}, the file at byte {size}")]
    Truncated {
        /// The part that lies beyond the end.
        what: String,
        /// Where that part ends.
        end: u64,
        /// Size of the file in bytes.
        size: u64,
    },
    /// A part has its place and size but was never written.
    #[error(
        "half written: {what} is all zeros (bytes {start} to {end}), as in a file that was \
         preallocated and not filled yet"
    )]
    Unwritten {
        /// The part.
        what: String,
        /// Where it starts.
        start: u64,
        /// Where it ends.
        end: u64,
    },
    /// Its parts contradict each other.
    #[error("damaged: {0}")]
    Damaged(String),
}
