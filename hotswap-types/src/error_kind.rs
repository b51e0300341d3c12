//! Errors, sorted by blame.

/// Who or what is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The artifact: damaged, incompatible, or its module does not start.
    Artifact,
    /// The host's own code: a name that is not configured, a call from inside a call.
    Misuse,
    /// Something did not happen in time.
    Timeout,
    /// The system: a folder, a watch, a thread.
    System,
}
