//! Modules built from their sources, whenever these change.
//!
//! A host does it by itself, for slots that are [`SlotConfig::cargo`](crate::SlotConfig::cargo):
//!
//! ```no_run
//! use hotswap_core::{Config, SlotConfig, cargo::Report, event::EventKind};
//!
//! let config = Config::dev()
//!     .slot("arcade", SlotConfig::cargo("arcade"))
//!     .build(|request| request.with_argument("--offline"))
//!     .on_event(|event| match &event.kind {
//!         EventKind::Build(Report::Diagnostic(diagnostic)) => println!("{}", diagnostic.rendered),
//!         _ => {}
//!     });
//! ```

#[doc(hidden)]
pub use hotswap_watch::cargo::Builder;
#[doc(inline)]
pub use hotswap_watch::cargo::{
    CargoError, Diagnostic, Finished, Level, Profile, Progress, Report, Request,
};
