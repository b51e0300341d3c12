//! Closing a gate so that no caller waits long: in short tries.
//!
//! How long an upgrade may take and how long callers may be kept out are two things. A call that is
//! inside for two seconds has a gate that just closes keep everybody else out for two seconds. Here it
//! does not:
//!
//! 1. *Drain with the gate open*: wait until those who are inside at the beginning have left, while
//!    others come in.
//! 2. *Close for a budget*: those inside by now have begun since, and most calls are short. Where one
//!    is not, the gate opens again when the budget is over.
//! 3. Wait until the callers who were kept out are inside, rest, and begin again, until the deadline.
//!    Rests double, so that callers wait a smaller and smaller share of the time; tasks that wait
//!    (`opening`) get in during a rest.
//!
//! Leaving tells nobody which call has left: a thread may have left and entered again between two
//! looks. So a drain begins a *new turn* of the same generations. Who announces an older turn has been
//! inside since; who leaves and comes back is on the new one. It costs each caller one entry by the
//! slow way, and no caller any waiting.

use std::time::{Duration, Instant};

use crate::closed::Closed;
use crate::error::{Stuck, Why};
use crate::gate::Gate;
use crate::sync::sleep;

/// Rests do not get longer than this.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// And the first one is not shorter, whatever the budget.
const SHORTEST_REST: Duration = Duration::from_millis(1);

impl<T: Send + Sync> Gate<T> {
    /// Waits until everybody has left who is inside now. The gate stays open: others come in.
    ///
    /// # Errors
    /// [`Stuck`], with those who are still inside; at once when the current thread is.
    pub fn drain_open(&self, deadline: Instant) -> Result<(), Stuck> {
        let inner = &self.inner;
        let started = Instant::now();
        if self.is_inside() {
            return Err(inner.core.stuck(Why::OwnThread, started, Vec::new()));
        }
        while inner.rearm(|current| Some(current.again())).is_err() {
            let free = inner.core.await_open(deadline);
            free.map_err(|busy| inner.core.stuck(Why::Busy(busy), started, Vec::new()))?;
        }
        let left = inner.core.wait_earlier(deadline);
        left.map_err(|stuck| inner.with_numbers(stuck))?;
        inner.let_go();
        Ok(())
    }

    /// As [`close`](Self::close), but no caller waits for longer than `budget` while others leave:
    /// then the gate opens, everybody who has waited is let in, and it is tried again, until the
    /// deadline. It is not closed while a call is inside that has been since before the try, but for
    /// the last one: that takes what is left of the time, and no longer than the budget.
    ///
    /// `again` is told of each try that did not succeed, and of those who do not leave the open gate
    /// within the budget: who was inside, and since when at least.
    ///
    /// # Errors
    /// As for [`close`](Self::close). The time is over as well when those inside do not leave an open
    /// gate.
    pub fn close_within(
        &self,
        budget: Duration,
        deadline: Instant,
        mut again: impl FnMut(&Stuck),
    ) -> Result<Closed<'_, T>, Stuck> {
        let mut rest = budget.clamp(SHORTEST_REST, LONGEST_REST);
        loop {
            if soon(deadline, budget) == deadline {
                // The last try, or the only one: callers do not wait longer for it than the budget.
                return self.close(deadline);
            }
            match self.drain_open(soon(deadline, budget)) {
                Err(stuck) if stuck.is_over_time() && Instant::now() < deadline => {
                    again(&stuck);
                    self.drain_open(deadline)?;
                }
                drained => drained?,
            }
            match self.close(soon(deadline, budget)) {
                Err(stuck) if stuck.is_over_time() && Instant::now() < deadline => {
                    self.inner.core.await_let_in(deadline);
                    again(&stuck);
                }
                closed => return closed,
            }
            sleep(rest.min(deadline.saturating_duration_since(Instant::now())));
            rest = (rest * 2).min(LONGEST_REST);
        }
    }
}

/// The end of a budget that begins now, and not later than the deadline.
fn soon(deadline: Instant, budget: Duration) -> Instant {
    Instant::now().checked_add(budget).map_or(deadline, |end| end.min(deadline))
}
