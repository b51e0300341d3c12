//! Candidates that are ready: each takes over when its slot's timing says so.

use std::{
    cmp::Reverse,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use super::{Waiting, Worker, course::Course};
use crate::{
    config::{Moment, Step},
    event::{EventKind, Until},
    upgrade::Prepared,
};

/// What a candidate waits for that is ready.
pub(super) enum Waits {
    /// Its next try.
    NextTry,
    /// A request.
    Request,
    /// Its time.
    Time(Clock),
}

/// How long a candidate has waited, and for what.
pub(super) struct Clock {
    ready: Instant,
    announced: Option<Instant>,
    /// Since when nobody was seen inside.
    quiet: Option<Instant>,
    next_look: Instant,
    /// It was told that it waits.
    pub(super) has_waited: bool,
}

/// While upgrades are paused nothing is looked at; the end of the pause says so.
const A_WHILE: Duration = Duration::from_secs(3600);

impl Waits {
    pub(super) const fn is_next_try(&self) -> bool {
        matches!(self, Self::NextTry)
    }

    /// When a candidate is looked at.
    pub(super) fn next_look(&self) -> Option<Instant> {
        match self {
            Self::Time(clock) => Some(clock.next_look),
            Self::NextTry | Self::Request => None,
        }
    }

    /// Whether what has been kept of the state may be old by now.
    pub(super) fn is_late(&self) -> bool {
        match self {
            Self::NextTry => false,
            Self::Request => true,
            Self::Time(clock) => clock.has_waited,
        }
    }
}

impl Worker {
    /// A candidate is ready that nobody has asked for: it takes over in its time.
    pub(super) fn is_ready(&mut self, index: usize, prepared: Prepared, course: Course) {
        let core = Arc::clone(&self.slots[index].core);
        if self.shared.config.timing_of(&core.name).is_on_request() {
            self.set_waiting(index, Some(Waiting { prepared, course, waits: Waits::Request }));
            return self.pending(index, Until::Request);
        }
        let now = Instant::now();
        let (announced, quiet, has_waited) = (None, None, false);
        let clock = Clock { ready: now, announced, quiet, next_look: now, has_waited };
        self.set_waiting(index, Some(Waiting { prepared, course, waits: Waits::Time(clock) }));
        self.look_at_ready(index);
    }

    /// Lets a candidate take over whose time has come.
    pub(super) fn look_at_ready(&mut self, index: usize) {
        let core = Arc::clone(&self.slots[index].core);
        let shared = Arc::clone(&self.shared);
        let timing = shared.config.timing_of(&core.name);
        loop {
            let now = Instant::now();
            let is_paused = shared.pauses.of(&core.name).is_some();
            let is_busy =
                core.gate().is_some_and(|gate| !gate.callers(gate.current().0).is_empty());
            let artifact = match &self.slots[index].waiting {
                Some(Waiting { course, waits: Waits::Time(_), .. }) => course.artifact,
                _ => return,
            };
            let urgency = self.intent_of(index, artifact).urgency;
            let Some(Waiting { waits: Waits::Time(clock), .. }) = &mut self.slots[index].waiting
            else {
                return;
            };
            if is_paused && clock.has_waited {
                clock.next_look = now + A_WHILE;
                return;
            }
            clock.quiet = if is_busy { None } else { clock.quiet.or(Some(now)) };
            let step = timing.step(&Moment {
                now: SystemTime::now(),
                waited: now - clock.ready,
                announced: clock.announced.map(|at| now - at),
                quiet: clock.quiet.map(|at| now - at),
                urgency,
            });
            match step {
                Step::Go => {
                    let Some(waiting) = self.slots[index].waiting.take() else { return };
                    core.set_pending(None);
                    self.apply(index, waiting);
                    return;
                }
                Step::Announce(after) => {
                    clock.announced = Some(now);
                    let at = after.map(|after| SystemTime::now() + after);
                    let likely = self.shared.times(&core.name).pause();
                    self.tell(&core.name, EventKind::Announced { artifact, at, pause: likely });
                }
                Step::Wait(after) => {
                    clock.next_look = now + after.unwrap_or(A_WHILE);
                    if !std::mem::replace(&mut clock.has_waited, true) {
                        self.pending(index, timing.until(SystemTime::now()));
                    }
                    return;
                }
            }
        }
    }

    /// What is ready is looked at in the order in which it is wanted.
    pub(super) fn look_at_all_ready(&mut self, now: Instant) {
        let is_due = |slot: &super::Open| {
            slot.waiting.as_ref().and_then(|it| it.waits.next_look()).is_some_and(|at| at <= now)
        };
        let mut due: Vec<_> = (0..self.slots.len()).filter(|it| is_due(&self.slots[*it])).collect();
        due.sort_by_key(|index| Reverse(self.wanted(*index)));
        for index in due {
            self.look_at_ready(index);
        }
    }

    /// How urgent the upgrades of a slot are, unless something else is said.
    pub(super) fn usually_wanted(&self, index: usize) -> impl Ord + use<> {
        let intent = self.shared.config.intent_of(&self.slots[index].core.name);
        (intent.urgency, intent.priority)
    }

    /// How urgent what waits is.
    fn wanted(&self, index: usize) -> impl Ord + use<> {
        let waiting = self.slots[index].waiting.as_ref();
        let intent = waiting.map(|it| self.intent_of(index, it.course.artifact));
        intent.map(|intent| (intent.urgency, intent.priority))
    }

    /// A candidate is ready, and waits.
    fn pending(&mut self, index: usize, until: Until) {
        let core = Arc::clone(&self.slots[index].core);
        let Some(waiting) = &self.slots[index].waiting else { return };
        let manifest = &waiting.prepared.code().manifest;
        let (module, version) = (manifest.module.clone(), manifest.version.clone());
        let artifact = waiting.course.artifact;
        core.set_phase(None);
        core.set_pending(Some(until));
        self.tell(&core.name, EventKind::Pending { module, version, artifact, until });
    }
}
