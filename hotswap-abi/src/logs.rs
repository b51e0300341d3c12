//! What a module logs, on its way to the host's subscriber: a table of the host's functions, and
//! the bytes that they take.
//!
//! A module has its own copies of `tracing` and `log`. When a host attaches to it, the module's side
//! (`runtime/logs.rs`) becomes the only subscriber and the only logger of these copies, and speaks
//! to the host through a [`Listener`]. Nothing but numbers and lent bytes goes over: a callsite is a
//! [`Key`], which is described once for each generation ([`site`]); the fields of an event or a span
//! travel as values ([`value`]); a span is a number that the host has given out.
//!
//! What the host wants of a callsite is kept in the module, as `tracing` does it, so that what is
//! off costs a load or two and no call. The host says when to ask again
//! ([`Root::follow`](crate::module::Root)).
//!
//! # Safety
//! The functions of a listener are the host's, which is never unloaded, and take any numbers: what
//! the host does not know it ignores. None of them unwinds.

pub mod site;
pub mod value;

use abi_stable::StableAbi;

use crate::portable::Bytes;

/// Whose logs they are: given to the module when the host attaches, handed back with each call.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "part of the calling convention")]
pub struct Address {
    /// Where the host looks; never freed.
    pub place: *const (),
    /// Whom it expects there.
    pub number: u64,
}

/// A callsite: the address of its metadata in the module, for a record of `log` a number of the
/// host. Never followed by the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, StableAbi)]
#[repr(transparent)]
#[allow(clippy::exhaustive_structs, reason = "part of the calling convention")]
pub struct Key(pub *const ());

// SAFETY: an address that is compared; who follows it says why it may.
unsafe impl Send for Key {}
// SAFETY: as above.
unsafe impl Sync for Key {}

impl Key {
    /// No callsite.
    pub const NONE: Self = Self(std::ptr::null());
}

/// What the host wants of a callsite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, StableAbi)]
#[repr(transparent)]
#[allow(clippy::exhaustive_structs, reason = "part of the calling convention")]
pub struct Interest(pub u8);

impl Interest {
    /// Nothing.
    pub const NEVER: Self = Self(0);
    /// To be asked each time.
    pub const SOMETIMES: Self = Self(1);
    /// Everything.
    pub const ALWAYS: Self = Self(2);
    /// The host does not know the callsite: it is to be described.
    pub const UNKNOWN: Self = Self(3);
}

/// The parent of an event or a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "part of the calling convention")]
pub struct Parent {
    /// One of the constants below.
    pub how: u8,
    /// The span, where it is [`Parent::SPAN`].
    pub span: u64,
}

impl Parent {
    /// The span that the thread is in.
    pub const CONTEXT: Self = Self { how: 0, span: 0 };
    /// None.
    pub const ROOT: Self = Self { how: 1, span: 0 };
    /// How a span is named.
    pub const SPAN: u8 = 2;
}

/// The span that a thread is in.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "part of the calling convention")]
pub struct Current {
    /// Its number, or zero for none.
    pub span: u64,
    /// The callsite that it was made with; [`Key::NONE`] for a span that is not the module's.
    pub site: Key,
}

/// The number of a span that the host does not want.
pub const UNWANTED: u64 = u64::MAX;

/// The host's functions. Each takes the module's [`Address`] first.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "checked field by field by abi_stable")]
pub struct Listener {
    /// The module's.
    pub address: Address,
    /// Whether anybody has ever listened in this process.
    pub is_heard: unsafe extern "C" fn(Address) -> bool,
    /// Whether somebody may want this level (see [`site::level`]).
    pub wants_level: unsafe extern "C" fn(Address, u8) -> bool,
    /// What the host wants of a callsite.
    pub interest: unsafe extern "C" fn(Address, Key) -> Interest,
    /// Describes a callsite that is not known, and asks the same.
    pub describe: unsafe extern "C" fn(Address, Key, Bytes) -> Interest,
    /// Whether the host wants the callsite here and now; if it is not known, that it may.
    pub is_enabled: unsafe extern "C" fn(Address, Key) -> bool,
    /// Describes a record of `log`: its key, or [`Key::NONE`] if the host does not want it.
    pub record: unsafe extern "C" fn(Address, Bytes) -> Key,
    /// An event with its values; false if its callsite is not known.
    pub event: unsafe extern "C" fn(Address, Key, Parent, Bytes) -> bool,
    /// A new span with its values: its number, [`UNWANTED`], or zero if its callsite is not known.
    pub new_span: unsafe extern "C" fn(Address, Key, Parent, Bytes) -> u64,
    /// More values of a span.
    pub add: unsafe extern "C" fn(Address, u64, Bytes),
    /// The first span follows from the second.
    pub follows: unsafe extern "C" fn(Address, u64, u64),
    /// The thread is in a span.
    pub enter: unsafe extern "C" fn(Address, u64),
    /// The thread leaves a span.
    pub exit: unsafe extern "C" fn(Address, u64),
    /// One more refers to a span.
    pub clone_span: unsafe extern "C" fn(Address, u64),
    /// One fewer refers to a span; whether it was the last.
    pub drop_span: unsafe extern "C" fn(Address, u64) -> bool,
    /// The span that the thread is in.
    pub current: unsafe extern "C" fn(Address) -> Current,
}

// SAFETY: functions, and an address that only the host follows, which says that any thread may.
unsafe impl Send for Listener {}
// SAFETY: as above.
unsafe impl Sync for Listener {}

const _: () = assert!(size_of::<Listener>() == 17 * size_of::<usize>());
