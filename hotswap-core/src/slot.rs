//! Slots: named places in a host, and the handles through which their modules are called.
//!
//! | handle | for | a call costs |
//! |---|---|---|
//! | [`Slot::pin`] | a few calls in a row on one version | a function pointer |
//! | [`Slot::pin_mut`] | a frame: one version, `&mut self` without a lock per call | a function pointer |
//! | [`Slot::run`], [`Slot::run_mut`] | calls of a task | the same, and never blocks its thread for an upgrade |
//! | [`Slot::reader`] | a thread that calls again and again, without holding a version | hardly more |
//! | `slot.pin().method()` | now and then | a look-up of the thread's place |

mod call;
#[expect(unsafe_code, reason = "vouches that calls hold the instance as they need it")]
mod client;
mod core;
mod deferred;
mod interface_type;
mod key;
mod progress;
mod quarantine;
mod residents;
mod run;
mod undo;
mod upgrade_thread;
mod waiting;

pub use self::client::{Pin, PinMut, Reader};
#[doc(hidden)]
pub use self::client::{PinCaller, PinMutCaller, ReaderCaller};
pub(crate) use self::{
    core::{OnUnload, SlotCore},
    interface_type::InterfaceType,
    progress::{OnRollout, OnTrial, Over, Serves},
    residents::{Residents, holders, origin_of},
    upgrade_thread::{in_callback, set_upgrades, upgrades},
};

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use hotswap_abi::{CallError, Interface};
use hotswap_gate::Gate;

use self::{
    call::{enter_for, preview},
    run::Run,
};
use crate::{error::Error, instance::Generation};

/// A named place in a host that holds one instance of one module.
///
/// Cheap to clone, and to be shared by threads.
///
/// ```no_run
/// # #[hotswap_core::abi::interface] pub trait Shop { fn count(&self) -> u64; fn sell(&mut self, n: u64); }
/// # fn serve(host: &hotswap_core::Host) -> Result<(), hotswap_core::Error> {
/// let shop = host.slot::<dyn Shop>("shop")?;
/// let clone = shop.clone();
/// std::thread::spawn(move || println!("{:?} things", clone.pin().count()));
/// println!("generation {} of {}", shop.generation(), shop.name());
/// # Ok(())
/// # }
/// ```
pub struct Slot<I: Interface + ?Sized> {
    core: Arc<SlotCore>,
    gate: Arc<Gate<Generation>>,
    budget: Duration,
    interface: PhantomData<fn(&I)>,
}

impl<I: Interface + ?Sized> Slot<I> {
    pub(crate) fn new(core: Arc<SlotCore>, gate: Arc<Gate<Generation>>, budget: Duration) -> Self {
        Self { core, gate, budget, interface: PhantomData }
    }

