//! Waiting for a slot: for its first generation, or for a later one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_gate::Gate;
use hotswap_types::bounded;
use parking_lot::MutexGuard;

use super::{Over, SlotCore, upgrades};
use crate::{
    error::{Error, Reason},
    event::Refusal,
    instance::Generation,
};

impl SlotCore {
    /// Waits for the first generation; calls `slow` once if it takes a while. While it is being
    /// built, that does not count.
    pub(crate) fn wait_first(
        &self,
        timeout: Duration,
        builtin: bool,
        slow: impl FnOnce(),
    ) -> Result<&Arc<Gate<Generation>>, Error> {
        const A_WHILE: Duration = Duration::from_secs(1);
        let begun = Instant::now();
        let mut slow = Some(slow);
        let mut progress = self.progress.lock();
        loop {
            if let Some(gate) = self.gate.get().filter(|_| progress.told) {
                return Ok(gate);
            }
            self.owner.is_here()?;
            let refusal = progress.status.last_refusal.as_deref().cloned().map(Box::new);
            if let Some(over) = progress.over {
                return Err(match refusal {
                    _ if over == Over::Died => over.reason(),
                    Some(refusal) if builtin => {
                        Reason::Builtin { name: self.name.to_string(), refusal }
                    }
                    // Given up; a host that has ended has no lasting refusal to tell of.
                    Some(_) => self.none(begun.elapsed(), refusal),
                    None => over.reason(),
                }
                .into());
            }
            let Some(from) = progress.coming.waited_for_from(begun) else {
                self.changed.wait(&mut progress);
                continue;
            };
            let deadline = from + timeout;
            let next = if slow.is_some() { deadline.min(from + A_WHILE) } else { deadline };
            if self.changed.wait_until(&mut progress, next).timed_out() {
                if progress.coming.waited_for_from(begun) != Some(from) {
                    continue;
                }
                if next < deadline {
                    if let Some(slow) = slow.take().filter(|_| refusal.is_none()) {
                        MutexGuard::unlocked(&mut progress, slow);
                    }
                    continue;
                }
                return Err(self.none(timeout, refusal).into());
            }
        }
    }

    fn none(&self, after: Duration, refusal: Option<Box<Refusal>>) -> Reason {
        let (name, source_path) = (self.name.to_string(), self.settings.source_text.clone());
        Reason::NoArtifact { name, after, source_path, refusal }
    }

    pub(crate) fn wait_for(&self, wanted: u64, timeout: Duration) -> Result<u64, Error> {
        let deadline = Instant::now() + bounded(timeout);
        let mut progress = self.progress.lock();
        loop {
            let serving =
                progress.status.serves.as_ref().map_or(0, |serves| serves.code.generation);
            if serving >= wanted {
                return Ok(serving);
            }
            if let Some(over) = progress.over {
                return Err(over.reason().into());
            }
            if upgrades() {
                return Err(Reason::Callback.into());
            }
            // Nobody upgrades here.
            self.owner.is_here()?;
            if self.gate.get().is_some_and(|gate| gate.is_inside()) {
                return Err(Reason::Inside { name: self.name.to_string() }.into());
            }
            if self.changed.wait_until(&mut progress, deadline).timed_out() {
                return Err(Reason::NotLive {
                    name: self.name.to_string(),
                    wanted,
                    after: timeout,
                    serving,
                    refusal: progress.status.last_refusal.as_deref().cloned().map(Box::new),
                }
                .into());
            }
        }
    }
}
