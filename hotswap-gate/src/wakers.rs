//! The wakers of tasks that wait for a gate to open.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use crate::tables::{List, list};

/// Whose waker it is. No ticket is given out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

#[derive(Debug)]
pub(crate) struct Wakers {
    given: u64,
    /// By ticket: the last is the latest.
    waiting: List<(Ticket, Waker)>,
}

/// Wakers that were taken out, to be woken where no mutex is held.
#[must_use = "tasks wait for it"]
pub(crate) struct Woken(List<(Ticket, Waker)>);

impl Wakers {
    pub(crate) const fn new() -> Self {
        Self { given: 0, waiting: list() }
    }

    pub(crate) fn add(&mut self, waker: Waker) -> Ticket {
        self.given += 1;
        let ticket = Ticket(self.given);
        self.waiting.push((ticket, waker));
        ticket
    }

    /// `None` when it was woken, or taken before.
    pub(crate) fn take(&mut self, ticket: Ticket) -> Option<Waker> {
        let at = self.waiting.binary_search_by_key(&ticket, |(ticket, _)| *ticket).ok()?;
        Some(self.waiting.remove(at).1)
    }

    pub(crate) fn take_all(&mut self) -> Woken {
        Woken(mem::replace(&mut self.waiting, list()))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl Woken {
    /// Wakes all of them, also where one panics: that is told of by the panic hook, and is the fault of
    /// neither the other tasks nor whoever has opened the gate.
    pub(crate) fn wake(self) {
        for (_, waker) in self.0 {
            if let Err(payload) = caught(|| waker.wake()) {
                // What is thrown may panic when it is dropped, and so on.
                caught(|| drop(payload)).unwrap_or_else(mem::forget);
            }
        }
    }
}

fn caught(code: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(code))
}
