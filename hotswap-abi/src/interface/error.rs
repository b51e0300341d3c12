//! Why a call has no result.

use std::{fmt, sync::Arc, time::Duration};

use crate::text::{escaped, from_fn};

/// Why a call through a slot has no result.
///
/// The host is unharmed in every case. Its text is one line, whatever a panic has said; the frames
/// that led to a panic are in [`backtrace`](Self::backtrace), and in the `Debug` form below that line.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The module's code panicked. It goes on serving; the instance of an exclusive call may be
    /// half changed.
    #[error("{0}")]
    Panicked(Arc<Failure>),
    /// The slot is being upgraded, and the caller's waiting budget is used up. Try again.
    #[error("slot {slot} is being upgraded, and {waited:.1?} of waiting did not suffice")]
    Draining {
        /// The slot.
        slot: Arc<str>,
        /// How long the call has waited.
        waited: Duration,
    },
    /// The thread already holds this slot's lock, further up in its own stack.
    #[error("slot {slot} is called again by the thread that holds its `&mut self`")]
    Reentrant {
        /// The slot.
        slot: Arc<str>,
    },
    /// Waiting would never end: the slots named here wait for each other.
    #[error("waiting would never end: {}", cycle.join(" waits for "))]
    Cycle {
        /// The slots, in the order in which they wait.
        cycle: Vec<String>,
    },
    /// Module code has hung while it held this slot's lock, and was given up.
    #[error("slot {slot} is held by module code that hung and was abandoned")]
    Abandoned {
        /// The slot.
        slot: Arc<str>,
    },
    /// An earlier call has panicked in this instance, and the host has it wait for another one
    /// (`Config::with_after_panic`).
    #[error("slot {slot} does not go on with an instance that has panicked")]
    Poisoned {
        /// The slot.
        slot: Arc<str>,
    },
    /// The host has been shut down.
    #[error("slot {slot} has been shut down")]
    Ended {
        /// The slot.
        slot: Arc<str>,
    },
    /// Host and module have misunderstood each other; a bug of ours or of a hand-written codec.
    #[error("{0}")]
    Undecodable(Arc<Failure>),
}

impl CallError {
    /// The frames that led to the panic, where the host has asked for them (`Config::with_backtraces`
    /// and `RUST_BACKTRACE`).
    #[must_use]
    pub fn backtrace(&self) -> Option<&str> {
        match self {
            Self::Panicked(failure) | Self::Undecodable(failure) => {
                Some(&*failure.backtrace).filter(|frames| !frames.is_empty())
            }
            _ => None,
        }
    }
}

/// What a `main` prints that returns one, and `unwrap`.
impl fmt::Debug for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match self {
            Self::Panicked(failure) | Self::Undecodable(failure) => {
                write!(f, "{}", failure.frames())
            }
            _ => Ok(()),
        }
    }
}

/// What is known of a call that failed inside a module.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Failure {
    /// Slot, module and version, as a user knows them: `arcade 1.3.2 (generation 7)`.
    pub module: Arc<str>,
    /// The method.
    pub method: String,
    /// What the panic said.
    pub message: String,
    /// `file:line:column`; empty if it is not known (a module that is linked statically).
    pub place: String,
    /// The frames that led to the panic, without a line feed at the end; empty unless the host has
    /// asked for them (`Config::with_backtraces` and `RUST_BACKTRACE`).
    pub backtrace: String,
}

impl Failure {
    /// The backtrace below the line of a message: each line of it begins a line, indented.
    pub fn frames(&self) -> impl fmt::Display + '_ {
        let lines = self.backtrace.lines();
        from_fn(move |f| lines.clone().try_for_each(|line| write!(f, "\n  {}", escaped(line))))
    }
}

/// One line, without the backtrace.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, method, message, place, backtrace: _ } = self;
        write!(f, "{} failed in {}: {}", escaped(module), escaped(method), escaped(message))?;
        if place.is_empty() { Ok(()) } else { write!(f, " at {}", escaped(place)) }
    }
}

/// A result whose error can say that the call itself has failed: `#[fold]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that the call itself has failed",
    note = "#[fold] takes `Result<T, E>` where `E: From<CallError>`"
)]
pub trait Fold {
    /// The result for a call that failed.
    fn failed(error: CallError) -> Self;
}

impl<T, E: From<CallError>> Fold for Result<T, E> {
    fn failed(error: CallError) -> Self {
        Err(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_call_is_one_line_and_its_frames_are_apart() {
        let failure = Failure {
            module: "arcade 1.3.2 (generation 7)".into(),
            method: "Game::update".to_owned(),
            message: "left != right\n  left: 1\n right: \x1b[2J".to_owned(),
            place: "src/lib.rs:4:5".to_owned(),
            backtrace: "   0: arcade::update\n   1: \x1b[31mmain".to_owned(),
        };
        let error = CallError::Panicked(Arc::new(failure.clone()));
        let line = "arcade 1.3.2 (generation 7) failed in Game::update: left != right\\n  left: 1\\n \
                    right: \\u{1b}[2J at src/lib.rs:4:5";
        assert_eq!(failure.to_string(), line);
        assert_eq!(error.to_string(), line);
        assert_eq!(error.backtrace(), Some(&*failure.backtrace));
        assert_eq!(
            format!("{error:?}"),
            format!("{line}\n     0: arcade::update\n     1: \\u{{1b}}[31mmain")
        );
        let bare =
            CallError::Undecodable(Arc::new(Failure { backtrace: String::new(), ..failure }));
        assert_eq!((bare.backtrace(), format!("{bare:?}")), (None, line.to_owned()));
    }
}
