//! What generated code names; nothing here is part of the public interface.

mod crossing;

pub use crossing::{Crosses, Crossing, Refused, Way};
use std::fmt;

pub use hotswap_macros::host_build;
pub use std::boxed::Box;

pub use crate::{
    interface::{
        CallError, Caller, Entry, Interface, Lendable, Lent, LentFn, LentMut, LentRef, Owned,
        Place, Resolved, Serves, TableRef, Target,
        call::{Callee, Source, missing, or_relay, run_default, unboxed},
    },
    manifest::{self, Source as ManifestSource, encode, encode_schema, encoded_len, schema_len},
    module::{Export, HotModule, Module, Moving, export},
    portable::{
        Bytes, DecodeError, Direct, Encoded, Plain, Portable, Reader, Reply, Sink, Str, Writer,
        with,
    },
    shape::{
        Cell, FnMutShape, Info, Join, Kind, Ladder, Maybe, Member, Mut, Named, Node, Opaque, Parts,
        Probe, Ref, SameBuild, SameBuildMut, Shaped, Slice, SliceMut, Stored, Unknown, Whole, Wire,
        list,
    },
    state::{
        HotState, Lineage, Migrate, Movable, RestoreError, assert_faithful, keeps_exactly,
        movable::{Description, Part, movable},
        restore_exactly, store_exactly,
    },
};

use crate::shape::equal;

/// A slice of plain data as it is passed.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PlainSlice<T> {
    ptr: *mut T,
    len: usize,
}

impl<T> PlainSlice<T> {
    /// Lends a slice.
    #[inline]
    pub const fn new(items: &[T]) -> Self {
        Self { ptr: items.as_ptr().cast_mut(), len: items.len() }
    }

    /// Lends a slice that may be written to.
    #[inline]
    pub const fn new_mut(items: &mut [T]) -> Self {
        Self { ptr: items.as_mut_ptr(), len: items.len() }
    }

    /// The slice.
    ///
    /// # Safety
    /// The slice given to `new` must live for `'a`.
    #[inline]
    pub const unsafe fn get<'a>(self) -> &'a [T] {
        // SAFETY: pointer and length come from a slice that is alive (caller).
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }

    /// The slice.
    ///
    /// # Safety
    /// The slice given to `new_mut` must live for `'a`.
    #[inline]
    pub const unsafe fn get_mut<'a>(self) -> &'a mut [T] {
        // SAFETY: as above, and it was borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.ptr, self.len) }
    }
}

/// The name of a state: its type's, without the number of its version.
#[must_use]
pub const fn state_name(ident: &'static str) -> &'static str {
    let bytes = ident.as_bytes();
    let mut end = bytes.len();
    while end > 0 && bytes[end - 1].is_ascii_digit() {
        end -= 1;
    }
    if end == bytes.len() || end < 2 || bytes[end - 1] != b'V' {
        return ident;
    }
    ident.split_at(end - 1).0
}

/// Fails to compile on a type that is not portable.
pub const fn must_be_portable<T: Portable>() {}

/// Fails to compile on a type that is not plain.
pub const fn must_be_plain<T: Plain>() {}

/// Fails to compile on a type that is no part of a state: it does not describe itself.
pub const fn must_be_stored<T: Shaped<Stored>>() {}

/// A type that is this very one. An argument `impl Is<&T>` is not coerced, as a `&T` would be: a
/// `&Box<T>` becomes a `&T`, and so does a reference to whatever has a `Deref`.
#[diagnostic::on_unimplemented(
    message = "a field is of another type than the derive has seen: `{Self}` is no `{T}`",
    label = "changed below the derive",
    note = "put attributes that change the type above `#[derive(…)]`"
)]
pub trait Is<T> {
    /// The value.
    fn it(self) -> T;
}

impl<T> Is<T> for T {
    fn it(self) -> T {
        self
    }
}

/// Fails to compile on a field of another type.
pub const fn must_be<'a, T: ?Sized + 'a>(_: &impl Is<&'a T>) {}

/// `GameClient { .. }`.
///
/// # Errors
/// The formatter's own.
pub fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    f.debug_struct(name).finish_non_exhaustive()
}

