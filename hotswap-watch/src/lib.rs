//! Internal to hotswap: use `hotswap-core`. This crate may change in any way with any release.
//!
//! What a host learns of its files: a [`Watcher`] tells when artifacts appear or change, and, with
//! the feature `cargo`, a [`Builder`](cargo::Builder) builds packages whenever their sources change.
//! Neither reads an artifact or judges it.

#![deny(unsafe_code)]

#[cfg(feature = "cargo")]
pub mod cargo;
mod error;
mod folders;
mod mounted;
mod watcher;

pub use error::WatchError;
pub use watcher::{
    Appeared, Backend, Backoff, Hint, Notice, Pending, Retry, Source, SourceId, Trace, Watcher,
    trace,
};
