//! Modules built from their sources, whenever these change.
//!
//! A host does it by itself, see [`Config::build`](crate::Config). For a tool that only builds
//! there is a [`Builder`]:
//!
//! ```no_run
//! use hotswap_core::cargo::{Builder, Report, Request};
//!
//! # fn main() -> Result<(), hotswap_core::cargo::CargoError> {
//! let request = Request::new(".").with_package("arcade");
//! let builder = Builder::start(request, |report| match report {
//!     Report::Built { package, artifact, .. } => println!("{package}: {}", artifact.display()),
//!     Report::Diagnostic(diagnostic) => println!("{}", diagnostic.rendered),
//!     other => println!("{other:?}"),
//! })?;
//! # drop(builder);
//! # Ok(())
//! # }
//! ```

#[doc(inline)]
pub use hotswap_watch::cargo::{
    Builder, CargoError, Diagnostic, Finished, Level, Profile, Progress, Report, Request,
};
