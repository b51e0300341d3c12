//! What people write of an upgrade that is over.

use std::time::SystemTime;

use hotswap_types::{escape::cut, json};
use serde::{Deserialize, Serialize};

/// No text of a note is longer, in bytes: what is longer is cut.
const LONGEST: usize = 4096;

/// What somebody has written of an upgrade: a problem that it has brought, and what was done about
/// it ([`Operator::add_note`](crate::Operator::add_note)).
///
/// ```
/// use hotswap_core::report::Note;
///
/// let note = Note::new("ada", "orders were counted twice")
///     .with_solution("0.2.1 counts them when they are paid");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Note {
    /// When it was written.
    #[serde(with = "json::time")]
    pub at: SystemTime,
    /// Who has written it.
    pub by: String,
    /// What there was.
    pub problem: String,
    /// What was done about it.
    #[serde(default)]
    pub solution: Option<String>,
}

impl Note {
    /// A note of this moment.
    #[must_use]
    pub fn new(by: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            at: SystemTime::now(),
            by: cut(&by.into(), LONGEST),
            problem: cut(&problem.into(), LONGEST),
            solution: None,
        }
    }

    /// What was done about it.
    #[must_use]
    pub fn with_solution(mut self, solution: impl Into<String>) -> Self {
        self.solution = Some(cut(&solution.into(), LONGEST));
        self
    }
}
