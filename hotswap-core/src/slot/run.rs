//! Calls of a task: while the slot is upgraded the task is pending, and its thread does something else.
//!
//! The gate wakes the task when it opens ([`hotswap_gate::Waiting`]). A future of this module is on no
//! version before it is ready: it enters, calls and leaves within one poll.

use std::{
    future::Future,
    pin::Pin as Pinned,
    task::{Context, Poll},
};

use hotswap_abi::CallError;
use hotswap_gate::{Entered, Gate, Waiting};

use super::{call::refused, key::point};
use crate::instance::Generation;

/// A call that a task waits to make.
pub(super) struct Run<'s, C> {
    gate: &'s Gate<Generation>,
    waiting: Waiting,
    /// Whom it is for, where that is known.
    key: Option<Box<[u8]>>,
    /// `None` when it was made.
    call: Option<C>,
}

impl<'s, C> Run<'s, C> {
    #[track_caller]
    pub(super) const fn new(gate: &'s Gate<Generation>, call: C) -> Self {
        Self { gate, waiting: Waiting::of_caller(), key: None, call: Some(call) }
    }

    pub(super) fn for_key(self, key: &[u8]) -> Self {
        Self { key: Some(key.into()), ..self }
    }
}

/// Nothing of it is pinned: the call is moved out before it is made.
impl<C> Unpin for Run<'_, C> {}

impl<'s, R, C: FnOnce(Entered<'s, Generation>) -> Result<R, CallError>> Future for Run<'s, C> {
    type Output = Result<R, CallError>;

    fn poll(mut self: Pinned<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { gate, waiting, key, call } = &mut *self;
        let entered = match key {
            None => gate.poll_enter(waiting, context),
            Some(key) => gate.poll_enter_for(|salt| point(salt, key), waiting, context),
        };
        entered.map(|entered| {
            let call = call.take().expect("a future is not polled after it was ready");
            match entered {
                Ok(entered) => call(entered),
                Err(error) => Err(*refused(gate, error)),
            }
        })
    }
}
