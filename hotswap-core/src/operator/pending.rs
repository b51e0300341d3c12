//! Pending upgrades, applied on request: the program waits for that on a thread or in a task.

use std::{future::Future, sync::Arc};

use super::Operator;
use crate::{
    error::Error,
    supervisor::{Command, Promise},
};

impl Operator {
    /// Applies every pending upgrade, e.g. at the end of a frame, and waits until each has taken
    /// over or has failed. Returns how many have taken over; a canary counts
    /// ([`Config::with_strategy`](crate::Config::with_strategy)), with its first share of the calls.
    ///
    /// # Errors
    /// At once when the thread is inside a call of a slot, since the upgrade would wait for it, or
    /// in an event callback; when the host has ended.
    pub fn apply_pending(&self) -> Result<usize, Error> {
        self.begin_apply(None)?.recv().map_err(|_| self.shared.why_over().into())
    }

    /// As [`apply_pending`](Self::apply_pending), for one slot. Returns whether a version has taken
    /// over.
    ///
    /// # Errors
    /// When the slot was not opened; as for [`apply_pending`](Self::apply_pending).
    pub fn apply_pending_in(&self, slot: &str) -> Result<bool, Error> {
        let applied = self.begin_apply(Some(slot))?.recv();
        applied.map(|applied| applied > 0).map_err(|_| self.shared.why_over().into())
    }

    /// As [`apply_pending`](Self::apply_pending), for a task: while the upgrades are applied the
    /// future is pending and its thread is free for other tasks. It needs no particular runtime.
    ///
    /// The upgrades begin with this call, whether or not the future is polled. Dropping it cancels
    /// nothing.
    ///
    /// ```no_run
    /// # async fn operate(host: &hotswap_core::Host) -> Result<(), hotswap_core::Error> {
    /// let applied = host.apply_pending_async().await?;
    /// println!("{applied} slots have a new version");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`apply_pending`](Self::apply_pending), with the first poll.
    pub fn apply_pending_async(
        &self,
    ) -> impl Future<Output = Result<usize, Error>> + Send + 'static + use<> {
        let (begun, shared) = (self.begin_apply(None), Arc::clone(&self.shared));
        async move { begun?.await.map_err(|_| shared.why_over().into()) }
    }

    /// As [`apply_pending_in`](Self::apply_pending_in), for a task: see
    /// [`apply_pending_async`](Self::apply_pending_async).
    ///
    /// # Errors
    /// As for [`apply_pending_in`](Self::apply_pending_in), with the first poll.
    pub fn apply_pending_in_async(
        &self,
        slot: &str,
    ) -> impl Future<Output = Result<bool, Error>> + Send + 'static + use<> {
        let (begun, shared) = (self.begin_apply(Some(slot)), Arc::clone(&self.shared));
        async move {
            let applied = begun?.await.map_err(|_| shared.why_over())?;
            Ok(applied > 0)
        }
    }

    fn begin_apply(&self, slot: Option<&str>) -> Result<oneshot::Receiver<usize>, Error> {
        slot.map_or(Ok(()), |slot| self.refuse_unopened(slot))?;
        let (reply, answer) = Promise::new();
        self.order(Command::Apply(slot.map(str::to_owned), reply))?;
        Ok(answer)
    }
}
