//! The words of a host: plain data that its parts exchange, and that users see through
//! `hotswap-core`.
//!
//! Internal to hotswap: only `hotswap-core` and the crates below it depend on this one, in exactly
//! its own version, and what is public of it has its path there.
//!
//! Nothing here does anything: no file is opened, no thread is started, no library is loaded. So
//! whatever does can name these types, and they can name nothing that does.

#![forbid(unsafe_code)]

mod artifact_hash;
mod backup_reason;
mod deadline;
mod error_kind;
pub mod escape;
mod failure_rate;
mod fingerprint;
mod holder;
mod intent;
#[expect(missing_docs, reason = "each module is a type's two functions for serde")]
pub mod json;
mod module_version;
mod operation;
mod outcome;
mod percent;
mod phase;
mod release;
mod state_change;
mod strategy;

pub use artifact_hash::{ArtifactHash, ParseHashError};
pub use backup_reason::BackupReason;
pub use deadline::bounded;
pub use error_kind::ErrorKind;
pub use failure_rate::FailureRate;
pub use fingerprint::Fingerprint;
pub use holder::{Caller, Holder, HoldingThread};
pub use intent::{Intent, ParseUrgencyError, Purpose, Urgency};
pub use module_version::ModuleVersion;
pub use operation::Operation;
pub use outcome::Outcome;
pub use percent::{Percent, share_of_calls};
pub use phase::{Phase, PhaseSpan};
pub use release::Release;
pub use state_change::StateNote;
pub use strategy::{ParseStrategyError, Strategy};
