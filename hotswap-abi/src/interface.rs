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

pub(crate) mod call;
mod error;
mod lend;

pub use call::{Caller, Origin, Target};
pub use error::{CallError, Failure};
pub use lend::{Lent, LentFn, LentMut, LentRef, Owned, Place, Resolved, TableRef, entries_by_name};

use abi_stable::StableAbi;

use crate::{
    portable::Str,
    shape::{Shaped, Wire},
};

/// An interface; implemented by `#[interface]` for `dyn Trait`.
///
/// # Safety
/// Only the macro implements it. Methods, their order, the schema, [`EXCLUSIVE`](Self::EXCLUSIVE)
/// and the client must all be those of one trait: a client calls entry points by their places in
/// [`METHODS`](Self::METHODS), and an interface that is not exclusive has no lock.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interface",
    label = "not an interface",
    note = "mark the trait: `#[interface] pub trait …`"
)]
pub unsafe trait Interface: Shaped<Wire> + 'static {
    /// Its semantic version.
    const VERSION: &'static str;
    /// Whether any method takes `&mut self`: then each instance has a lock.
    const EXCLUSIVE: bool;
    /// The methods' names, in order of declaration.
    const METHODS: &'static [&'static str];
    /// What the calls of a slot go through.
    type Client<C: Caller>;
    /// Makes a client that calls through `caller`.
    fn client<C: Caller>(caller: C) -> Self::Client<C>;
    /// The caller behind a client.
    fn caller<C: Caller>(client: &Self::Client<C>) -> &C;
    /// The encoded description of the interface as this side was compiled with it.
    fn schema() -> &'static [u8];
}

/// An interface that can be lent for one call; implemented by `#[interface]` for `dyn Trait`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interface",
    label = "not an interface",
    note = "mark the trait: `#[interface] pub trait …`"
)]
pub trait Lendable: Interface {
    /// What the receiver of a loan calls; it implements the trait.
    type Proxy<'a>;
    /// The entry points of a `&dyn Trait`.
    const BEHIND_REF: &'static TableRef;
    /// The entry points of a `&mut dyn Trait`.
    const BEHIND_MUT: &'static TableRef;
    /// Makes a proxy.
    ///
    /// # Safety
    /// The source must be of this interface, and borrowed by nobody else as far as the methods
    /// that are called need it: a proxy has methods that take `&mut self`.
    unsafe fn proxy(source: call::Source<'_>) -> Self::Proxy<'_>;
    /// Makes a proxy for what was lent.
    ///
    /// # Safety
    /// `lent` must be alive for as long as the proxy, and of this interface.
    #[must_use]
    unsafe fn receive<'a>(lent: Lent) -> Self::Proxy<'a> {
        // SAFETY: alive and of this interface (caller).
        let lent = unsafe { Resolved::new::<Self>(lent) };
        // SAFETY: a loan has entry points for what its lender has borrowed, and no others.
        unsafe { Self::proxy(call::Source::Lent(lent)) }
    }
}

/// One entry point, found by its method's name.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "written out by #[interface] in users' crates")]
pub struct Entry {
    /// The method's name.
    pub name: Str,
    /// A function whose signature follows from the method's; null if it cannot be called here.
    pub entry: *const (),
}

// SAFETY: names and functions of a library are constants.
unsafe impl Sync for Entry {}
// SAFETY: as above.
unsafe impl Send for Entry {}

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

/// A hash over the methods' names in order (128-bit FNV-1a): two sides with the same one have the
/// same order of methods.
#[must_use]
pub const fn table_id(methods: &[&str]) -> [u64; 2] {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    let mut i = 0;
    while i < methods.len() {
        let name = methods[i].as_bytes();
        let mut j = 0;
        while j <= name.len() {
            let byte = if j == name.len() { 0 } else { name[j] };
            hash = (hash ^ byte as u128).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
            j += 1;
        }
        i += 1;
    }
    [hash as u64, (hash >> 64) as u64]
}
