//! What the owner of a gate, and its callers, ask of a canary. `canary` says how it works.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::canary::{Canary, Route, Salt, Weight};
use crate::entered::Entered;
use crate::error::{CanaryError, Refused};
use crate::gate::Gate;
use crate::generation::Arms;
use crate::word::Arm;

impl<T: Send + Sync> Gate<T> {
    /// Has a share of the entries from now on go to a canary beside the current generation, which is
    /// the stable one. Those inside stay where they are.
    ///
    /// Keys are hashed with the salt: it should be the content hash of the canary's artifact.
    ///
    /// # Errors
    /// [`CanaryError::Active`] when there is one already, [`CanaryError::Busy`] while the gate is closed.
    pub fn begin_canary(
        &self,
        number: u64,
        value: Arc<T>,
        weight: Weight,
        salt: Salt,
    ) -> Result<(), CanaryError> {
        let canary = Arc::new(Canary::new(number, value, weight, salt));
        let mut active = 0;
        let old = self.inner.rearm(|old| match &old.canary {
            Some(canary) => {
                active = canary.number;
                None
            }
            None => Some(Arms { canary: Some(Arc::clone(&canary)), ..old.again() }),
        })?;
        old.map(drop).ok_or(CanaryError::Active { number: active })
    }

    /// Changes the canary's share of the entries that begin from now on.
    ///
    /// # Errors
    /// [`CanaryError::Inactive`].
    pub fn set_weight(&self, weight: Weight) -> Result<(), CanaryError> {
        let generation = self.inner.source.load_full();
        let canary = generation.canary.as_ref().ok_or(CanaryError::Inactive)?;
        canary.set_weight(weight);
        Ok(())
    }

    /// Ends the canary: all entries from now on go to one of the two. [`Arm::Canary`] promotes it,
    /// [`Arm::Stable`] rolls it back. Returns number and value of the other one, which callers inside
    /// it finish on; see [`wait_left`](Self::wait_left).
    ///
    /// # Errors
    /// [`CanaryError::Inactive`], or [`CanaryError::Busy`] while the gate is closed.
    pub fn settle(&self, on: Arm) -> Result<(u64, Arc<T>), CanaryError> {
        let old = self.inner.rearm(|old| {
            let canary = old.canary.as_ref()?;
            Some(match on {
                Arm::Stable => Arms { canary: None, ..old.again() },
                Arm::Canary => {
                    let (number, value) = (canary.number, Arc::clone(&canary.value));
                    Arms { number, value, canary: None }
                }
            })
        })?;
        let old = old.ok_or(CanaryError::Inactive)?;
        let other = old.arms().nth(usize::from(on == Arm::Stable));
        let other = other.expect("a gate with a canary has two arms");
        Ok((other.number, Arc::clone(other.value)))
    }

    /// The canary, while there is one: number, value and weight.
    pub fn canary(&self) -> Option<(u64, Arc<T>, Weight)> {
        let generation = self.inner.source.load_full();
        let canary = generation.canary.as_ref()?;
        Some((canary.number, Arc::clone(&canary.value), canary.weight()))
    }

    /// As [`enter`](Self::enter), for a key: all entries of a key are on one arm, as long as the
    /// canary's weight does not fall. A thread that is inside stays on the arm it is on.
    ///
    /// `point` gives the key's place among all keys, evenly spread over 32 bits: a hash of the salt and
    /// the key. It is asked while a canary is active only, before the thread is inside, and once more
    /// where the canary changes meanwhile.
    ///
    /// # Errors
    /// [`Refused`], and then the thread is not inside.
    #[inline]
    #[track_caller]
    pub fn enter_for(
        &self,
        point: impl Fn(&Salt) -> u32,
        budget: Duration,
    ) -> Result<Entered<'_, T>, Box<Refused>> {
        self.inner.enter_by(budget, Location::caller(), Route::Key(&point))
    }

    /// Enters the canary, whatever its weight. `None`, and then the thread is not inside by this, when
    /// there is none, or when the thread is on the stable generation already.
    ///
    /// # Errors
    /// [`Refused`], and then the thread is not inside.
    #[track_caller]
    pub fn preview(&self, budget: Duration) -> Result<Option<Entered<'_, T>>, Box<Refused>> {
        let entered = self.inner.enter_by(budget, Location::caller(), Route::Preview)?;
        Ok(Some(entered).filter(|entered| entered.arm() == Some(Arm::Canary)))
    }
}
