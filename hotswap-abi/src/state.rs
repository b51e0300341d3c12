//! State: what outlives an upgrade.
//!
//! A state has a name, a version and a shape. It leaves an instance as bytes (MessagePack with
//! named fields), and enters the next one through a chain of migrations: `World`, version 3, knows
//! `WorldV2` as its `previous`, which knows `WorldV1`; bytes of version 1 are decoded as `WorldV1`
//! and upgraded twice.

mod carry;
mod check;
mod codec;
mod difference;
mod kept;
#[expect(unsafe_code, reason = "says which types can move")]
pub mod movable;
mod steps;

pub use carry::{Carried, CarryError, DroppedChange, DroppedValues, NewField, carry, carry_back};
pub use check::assert_faithful;
pub use codec::{CodecError, decode, encode, is_faithful};
pub use difference::{StateDifference, differences};
pub use movable::Movable;
pub use steps::{Steps, no_steps, state_name, steps};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    portable::Writer,
    shape::{Ladder, Stored, Whole},
};

/// A type of state. Derive it, with serde's traits and `Clone` beside it:
/// ```
/// use hotswap_abi::{HotState, Migrate, MigrateError};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(HotState, Serialize, Deserialize, Clone)]
/// #[hot_state(version = 1)]
/// pub struct WorldV1 {
///     score: u32,
/// }
///
/// #[derive(HotState, Serialize, Deserialize, Clone)]
/// #[hot_state(version = 2, previous = WorldV1)]
/// pub struct World {
///     score: u64,
///     level: u8,
/// }
///
/// impl Migrate<WorldV1> for World {
///     fn upgrade(old: WorldV1) -> Result<Self, MigrateError> {
///         Ok(World { score: old.score.into(), level: 1 })
///     }
/// }
/// ```
/// The name of the state is the type's, without a `V1` at its end, so that all versions of it have
/// the same one; `#[hot_state(name = "…")]` says otherwise.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state",
    label = "`HotState` is not implemented for this",
    note = "derive `HotState` for it, with `#[hot_state(version = 1)]`, and serde's `Serialize` and \
            `Deserialize`"
)]
pub trait HotState: Serialize + DeserializeOwned + Clone + 'static {
    /// This version and all that it can be made from.
    #[doc(hidden)]
    const LINEAGE: Lineage;

    /// Decodes bytes of any version that this one can be made from, and upgrades step by step.
    ///
    /// # Errors
    /// When the version is not one of them, the bytes cannot be decoded, or a step fails.
    #[doc(hidden)]
    fn restore(version: u32, bytes: &[u8]) -> Result<Self, RestoreError>;

    /// Whether bytes of such a version lose nothing in the type of that version: they are decoded
    /// and encoded again. A part of it may be opaque, so that its shape does not tell.
    ///
    /// # Errors
    /// As [`restore`](Self::restore), but for the steps.
    #[doc(hidden)]
    fn keeps(version: u32, bytes: &[u8]) -> Result<bool, RestoreError>;

    /// Goes back step by step, and encodes the state as the version before.
    ///
    /// # Errors
    /// When the version is not one of them, or a step is irreversible or fails.
    #[doc(hidden)]
    fn downgrade_to(self, version: u32, out: &mut Writer<'_>) -> Result<(), RestoreError>;
}

/// A version of a state and the ones before it, in constants.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "written out by the derive in users' crates")]
pub struct Lineage {
    /// The state's name; empty for no state.
    pub name: &'static str,
    /// The version.
    pub version: u32,
    /// The shape of this version.
    pub shape: &'static Whole,
    /// The version before.
    pub previous: Option<&'static Self>,
}

impl HotState for () {
    const LINEAGE: Lineage =
        Lineage { name: "", version: 0, shape: &<() as Ladder<Stored>>::WHOLE, previous: None };

    fn restore(_: u32, _: &[u8]) -> Result<Self, RestoreError> {
        Ok(())
    }

    fn keeps(_: u32, _: &[u8]) -> Result<bool, RestoreError> {
        Ok(true)
    }

    fn downgrade_to(self, _: u32, _: &mut Writer<'_>) -> Result<(), RestoreError> {
        Ok(())
    }
}

