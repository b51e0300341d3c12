//! Steps between the versions of a state, as the derive chains them.

use super::{HotState, Lineage, Migrate, RestoreError};
use crate::{portable::Writer, shape::equal};

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
