//! Quiesced: the slot is closed, and nobody is inside.
//!
//! How long an upgrade may take and how long callers may be kept out are two budgets: a call that
//! stays inside for seconds must not keep everybody else waiting for as long. So the slot is closed for
//! a short time only ([`Config::with_longest_wait`](crate::Config::with_longest_wait)), and opened and
//! closed again until the callers inside have left or the upgrade's own time is over. The gate has the
//! algorithm ([`Gate::close_within`]).

use std::time::{Duration, Instant};

use hotswap_gate::{Closed, Gate, Stuck};
use hotswap_types::Phase;

use super::{Upgrade, UpgradeEvent, span};
use crate::instance::Generation;

impl Upgrade<'_> {
    /// Closes the slot when nobody is inside; gives up after `patience`. What it waits for is emitted.
    pub(super) fn quiesce<'g>(
        &mut self,
        gate: &'g Gate<Generation>,
        patience: Duration,
    ) -> Result<Closed<'g, Generation>, Stuck> {
        let _span = span(Phase::Quiescing);
        let deadline = Instant::now() + patience;
        gate.close_within(self.config.longest_wait, deadline, |stuck| {
            (self.emit)(UpgradeEvent::Draining(stuck));
        })
    }
}
