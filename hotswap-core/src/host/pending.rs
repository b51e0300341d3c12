//! What a program calls to apply upgrades that are ready, in one word from its [`Host`].

use std::future::Future;

use super::Host;
use crate::error::Error;

impl Host {
    /// As [`Operator::apply_pending`](crate::Operator::apply_pending).
    ///
    /// # Errors
    /// At once when the thread is inside a call of a slot, since the upgrade would wait for it, or
    /// in an event callback; when the host has ended.
    pub fn apply_pending(&self) -> Result<usize, Error> {
        self.operator.apply_pending()
    }

    /// As [`Operator::apply_pending_in`](crate::Operator::apply_pending_in).
    ///
    /// # Errors
    /// When the slot was not opened; as for [`apply_pending`](Self::apply_pending).
    pub fn apply_pending_in(&self, slot: &str) -> Result<bool, Error> {
        self.operator.apply_pending_in(slot)
    }

    /// As [`Operator::apply_pending_async`](crate::Operator::apply_pending_async).
    ///
    /// # Errors
    /// As for [`apply_pending`](Self::apply_pending), with the first poll.
    pub fn apply_pending_async(
        &self,
    ) -> impl Future<Output = Result<usize, Error>> + Send + 'static + use<> {
        self.operator.apply_pending_async()
    }

    /// As [`Operator::apply_pending_in_async`](crate::Operator::apply_pending_in_async).
    ///
    /// # Errors
    /// As for [`apply_pending_in`](Self::apply_pending_in), with the first poll.
    pub fn apply_pending_in_async(
        &self,
        slot: &str,
    ) -> impl Future<Output = Result<bool, Error>> + Send + 'static + use<> {
        self.operator.apply_pending_in_async(slot)
    }
}
