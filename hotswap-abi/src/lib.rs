//! What a hotswap host and its modules agree on.
//!
//! This crate is what interface crates and modules depend on; a host depends on `hotswap-core`,
//! which re-exports it. It does no input or output.
//!
//! # An interface
//! A trait marked [`#[interface]`](macro@interface), in a crate that host and modules share:
//! ```
//! use hotswap_abi::{Plain, Portable, interface};
//!
//! #[derive(Portable, Clone, Debug)]
//! pub struct Score {
//!     pub player: String,
//!     pub points: u32,
//! }
//!
//! #[interface]
//! pub trait Game {
//!     fn update(&mut self, engine: &mut dyn Engine, dt: f32) -> Vec<Score>;
//!     fn title(&self) -> String;
//! }
//!
//! /// Implemented by the host, lent for one call.
//! #[interface]
//! pub trait Engine {
//!     fn play(&self, sound: u32);
//! }
//! ```
//!
//! # A module
//! A crate with `crate-type = ["cdylib", "rlib"]` and one struct that derives
//! [`HotModule`](macro@HotModule), implements [`Module`] and the interface.
//!
//! # What crosses
//! | in a signature | what it takes |
//! |---|---|
//! | `T` | [`Portable`]: rebuilt in the receiver's memory |
//! | `&str` | lent without a copy |
//! | `&T`, `&mut T`, `&[T]`, `&mut [T]` | [`Plain`] data, lent without a copy |
//! | `&dyn I`, `&mut dyn I` | another interface, lent for the call |
//! | `&mut dyn FnMut(A) -> R` | a closure, lent for the call |
//! | `#[same_build]` before `&T`, `&mut T` | any type, lent to a side of the [same build](macro@interface#values-of-the-hosts-own-types) |

#![deny(unsafe_code)]

#[doc(hidden)]
pub mod __private;
#[expect(unsafe_code, reason = "looks at the code of the allocator")]
mod allocator;
mod checks;
mod compat;
#[cfg(any(
    feature = "bytes",
    feature = "chrono",
    feature = "glam",
    feature = "indexmap",
    feature = "jiff",
    feature = "serde_json",
    feature = "smallvec",
    feature = "time",
    feature = "uuid",
))]
#[expect(unsafe_code, reason = "says which types of other crates are plain data, or can move")]
mod foreign;
mod guard;
#[expect(unsafe_code, reason = "calls and serves entry points of the other side")]
mod interface;
mod layout;
#[expect(unsafe_code, reason = "addresses that the other side hands back")]
mod logs;
mod manifest;
#[expect(unsafe_code, reason = "gets and gives back boxes of the module through C functions")]
mod module;
#[expect(unsafe_code, reason = "the types that stand in a call's signature")]
mod portable;
mod quiet;
mod runtime;
mod same_build;
#[expect(unsafe_code, reason = "says which descriptions a call may rely on")]
mod shape;
mod state;
mod text;

pub use hotswap_macros::{HotModule, HotState, Movable, Plain, Portable, Shape, interface};
pub use interface::{CallError, Failure, Interface};
pub use manifest::{Manifest, ManifestError};
pub use module::{Context, HotModule, Module, ModuleError, Start};
pub use portable::{Plain, Portable};
pub use state::{HotState, Migrate, MigrateError, Movable};
