//! Interfaces: traits whose methods can be called across the boundary.
//!
//! `#[interface]` turns a trait into three things. The *serving* side has a table of entry points
//! ([`Serves`]): C functions that rebuild their arguments, call the trait's method inside the
//! unwind guard and give back the result. The *calling* side has a client (for a slot: every
//! method returns `Result<_, CallError>`) and a proxy (for what is lent for one call: it
//! implements the trait itself, so that `&mut dyn Engine` is an ordinary argument).
//!
//! Methods are found by name: the caller has a table in its own order ([`Target`]), in which a
//! method that the other side lacks is null; then the default body runs on the caller's side.
//!
//! # Why methods are found by name
//! The host looks up the names once, when it loads the library, and puts the entry points into a
//! table in its own memory, in its own order. A call is then one indexed load, and the two sides
//! may differ in the number and order of methods. A library that lacks an entry which its manifest
//! names is refused when it is loaded (`Code::new` in hotswap-core), so a call of a method without
//! a default body checks nothing.

mod answer;
mod by_serde;
mod call;
mod crossing;
mod error;
mod lend;
mod record;
mod table;

pub use answer::{Answer, OtherAnswer, ResultAnswer, expected};
pub use by_serde::{BySerde, NotBySerde};
pub use call::{Callee, Caller, Origin, Target, missing, or_relay, run_default, unboxed};
pub use crossing::{Crosses, Crossing, Refused, Way};
pub use error::{CallError, Failure, Fold};
pub use lend::{Lendable, Lent, LentFn, LentMut, LentRef, Owned, Place, Resolved, Source};
pub use record::{Arguments, Recordable, Recorder, Replay, ReplayError, Shims, Tape, record_str};
pub(crate) use table::by_name;
pub use table::{Entry, TableRef, table_id};

use crate::shape::{Shaped, Wire};

/// An interface; implemented by `#[interface]` for `dyn Trait`.
///
/// # Safety
/// Only the macro implements it. Methods, their order, the schema, `EXCLUSIVE`
/// and the client must all be those of one trait: a client calls entry points by their places in
/// `METHODS`, and an interface that is not exclusive has no lock.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interface",
    label = "not an interface",
    note = "mark the trait: `#[interface] pub trait …`"
)]
pub unsafe trait Interface: Shaped<Wire> + 'static {
    /// Its semantic version.
    const VERSION: &'static str;
    /// Whether any method takes `&mut self`: then each instance has a lock.
    #[doc(hidden)]
    const EXCLUSIVE: bool;
    /// The methods' names, in order of declaration.
    #[doc(hidden)]
    const METHODS: &'static [&'static str];
    /// What the calls of a slot go through.
    #[doc(hidden)]
    type Client<C: Caller>;
    /// Makes a client that calls through `caller`.
    #[doc(hidden)]
    fn client<C: Caller>(caller: C) -> Self::Client<C>;
    /// The caller behind a client.
    #[doc(hidden)]
    fn caller<C: Caller>(client: &Self::Client<C>) -> &C;
    /// The encoded description of the interface as this side was compiled with it.
    #[doc(hidden)]
    fn schema() -> &'static [u8];
    /// How the calls of each method are recorded on a tape and replayed, in order of declaration.
    /// Generic, so that only a host that asks for it has the code.
    #[doc(hidden)]
    fn recordables<T: Tape>() -> Box<[Recordable]>;
}

/// The serving side of an interface: entry points for a value that is found through `P`.
///
/// # Safety
/// Each entry must have the signature that `#[interface]` derives from the method of that name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interface",
    label = "not an interface",
    note = "mark the trait: `#[interface] pub trait …`"
)]
pub unsafe trait Serves<P> {
    /// The entry points, in order of declaration.
    const TABLE: &'static [Entry];
}
