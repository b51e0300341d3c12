//! Internal to hotswap: use `hotswap-core`. This crate may change in any way with any release.
//!
//! Between a file and code that runs: what a host does with artifacts before it knows a slot.
//!
//! * [`fs`]: private copies, leases, files that are there as a whole.
//! * [`image`], [`elf`]: what a file is, judged from its bytes before the system's loader sees it;
//!   [`outdated`] for the libraries that it needs.
//! * [`Image`]: a library that is mapped. It is opened here and nowhere else, under the
//!   [`loader_lock`], and unloaded when nothing keeps it ([`LibraryPins`]).
//! * [`steps`]: module code under a deadline.
//! * [`logs`]: what modules log.
//!
//! # What is not here
//! Slots, generations, manifests' contents and any decision about an upgrade. Nothing here knows why
//! a library is opened, or who calls it.

#![deny(unsafe_code)]

pub mod elf;
pub mod fs;
pub mod image;
#[expect(unsafe_code, reason = "opens libraries")]
mod library;
pub mod loader_lock;
pub mod logs;
mod needed;
mod static_tls;
pub mod steps;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")))]
#[path = "retain.rs"]
#[expect(unsafe_code, reason = "the same on every system")]
mod unload;
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[expect(unsafe_code, reason = "closes libraries, and answers their calls")]
mod unload;
mod unload_event;

pub use library::{Image, LoadError, outdated_of};
pub use needed::{Outdated, outdated};
pub use static_tls::{REMEDY as STATIC_TLS_REMEDY, StaticTls};
pub use unload::{LibraryPins, run_pending_dtors};
pub use unload_event::{UnloadCallback, UnloadEvent};
