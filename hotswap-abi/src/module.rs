//! What a module's author implements, and what a host finds in a module's library.

mod codes;
mod context;
mod export;
mod life;
mod moving;
#[allow(clippy::exhaustive_structs, reason = "abi_stable derives one; checked field by field")]
mod root;

pub use codes::{
    START_BESIDE, START_FRESH, START_RESTORED, START_UPGRADED, TRACE_FULL, TRACE_NONE, TRACE_SHORT,
    TRAPS_DEEP, TRAPS_FIXED, TRAPS_NONE,
};
pub use context::Context;
pub use export::{export, manifest_source};
pub use root::{Answer, Crossing, Export, LifeCycle, Moving, Root, RootRef, entries_by_name};

use std::{borrow::Cow, fmt};

use crate::{
    interface::{Entry, Interface},
    state::HotState,
    text::in_full,
};

/// A replaceable part of a program.
///
/// Derive `HotModule` for the struct and implement the interface for it. With `state = list` the derive
/// implements this trait: the field `list` is the state, and the other fields are made by `Default`.
/// Implement it yourself where more has to be done:
/// ```
/// use std::borrow::Cow;
///
/// use hotswap_abi::{Context, HotModule, HotState, Module, ModuleError, Start, interface};
///
/// #[interface]
/// pub trait Prices {
///     fn set(&mut self, cents: u32);
///     fn cents(&self) -> u32;
/// }
///
/// #[derive(HotState, serde::Serialize, serde::Deserialize, Clone, Default)]
/// #[hot_state(version = 1)]
/// struct List {
///     cents: u32,
/// }
///
/// #[derive(HotModule)]
/// #[hot_module(interface = Prices)]
/// struct Shop {
///     slot: String,
///     list: List,
/// }
///
/// impl Module for Shop {
///     type State = List;
///
///     fn start(from: Start<List>, cx: &Context) -> Result<Self, ModuleError> {
///         Ok(Self { slot: cx.slot().to_owned(), list: from.state().unwrap_or_default() })
///     }
///
///     fn state(&self) -> Cow<'_, List> {
///         Cow::Borrowed(&self.list)
///     }
/// }
///
/// impl Prices for Shop {
///     fn set(&mut self, cents: u32) {
///         self.list.cents = cents;
///     }
///
///     fn cents(&self) -> u32 {
///         self.list.cents
///     }
/// }
/// # fn main() {}
/// ```
///
/// Every method may panic; the host goes on, with the old version where there is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module",
    label = "`Module` is not implemented for this",
    note = "where one of its fields is its state, and the others have a default: \
            `#[hot_module(interface = …, state = field)]`, or `state = ()` without a state",
    note = "else implement `hotswap_abi::Module` for it: `type State`, `fn start` and `fn state`"
)]
pub trait Module: Sized + Send + Sync + 'static {
    /// What outlives an upgrade; `()` for none.
    type State: HotState;

    /// Slow work for `start`, done while the old version still serves. What it makes can be handed
    /// on with [`Context::keep`].
    ///
    /// # Errors
    /// The artifact is refused.
    fn prepare(cx: &Context) -> Result<(), ModuleError> {
        let _ = cx;
        Ok(())
    }

    /// Makes the instance. Callers wait meanwhile if the module has state: be quick.
    ///
    /// # Errors
    /// The artifact is refused, and the old version goes on with its state.
    fn start(from: Start<Self::State>, cx: &Context) -> Result<Self, ModuleError>;

    /// The state, to be stored or handed to the next version. No call that takes `&mut self` runs
    /// meanwhile; in an interface without such, no call at all.
    fn state(&self) -> Cow<'_, Self::State>;

    /// Tells whether a freshly started instance works, before anybody calls it.
    ///
    /// # Errors
    /// The artifact is refused.
    fn self_test(&self, cx: &Context) -> Result<(), ModuleError> {
        let _ = cx;
        Ok(())
    }

    /// Tells whether an instance that serves does so well; asked when the trial of its version ends
    /// (`Config::with_trial`), beside other `&self` calls.
    ///
    /// # Errors
    /// The version is rolled back.
    fn verify(&self) -> Result<(), ModuleError> {
        Ok(())
    }

    /// The state that was handed over as memory is in its field (`#[hot_module(moves = …)]`): make
    /// from it what else the instance has, for it was started [beside](Context::state_follows) the
    /// version before. Callers wait meanwhile.
    ///
    /// It is also called when the state comes back from a version that is rolled back.
    ///
    /// # Errors
    /// The artifact is refused, and the old version goes on with the state as it is now: leave it as
    /// it was.
    fn arrived(&mut self) -> Result<(), ModuleError> {
        Ok(())
    }

    /// The next version is about to take over. Let go of what cannot be held twice (a port, a
    /// file's lock); keep the state: this instance may be resumed.
    fn suspend(&mut self) {}

    /// The upgrade was called off, or the next version was rolled back: this instance serves again.
    fn resume(&mut self) {}

    /// The end, before the instance is dropped. One whose state was handed over as memory has the
    /// state that its successor was started with.
    fn stop(&mut self) {}
}

/// What an instance starts from.
/// ```
/// use hotswap_abi::Start;
///
/// fn opening_hours(from: Start<u8>) -> u8 {
///     match from {
///         Start::Upgraded(hours) | Start::Restored(hours) => hours,
///         _ => 8,
///     }
/// }
/// assert_eq!(opening_hours(Start::Upgraded(10)), 10);
/// assert_eq!(opening_hours(Start::Fresh), 8);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start<S> {
    /// Nothing: the first start, or the state was dropped on purpose.
    Fresh,
    /// The state of the version before, migrated.
    Upgraded(S),
    /// A state that was stored outside of the process. No host starts a module this way yet.
    Restored(S),
}

impl<S> Start<S> {
    /// The state, if there is one.
    pub fn state(self) -> Option<S> {
        match self {
            Self::Fresh => None,
            Self::Upgraded(state) | Self::Restored(state) => Some(state),
        }
    }
}

/// Why a module does not start, or why its self-test failed.
///
/// Any error converts into it, so that `?` works; it keeps the texts of the error and its sources.
#[derive(Clone, PartialEq, Eq)]
pub struct ModuleError {
    text: String,
}

impl ModuleError {
    /// An error with this text.
    #[must_use]
    pub fn new(text: impl fmt::Display) -> Self {
        Self { text: text.to_string() }
    }
}

impl<E: std::error::Error> From<E> for ModuleError {
    fn from(error: E) -> Self {
        Self { text: in_full(&error) }
    }
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What `#[derive(HotModule)]` adds to a [`Module`].
///
/// # Safety
/// Only the derive implements it: manifest and export must describe this very type.
pub unsafe trait HotModule: Module {
    /// What it implements: `dyn Game`.
    type Interface: Interface + ?Sized;
    /// The bytes that stand in the artifact's `.hotswap` section.
    #[doc(hidden)]
    const MANIFEST: &'static [u8];
    /// The interface's entry points for this module.
    #[doc(hidden)]
    const ENTRIES: &'static [Entry];
    /// How its state is handed over as memory, if it is.
    #[doc(hidden)]
    const MOVING: Option<&'static Moving>;
    /// What the artifact exports.
    #[doc(hidden)]
    fn export() -> &'static Export;
}
