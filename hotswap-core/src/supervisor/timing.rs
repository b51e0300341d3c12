//! Candidates that are ready: each takes over when its slot's timing says so.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use hotswap_types::ModuleVersion;

use super::{
    candidate::Candidate,
    context::Context,
    ready::{Clock, Ready, Schedule},
    slot::SlotSupervisor,
    slot_event::SlotEvent,
};
use crate::{
    config::{Moment, Step},
    event::{EventKind, Until},
    upgrade::Prepared,
};

/// While upgrades are paused nothing is looked at; the end of the pause says so.
const A_WHILE: Duration = Duration::from_secs(3600);

impl SlotSupervisor {
    /// A candidate is ready that nobody has asked for: it takes over in its time.
    pub(super) fn is_ready(&mut self, cx: &mut Context, prepared: Prepared, candidate: Candidate) {
        let core = Arc::clone(&self.core);
        if core.settings.timing.is_on_request() {
            self.set_ready(cx, Some(Ready { prepared, candidate, schedule: Schedule::Request }));
            return self.pending(cx, Until::Request);
        }
        self.set_ready(
            cx,
            Some(Ready {
                prepared,
                candidate,
                schedule: Schedule::Time(Clock::begin(Instant::now())),
            }),
        );
        self.look_at_ready(cx);
    }

    /// Lets a candidate take over whose time has come.
    pub(super) fn look_at_ready(&mut self, cx: &mut Context) {
        let core = Arc::clone(&self.core);
        let shared = Arc::clone(&cx.shared);
        let timing = &core.settings.timing;
        loop {
            let now = Instant::now();
            let is_paused = shared.pauses.of(&core.name).is_some();
            let is_busy =
                core.gate().is_some_and(|gate| !gate.callers(gate.current().0).is_empty());
            let artifact = match &self.ready {
                Some(Ready { candidate, schedule: Schedule::Time(_), .. }) => candidate.artifact,
                _ => return,
            };
            let urgency = self.intent_of(artifact).urgency;
            let Some(Ready { schedule: Schedule::Time(clock), .. }) = &mut self.ready else {
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
                    let Some(ready) = self.ready.take() else { return };
                    self.emit(cx, SlotEvent::NotPending);
                    self.apply(cx, ready);
                    return;
                }
                Step::Announce(after) => {
                    clock.announced = Some(now);
                    let at = after.map(|after| SystemTime::now() + after);
                    let likely = cx.shared.times(&core.name).pause();
                    cx.tell(&core.name, EventKind::Announced { artifact, at, pause: likely });
                }
                Step::Wait(after) => {
                    clock.next_look = now + after.unwrap_or(A_WHILE);
                    if !std::mem::replace(&mut clock.has_waited, true) {
                        self.pending(cx, timing.until(SystemTime::now()));
                    }
                    return;
                }
            }
        }
    }

    /// How urgent the upgrades of a slot are, unless something else is said.
    pub(super) fn usually_wanted(&self) -> impl Ord + use<> {
        let intent = &self.core.settings.intent;
        (intent.urgency, intent.priority)
    }

    /// How urgent what waits is.
    pub(super) fn wanted(&self) -> impl Ord + use<> {
        let waiting = self.ready.as_ref();
        let intent = waiting.map(|it| self.intent_of(it.candidate.artifact));
        intent.map(|intent| (intent.urgency, intent.priority))
    }

    /// A candidate is ready, and waits.
    pub(super) fn pending(&self, cx: &Context, until: Until) {
        let Some(ready) = &self.ready else { return };
        let module = ModuleVersion::from(&*ready.prepared.code().manifest);
        let artifact = ready.candidate.artifact;
        self.emit(cx, SlotEvent::Pending { module, artifact, until });
    }
}