    /// Stays on the version that serves now, for as long as the pin lives.
    ///
    /// While the slot is being upgraded this waits, at most for the budget; then every call
    /// through the pin returns the error. A pin held for long delays upgrades: keep it for a
    /// frame or a request.
    ///
    /// ```no_run
    /// # #[hotswap_core::abi::interface] pub trait Shop { fn count(&self) -> u64; fn sell(&mut self, n: u64); }
    /// # fn serve(shop: &hotswap_core::Slot<dyn Shop>) -> Result<(), hotswap_core::CallError> {
    /// let pin = shop.pin();
    /// // Both are answered by one version.
    /// println!("{} and {}", pin.count()?, pin.count()?);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn pin(&self) -> Pin<'_, I> {
        Pin::new(&self.gate, self.budget)
    }

    /// As [`pin`](Self::pin), for somebody: while a version serves beside the stable one
    /// ([`Strategy::gradual`](crate::Strategy::gradual)), all pins of a key are on the same of the two, as
    /// its share grows at most once from the stable one to the other. Which keys meet a version depends
    /// on the key and the artifact alone: it is the same after a restart, and on every host.
    ///
    /// A thread that is inside the slot stays on the version that it is on, whatever the key.
    ///
    /// ```no_run
    /// # #[hotswap_core::abi::interface] pub trait Shop { fn count(&self) -> u64; }
    /// # fn serve(shop: &hotswap_core::Slot<dyn Shop>) -> Result<(), hotswap_core::CallError> {
    /// println!("{}", shop.pin_for("customer 17").count()?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pin_for(&self, key: impl AsRef<[u8]>) -> Pin<'_, I> {
        Pin::of(&self.gate, enter_for(&self.gate, key.as_ref(), self.budget))
    }

    /// As [`pin`](Self::pin), on the version that serves beside the stable one, whatever its share of the
    /// calls: a look at it before others have it. `None` when there is none, or when the thread is inside
    /// the stable one.
    #[must_use]
    #[track_caller]
    pub fn preview(&self) -> Option<Pin<'_, I>> {
        let entered = preview(&self.gate, self.budget)?;
        Some(Pin::of(&self.gate, entered))
    }

    /// As [`pin`](Self::pin), and alone with the instance: calls through it take no lock of their
    /// own, and those of others wait.
    ///
    /// ```no_run
    /// # #[hotswap_core::abi::interface] pub trait Shop { fn count(&self) -> u64; fn sell(&mut self, n: u64); }
    /// # fn serve(shop: &hotswap_core::Slot<dyn Shop>) -> Result<(), hotswap_core::CallError> {
    /// let mut shop = shop.pin_mut();
    /// shop.sell(3)?;
    /// println!("{} are left", shop.count()?);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn pin_mut(&self) -> PinMut<'_, I> {
        PinMut::new(&self.gate, self.budget)
    }

    /// A handle for one thread's calls, each on the version that serves then. While it is not in a
    /// call it holds no version and delays no upgrade.
    ///
    /// ```no_run
    /// # #[hotswap_core::abi::interface] pub trait Shop { fn count(&self) -> u64; fn sell(&mut self, n: u64); }
    /// # fn serve(shop: &hotswap_core::Slot<dyn Shop>) -> Result<(), hotswap_core::CallError> {
    /// let reader = shop.reader();
    /// loop {
    ///     println!("{}", reader.count()?);
    /// }
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reader(&self) -> Reader<I> {
        Reader::new(&self.gate, self.budget)
    }

    /// Makes calls on one version from a task. While the slot is being upgraded the future is pending,
    /// its thread is free for other tasks, and the task is woken when the slot opens. It needs no
    /// particular runtime.
    ///
    /// `call` is run once, at once and within one poll of the future, so it blocks the thread for as long
    /// as the module takes: give long calls to a thread of their own (tokio's `spawn_blocking`, with
    /// [`pin`](Self::pin)). A method that takes `&mut self` also waits there for the calls of others.
    ///
    /// There is no budget: put a time limit around the future (tokio's `timeout`). Dropping it before it
    /// is ready makes no call. The future is `Send` when `call` is.
    ///
    /// ```no_run
    /// # #[hotswap_core::abi::interface] pub trait Shop { fn count(&self) -> u64; fn sell(&mut self, n: u64); }
    /// # async fn serve(shop: &hotswap_core::Slot<dyn Shop>) -> Result<(), hotswap_core::CallError> {
    /// let left = shop
    ///     .run(|shop| {
    ///         shop.sell(3)?;
    ///         shop.count()
    ///     })
    ///     .await?;
    /// println!("{left} are left");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `call` returns; when the slot has ended, and then `call` is not run.
    #[track_caller]
    pub fn run<R>(
        &self,
        call: impl FnOnce(&mut Pin<'_, I>) -> Result<R, CallError>,
    ) -> impl Future<Output = Result<R, CallError>> {
        Run::new(&self.gate, |entered| call(&mut Pin::of(&self.gate, Ok(entered))))
    }

    /// As [`run`](Self::run), for somebody: see [`pin_for`](Self::pin_for).
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    #[track_caller]
    pub fn run_for<R>(
        &self,
        key: impl AsRef<[u8]>,
        call: impl FnOnce(&mut Pin<'_, I>) -> Result<R, CallError>,
    ) -> impl Future<Output = Result<R, CallError>> {
        let call = |entered| call(&mut Pin::of(&self.gate, Ok(entered)));
        Run::new(&self.gate, call).for_key(key.as_ref())
    }

    /// As [`run`](Self::run), alone with the instance; see [`pin_mut`](Self::pin_mut).
    ///
    /// # Errors
    /// As for [`run`](Self::run); when the instance's lock cannot be taken, and then `call` is not run.
    #[track_caller]
    pub fn run_mut<R>(
        &self,
        call: impl FnOnce(&mut PinMut<'_, I>) -> Result<R, CallError>,
    ) -> impl Future<Output = Result<R, CallError>> {
        Run::new(&self.gate, |entered| {
            call(&mut PinMut::inside(&self.gate, entered).map_err(|error| *error)?)
        })
    }

    /// The same slot, whose calls wait at most for `budget` while it is being upgraded.
    #[must_use]
    pub fn with_budget(&self, budget: Duration) -> Self {
        Self { budget, ..self.clone() }
    }

    /// The slot's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.gate.name()
    }

    /// The number of the generation that serves.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.gate.current().0
    }

    /// Counts a failure of the version that serves, by the host's own judgement: it weighs in that
    /// version's [`Trial`](crate::Trial), if it is on one. While a canary serves beside the stable
    /// version, that is the stable one. A thread that is inside the slot counts against the version that
    /// it is in.
    ///
    /// For a failure that no call shows. By the time that an answer is judged another version may
    /// serve: count it by [`Pin::count_failure`], [`PinMut::count_failure`] or
    /// [`Reader::count_failure`], or with its number by
    /// [`count_failure_of`](Self::count_failure_of).
    pub fn count_failure(&self) {
        // Who is inside is never kept out. Who is not would enter either version, as it comes.
        match self.gate.is_inside().then(|| self.gate.enter(Duration::ZERO)) {
            Some(Ok(entered)) => entered.condition().count_failure(),
            _ => self.gate.current().1.condition().count_failure(),
        }
    }

    /// Counts an answer of a generation as a failure, by the host's own judgement, whichever serves
    /// by now: for an answer that is judged where its pin has gone. Its number is that of
    /// [`Pin::generation`].
    pub fn count_failure_of(&self, generation: u64) {
        // One that is gone is on trial no more.
        if let Some(instance) = self.gate.find(generation) {
            instance.condition().count_failure();
        }
    }

    /// Waits until generation `number` or a later one serves; returns its number.
    ///
    /// # Errors
    /// When it does not within `timeout`; at once when the thread is inside the slot, since the
    /// upgrade would wait for it.
    pub fn wait_for(&self, number: u64, timeout: Duration) -> Result<u64, Error> {
        self.core.wait_for(number, timeout)
    }
}

impl<I: Interface + ?Sized> Clone for Slot<I> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.core), Arc::clone(&self.gate), self.budget)
    }
}

impl<I: Interface + ?Sized> fmt::Debug for Slot<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("name", &self.name())
            .field("generation", &self.generation())
            .finish_non_exhaustive()
    }
}
