//! Why module code did not do what was asked.

use hotswap_abi::__private::state::CarryError;
use hotswap_loader::steps::RunError;

/// Why module code did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StepError {
    #[error("{0}")]
    Failed(String),
    #[error("{0}")]
    NotCarried(CarryError),
    #[error(
        "it panicked: {message}{}{place}{}{backtrace}",
        if place.is_empty() { "" } else { " at " },
        if backtrace.is_empty() { "" } else { "\n" },
    )]
    Panicked { message: String, place: String, backtrace: String },
    #[error("it did not come back within {after:.0?}; its thread is abandoned")]
    Hung { after: std::time::Duration },
    #[error("no thread can be started for it: {why}")]
    NoThread { why: String },
}

impl From<RunError> for StepError {
    fn from(undone: RunError) -> Self {
        match undone {
            RunError::TimedOut { after } => Self::Hung { after },
            RunError::Panicked { message } => {
                Self::Panicked { message, place: String::new(), backtrace: String::new() }
            }
            RunError::NoThread { why } => Self::NoThread { why },
        }
    }
}