/// What a module's manifest is made from. Generic over what the derive has implemented, so that
/// what a user has left out is found in that impl alone.
#[must_use]
pub const fn manifest_source<M: HotModule>(
    export: &'static str,
    module: &'static str,
    version: &'static str,
    unwinds: bool,
    requires: &'static [&'static str],
    packages: &'static str,
) -> ManifestSource {
    ManifestSource {
        export,
        module,
        version,
        interface_version: <M::Interface as Interface>::VERSION,
        unwinds,
        requires,
        packages,
        moves: M::MOVING.is_some(),
        interface: &<M::Interface as Ladder<Wire>>::WHOLE,
        state: <M::State as HotState>::LINEAGE,
    }
}

/// The name of a type that has another mistake, and will not compile.
#[derive(Debug)]
pub struct Nameless(());

impl Named for Nameless {
    const NAME: &'static str = "?";
}

/// A result whose error can say that the call itself has failed: `#[fold]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that the call itself has failed",
    note = "#[fold] takes `Result<T, E>` where `E: From<CallError>`"
)]
pub trait Fold {
    /// The result for a call that failed.
    fn failed(error: CallError) -> Self;
}

impl<T, E: From<CallError>> Fold for Result<T, E> {
    fn failed(error: CallError) -> Self {
        Err(error.into())
    }
}

/// How a state is made from the versions before it, and becomes one of them.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "read by generated code")]
pub struct Steps<New> {
    /// As [`HotState::restore`], for earlier versions.
    pub restore: fn(u32, &[u8]) -> Result<New, RestoreError>,
    /// As [`HotState::keeps`], for earlier versions.
    pub keeps: fn(u32, &[u8]) -> Result<bool, RestoreError>,
    /// As [`HotState::downgrade_to`], for earlier versions.
    pub downgrade: fn(New, u32, &mut Writer<'_>) -> Result<(), RestoreError>,
}

/// The steps of a state's first version: none.
#[must_use]
pub const fn no_steps<New: HotState>(_: &Lineage) -> Steps<New> {
    Steps {
        restore: |version, _| Err(New::LINEAGE.unknown(version)),
        keeps: |version, _| Err(New::LINEAGE.unknown(version)),
        downgrade: |_, version, _| Err(New::LINEAGE.unknown(version)),
    }
}

/// The steps of a state that has a version before it.
///
/// # Panics
/// While the constant is computed, where `Old` is no earlier version of the same state.
#[must_use]
pub const fn steps<Old: HotState, New: HotState + Migrate<Old>>(this: &Lineage) -> Steps<New> {
    assert!(
        Old::LINEAGE.version < this.version,
        "the version of `previous` is not smaller than this one's"
    );
    assert!(
        equal(Old::LINEAGE.name, this.name),
        "`previous` is a state of another name; say `name = \"…\"` on one of them"
    );
    Steps {
        restore: restore_through::<Old, New>,
        keeps: |version, bytes| Old::keeps(version, bytes),
        downgrade: downgrade_through::<Old, New>,
    }
}

fn restore_through<Old: HotState, New: HotState + Migrate<Old>>(
    version: u32,
    bytes: &[u8],
) -> Result<New, RestoreError> {
    let old = Old::restore(version, bytes).map_err(|error| match error {
        RestoreError::Version { found, .. } => New::LINEAGE.unknown(found),
        error => error,
    })?;
    New::upgrade(old)
        .map_err(|error| New::LINEAGE.step(Old::LINEAGE.version, New::LINEAGE.version, error))
}

fn downgrade_through<Old: HotState, New: HotState + Migrate<Old>>(
    state: New,
    version: u32,
    out: &mut Writer<'_>,
) -> Result<(), RestoreError> {
    if !New::LINEAGE.has(version) {
        return Err(New::LINEAGE.unknown(version));
    }
    let old = state
        .downgrade()
        .map_err(|error| New::LINEAGE.step(New::LINEAGE.version, Old::LINEAGE.version, error))?;
    old.downgrade_to(version, out)
}
