//! Waiting for a gate to open without blocking a thread: what a future needs.
//!
//! A task tries to enter with no wait. Where the gate is closed it leaves its [`Waker`], and is woken
//! when the gate opens or ends; then it tries again.
//!
//! Leaving the waker and the look at the gate are one step under the mutex of the state, which opening
//! and ending take as well: either the task sees the gate open, or it is woken. A [`Waiting`] that is
//! dropped takes its waker out again.
//!
//! Wakers run other code (`clone`, `wake`, `drop`), so none is called under the mutex.
//!
//! # Orderings
//! None of its own: the mutex orders.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use crate::canary::{Route, Salt};
use crate::entered::Entered;
use crate::error::Refused;
use crate::gate::Gate;
use crate::protocol::Core;
use crate::wakers::Ticket;

/// A task's place among those that wait for gates to open: one gate at a time. Dropping it gives the
/// place up. It keeps no generation alive.
pub struct Waiting {
    place: Option<(Arc<Core>, Ticket)>,
    /// Where the task wants to enter: whoever is inside is reported with it.
    caller: &'static Location<'static>,
}

impl Waiting {
    /// Waits for nothing yet. The task is reported, while it is inside, as one that has entered here.
    #[track_caller]
    pub const fn of_caller() -> Self {
        Self { place: None, caller: Location::caller() }
    }

    /// Ready when the gate is not closed, or has ended. Else the task will be woken.
    fn poll(&mut self, core: &Arc<Core>, context: &Context<'_>) -> Poll<()> {
        let ticket = match &self.place {
            Some((other, ticket)) if Arc::ptr_eq(other, core) => Some(*ticket),
            _ => {
                self.give_up();
                None
            }
        };
        let (placed, _unused) = core.leave_waker(ticket, context.waker().clone());
        // Before a waker is dropped, which may panic.
        self.place = placed.map(|ticket| (Arc::clone(core), ticket));
        if placed.is_some() { Poll::Pending } else { Poll::Ready(()) }
    }

    fn give_up(&mut self) {
        if let Some((core, ticket)) = self.place.take() {
            let waker = core.state().wakers.take(ticket);
            drop(waker);
        }
    }
}

impl Core {
    /// Leaves a waker, in place of the one before, if the gate is closed. The other result is for the
    /// caller to drop, outside the mutex.
    fn leave_waker(
        &self,
        ticket: Option<Ticket>,
        waker: Waker,
    ) -> (Option<Ticket>, [Option<Waker>; 2]) {
        let mut state = self.state();
        let before = ticket.and_then(|ticket| state.wakers.take(ticket));
        if state.is_shut() {
            (Some(state.wakers.add(waker)), [before, None])
        } else {
            (None, [before, Some(waker)])
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = self.place.as_ref().map(|(core, _)| &core.name);
        f.debug_struct("Waiting").field("slot", &slot).finish_non_exhaustive()
    }
}

impl<T: Send + Sync> Gate<T> {
    /// As [`enter`](Self::enter), for a task: where the gate is closed it is pending instead of
    /// waiting, and the task is woken when the gate opens or ends. There is no budget: dropping
    /// `waiting` ends the wait.
    pub fn poll_enter(
        &self,
        waiting: &mut Waiting,
        context: &Context<'_>,
    ) -> Poll<Result<Entered<'_, T>, Box<Refused>>> {
        self.poll_by(waiting, context, Route::Weighted)
    }

    /// The same as [`enter_for`](Self::enter_for).
    pub fn poll_enter_for(
        &self,
        point: impl Fn(&Salt) -> u32,
        waiting: &mut Waiting,
        context: &Context<'_>,
    ) -> Poll<Result<Entered<'_, T>, Box<Refused>>> {
        self.poll_by(waiting, context, Route::Key(&point))
    }

    fn poll_by(
        &self,
        waiting: &mut Waiting,
        context: &Context<'_>,
        route: Route<'_>,
    ) -> Poll<Result<Entered<'_, T>, Box<Refused>>> {
        loop {
            match self.inner.enter_by(Duration::ZERO, waiting.caller, route) {
                Err(refused) if matches!(*refused, Refused::Draining { .. }) => {
                    ready!(waiting.poll(&self.inner.core, context));
                }
                answer => {
                    waiting.give_up();
                    return Poll::Ready(answer);
                }
            }
        }
    }
}
