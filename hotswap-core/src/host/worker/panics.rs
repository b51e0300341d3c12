//! Calls that have panicked: they are told, and where the policy says so another instance is made.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use super::Worker;
use crate::{
    event::{EventKind, Exit, Panicked, Restarted},
    instance::{Generation, Panics},
    upgrade::Upgrade,
};

/// When a slot's instances were restarted by the host itself.
#[derive(Debug, Default)]
pub(super) struct Restarts(VecDeque<Instant>);

impl Restarts {
    /// Notes one more, if there may be one.
    fn may(&mut self, now: Instant, most: u32, within: Duration) -> bool {
        while self.0.front().is_some_and(|at| now.duration_since(*at) >= within) {
            self.0.pop_front();
        }
        let may = self.0.len() < most as usize;
        if may {
            self.0.push_back(now);
        }
        may
    }
}

impl Worker {
    /// A call has panicked, the first one or the first one after a while.
    pub(super) fn panicked(&mut self, name: &str, generation: u64) {
        let found = self.slots.iter().position(|slot| &*slot.core.name == name);
        let Some(index) = found else { return };
        // One that has been replaced is of no more interest than the error that its caller has got.
        if let Some(instance) = self.instance(index)
            && instance.code().generation == generation
        {
            self.tell_panics(index, &instance);
        }
    }

    /// Looks once more at what has panicked before.
    pub(super) fn look_at_panics(&mut self, index: usize) {
        self.panics.cancel(&index);
        if let Some(instance) = self.instance(index)
            && instance.condition().rearm()
        {
            self.tell_panics(index, &instance);
        }
    }

    pub(super) fn instance(&self, index: usize) -> Option<Arc<Generation>> {
        self.slots[index].core.gate().map(|gate| gate.current().1)
    }

    fn tell_panics(&mut self, index: usize, instance: &Generation) {
        self.panics.again(index, Instant::now());
        let Panics { count, last } = instance.condition().panics();
        let Some(failure) = last else { return };
        let core = Arc::clone(&self.slots[index].core);
        let (generation, poisoned) =
            (instance.code().generation, instance.condition().is_poisoned());
        if let Some(on_trial) = &mut self.slots[index].trial {
            on_trial.has_panicked(&failure);
        }
        self.tell(
            &core.name,
            EventKind::Panicked(Panicked { generation, count, failure, poisoned }),
        );
        self.look_at_trial(index);
        // It may have been rolled back.
        if self.instance(index).is_none_or(|now| !std::ptr::eq(&raw const *now, instance)) {
            return;
        }
        let policy = self.shared.config.panics_of(&core.name);
        if let (true, Some((most, within))) = (poisoned, policy.restarts()) {
            if self.slots[index].restarts.may(Instant::now(), most, within) {
                self.restart_or_again(index);
            } else {
                let why = format!("it was restarted {most} times within {within:.0?}");
                self.not_restarted(index, why, false);
            }
        }
    }

    /// Restarts an instance; one that callers do not leave is tried again.
    pub(super) fn restart_or_again(&mut self, index: usize) {
        // Something else may have taken its place meanwhile.
        let is_poisoned = self.instance(index).is_some_and(|it| it.condition().is_poisoned());
        if !is_poisoned {
            return self.unstarted.cancel(&index);
        }
        match self.restart(index) {
            Ok(()) => self.unstarted.cancel(&index),
            Err((why, Exit::Cancelled)) => {
                let again = self.unstarted.again(index, Instant::now());
                self.not_restarted(index, why, matches!(again, hotswap_watch::Retry::At(_)));
            }
            Err((why, _)) => {
                self.unstarted.cancel(&index);
                self.not_restarted(index, why, false);
            }
        }
    }

    /// Restarts the instance of a slot because somebody has asked for it.
    pub(super) fn restart_by_name(&mut self, name: &str) -> Result<(), String> {
        let found = self.slots.iter().position(|slot| &*slot.core.name == name);
        let index = found.filter(|index| self.instance(*index).is_some());
        let Some(index) = index else { return Err("nothing serves yet".to_owned()) };
        self.restart(index).map_err(|(why, _)| why)
    }

    fn restart(&mut self, index: usize) -> Result<(), (String, Exit)> {
        let core = Arc::clone(&self.slots[index].core);
        let mut upgrade = Upgrade {
            slot: &core,
            config: &self.shared.config,
            steps: &mut self.steps,
            reached: &mut |_| {},
        };
        match upgrade.restart() {
            Ok(crate::upgrade::Restarted { generation, state, pause, restored }) => {
                let restarted = Restarted { generation, pause, state, restored };
                if let Some(instance) = self.instance(index) {
                    self.goes_on_with(index, &instance);
                }
                self.tell(&core.name, EventKind::Restarted(restarted));
                Ok(())
            }
            Err(fault) => Err((fault.findings.join("; "), fault.exit)),
        }
    }

    fn not_restarted(&self, index: usize, why: String, again: bool) {
        let core = &self.slots[index].core;
        let generation = core.serves().map_or(0, |serves| serves.code.generation);
        self.tell(&core.name, EventKind::NotRestarted { generation, why, again });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_only_so_many_restarts_within_a_time() {
        let (mut restarts, now) = (Restarts::default(), Instant::now());
        let mut may =
            |seconds| restarts.may(now + Duration::from_secs(seconds), 2, Duration::from_secs(10));
        assert_eq!([0, 1, 2, 9].map(&mut may), [true, true, false, false]);
        assert_eq!([10, 10, 11, 12].map(&mut may), [true, false, true, false]);
    }
}