/// One step between two versions of a state.
/// ```
/// use hotswap_abi::{HotState, Migrate, MigrateError};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(HotState, Serialize, Deserialize, Clone)]
/// #[hot_state(version = 1)]
/// struct ListV1 {
///     euros: u32,
/// }
///
/// #[derive(HotState, Serialize, Deserialize, Clone)]
/// #[hot_state(version = 2, previous = ListV1)]
/// struct List {
///     cents: u64,
/// }
///
/// impl Migrate<ListV1> for List {
///     fn upgrade(old: ListV1) -> Result<Self, MigrateError> {
///         Ok(Self { cents: u64::from(old.euros) * 100 })
///     }
///
///     fn downgrade(self) -> Result<ListV1, MigrateError> {
///         let euros = u32::try_from(self.cents / 100).map_err(MigrateError::new)?;
///         Ok(ListV1 { euros })
///     }
/// }
/// let list = List::upgrade(ListV1 { euros: 12 })?;
/// assert_eq!((list.cents, list.downgrade()?.euros), (1200, 12));
/// # Ok::<(), MigrateError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how it is made from `{Old}`",
    label = "no migration from this",
    note = "implement `Migrate<{Old}>` for `{Self}`: `fn upgrade(old: {Old}) -> Result<Self, MigrateError>`"
)]
pub trait Migrate<Old: HotState>: Sized {
    /// Makes this version from the one before.
    ///
    /// # Errors
    /// The upgrade is refused, and the old version goes on with its state.
    fn upgrade(old: Old) -> Result<Self, MigrateError>;

    /// Makes the version before from this one, for a rollback or a revert.
    ///
    /// # Errors
    /// Without an implementation the step is irreversible.
    fn downgrade(self) -> Result<Old, MigrateError> {
        Err(MigrateError::irreversible())
    }
}

/// Why a step between two versions of a state fails.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct MigrateError {
    text: String,
}

crate::debug_in_full!(MigrateError);

impl MigrateError {
    /// An error with this text.
    #[must_use]
    pub fn new(text: impl std::fmt::Display) -> Self {
        Self { text: text.to_string() }
    }

    /// The step has no way back.
    #[must_use]
    pub fn irreversible() -> Self {
        Self::new("this step is irreversible: `Migrate::downgrade` is not implemented")
    }
}

/// Why stored bytes do not become a state.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The version is none that this state can be made from, or go back to.
    #[error("state {name} has versions {oldest} to {newest}, not {found}")]
    Version {
        /// The state.
        name: &'static str,
        /// The first version of the chain.
        oldest: u32,
        /// The last one.
        newest: u32,
        /// The version that was asked for.
        found: u32,
    },
    /// The codec failed.
    #[error("state {name} version {version}: {error}")]
    Codec {
        /// The state.
        name: &'static str,
        /// The version.
        version: u32,
        /// What the codec says.
        error: CodecError,
    },
    /// A migration failed.
    #[error("state {name} from version {from} to {to}: {error}")]
    Step {
        /// The state.
        name: &'static str,
        /// The version it came from.
        from: u32,
        /// The version it was to become.
        to: u32,
        /// What the step says.
        error: MigrateError,
    },
}

crate::debug_in_full!(RestoreError);

impl Lineage {
    /// Whether a version is in this lineage.
    #[must_use]
    pub const fn has(&self, version: u32) -> bool {
        let mut step = Some(self);
        while let Some(this) = step {
            if this.version == version {
                return true;
            }
            step = this.previous;
        }
        false
    }

    /// The error for a version that is not in this lineage.
    #[doc(hidden)]
    #[must_use]
    pub fn unknown(&self, found: u32) -> RestoreError {
        let mut oldest = self;
        while let Some(previous) = oldest.previous {
            oldest = previous;
        }
        RestoreError::Version {
            name: self.name,
            oldest: oldest.version,
            newest: self.version,
            found,
        }
    }

    const fn codec(&self, error: CodecError) -> RestoreError {
        RestoreError::Codec { name: self.name, version: self.version, error }
    }

    /// The error for a step that failed.
    #[doc(hidden)]
    #[must_use]
    pub const fn step(&self, from: u32, to: u32, error: MigrateError) -> RestoreError {
        RestoreError::Step { name: self.name, from, to, error }
    }
}

#[doc(hidden)]
pub fn restore_exactly<S: HotState>(bytes: &[u8]) -> Result<S, RestoreError> {
    decode(bytes).map_err(|error| S::LINEAGE.codec(error))
}

#[doc(hidden)]
pub fn keeps_exactly<S: HotState>(bytes: &[u8]) -> Result<bool, RestoreError> {
    let state: S = restore_exactly(bytes)?;
    is_faithful(&state, bytes).map_err(|error| S::LINEAGE.codec(error))
}

#[doc(hidden)]
pub fn store_exactly<S: HotState>(state: &S, out: &mut Writer<'_>) -> Result<(), RestoreError> {
    encode(state, out).map_err(|error| RestoreError::Codec {
        name: S::LINEAGE.name,
        version: S::LINEAGE.version,
        error,
    })
}
