//! Candidates that are ready: each takes over when its slot's timing says so.

use std::time::{Instant, SystemTime};

use super::{
    candidate::Candidate,
    context::Context,
    ready::{Clock, Now, Ready, Schedule},
    slot::SlotSupervisor,
};
use crate::{event::Until, upgrade::Prepared};

impl SlotSupervisor {
    /// A candidate is ready that nobody has asked for: it takes over in its time.
    pub(super) fn is_ready(&mut self, cx: &mut Context, prepared: Prepared, candidate: Candidate) {
        let is_on_request = self.core.settings.timing.is_on_request();
        let schedule = if is_on_request {
            Schedule::Request
        } else {
            Schedule::Time(Clock::begin(Instant::now()))
        };
        self.decide(cx, |it| it.set_ready(Some(Ready { prepared, candidate, schedule })));
        if is_on_request {
            self.decide(cx, |it| it.pending(Until::Request));
        }
        self.look_at_ready(cx);
    }

    /// Lets a candidate take over whose time has come.
    pub(super) fn look_at_ready(&mut self, cx: &mut Context) {
        let core = &self.core;
        let gate = core.gate();
        let now = Now {
            instant: Instant::now(),
            time: SystemTime::now(),
            is_paused: cx.shared.pauses.of(&core.name).is_some(),
            is_busy: gate.is_some_and(|gate| !gate.callers(gate.current().0).is_empty()),
        };
        self.decide(cx, |it| it.look_at_ready(&now));
    }

    /// How urgent the upgrades of a slot are, unless something else is said.
    pub(super) fn usually_wanted(&self) -> impl Ord + use<> {
        let intent = &self.core.settings.intent;
        (intent.urgency, intent.priority)
    }

    /// How urgent what waits is.
    pub(super) fn wanted(&self) -> impl Ord + use<> {
        let waiting = self.candidates.ready.as_ref();
        let intent = waiting.map(|it| self.candidates.intent_of(it.candidate.artifact));
        intent.map(|intent| (intent.urgency, intent.priority))
    }
}
