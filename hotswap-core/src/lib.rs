//! Replace Rust code in a running program.
//!
//! A host (a game, a server) links this crate; its replaceable parts are *modules*, ordinary crates
//! built as cdylibs. When a new build of a module appears, the host takes it through an upgrade
//! without stopping: read it without running it, judge it, move the state over, switch. Whatever
//! goes wrong on the way, the old version goes on serving, and the next good build works.
//!
//! ```no_run
//! use hotswap_abi::interface;
//! use hotswap_core::{Config, Host, SlotConfig};
//!
//! #[interface]
//! pub trait Greeter {
//!     fn greet(&self, name: &str) -> String;
//! }
//!
//! # fn main() -> Result<(), hotswap_core::Error> {
//! let greeter = SlotConfig::artifact("target/debug/libgreeter.so");
//! let host = Host::new(Config::dev().slot("greeter", greeter))?;
//! let greeter = host.slot::<dyn Greeter>("greeter")?;
//! match greeter.pin().greet("world") {
//!     Ok(text) => println!("{text}"),
//!     Err(error) => println!("no greeting: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The trait belongs in a crate of its own that host and modules share, and that depends on
//! `hotswap-abi`.
//!
//! # What there is
//! | item | is |
//! |---|---|
//! | [`Host`] | owns the slots, watches for artifacts, does the upgrades |
//! | [`Config`], [`SlotConfig`] | how a host, and a slot, is set up |
//! | [`Host::slot`] | opens a slot: waits until a module serves |
//! | [`Slot`] | a named place that holds one instance of one module |
//! | [`Slot::pin`] | a few calls on one version |
//! | [`Slot::pin_mut`] | the same, alone with the instance |
//! | [`Slot::reader`] | a thread's calls, each on the version that serves then |
//! | [`Host::events`], [`Event`](event::Event) | what happens, as it happens |
//! | [`Operator`] | looks, decides and orders, also from another thread |
//! | [`Trust`] | whom artifacts are taken from |
//! | [`Plan`] | what an upgrade will do, and how risky it is |
//! | [`Approval`] | who says yes to a plan |
//!
//! A *generation* is one artifact loaded for a slot. Calls are methods of a generated client that is
//! reached from a [`Pin`], a [`PinMut`] or a [`Reader`]; they return `Result<_, CallError>`.
//!
//! Every phase of an upgrade is a `tracing` event and an [`Event`](event::Event). Where the program
//! listens to neither, refusals are written to stderr.

#![deny(unsafe_code)]

#[cfg(unix)]
pub mod admin;
pub mod artifact;
#[cfg(feature = "cargo")]
pub mod cargo;
mod checkpoint;
pub mod config;
pub mod error;
pub mod event;
mod floors;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod harness;
mod host;
mod idle;
#[expect(unsafe_code, reason = "calls the functions of a module's life")]
mod instance;
pub mod journal;
mod machine;
mod operator;
pub mod plan;
mod rehearsal;
pub mod report;
mod reports;
pub mod slot;
pub mod snapshot;
mod supervisor;
#[doc(hidden)]
#[expect(unsafe_code, reason = "maps a page as code")]
pub mod system;
pub mod trust;
#[expect(unsafe_code, reason = "suspends, resumes and stops instances behind a closed gate")]
mod upgrade;
mod written;

#[cfg(test)]
mod sample;

pub use config::{
    AfterPanic, Approval, AtCap, Config, Decision, HostBuild, Rehearsal, Replay, Retire,
    SlotConfig, StateDrift, Timing, TooFew, Trial,
};
pub use error::{Error, ErrorKind};
pub use event::Pause;
pub use host::Host;
pub use hotswap_abi::{self as abi, CallError, HotModule, Interface};
pub use hotswap_loader::logs::sync_log_filters;
pub use hotswap_types::{
    ArtifactHash, ModuleVersion, ParseHashError, ParseStrategyError, Strategy,
};
pub use hotswap_watch::WatchError;
pub use idle::release_thread_locals;
pub use operator::{
    CanaryStatus, GenerationStatus, Operator, ServingStatus, SlotStatus, Status, TrialStatus,
};
pub use plan::Plan;
pub use rehearsal::probe;
pub use report::Report;
pub use slot::{Pin, PinMut, Reader, Slot};
pub use supervisor::{Offered, Standing};
pub use trust::Trust;
