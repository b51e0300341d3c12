//! When a candidate that is ready takes over.

use std::{
    mem,
    time::{Duration, Instant},
};

use hotswap_types::{ModuleVersion, Release};

use super::Candidates;
use crate::{
    config::{Moment, Step},
    event::Until,
    supervisor::{
        candidate::Candidate,
        effect::{Effect, Effects},
        ready::{Now, Ready, Schedule},
        slot_event::SlotEvent,
        state::Work,
    },
};

/// While upgrades are paused nothing is looked at; the end of the pause says so.
const A_WHILE: Duration = Duration::from_secs(3600);

impl<W: Work> Candidates<W> {
    /// Whether a candidate that is ready is to be looked at.
    pub(in crate::supervisor) fn is_due(&self, now: Instant) -> bool {
        let next = self.ready.as_ref().and_then(|ready| ready.schedule.next_look());
        next.is_some_and(|at| at <= now)
    }

    /// Looks at a candidate that waits for its time.
    pub(in crate::supervisor) fn look_at_ready(&mut self, now: &Now) -> Effects<W> {
        let mut effects = Vec::new();
        let ready = self.ready.as_ref().map(|it| it.candidate.artifact);
        let Some(artifact) = ready else { return effects };
        let urgency = self.intent_of(artifact).urgency;
        loop {
            let timing = &self.core.settings.timing;
            let Some(Ready { schedule: Schedule::Time(clock), .. }) = &mut self.ready else {
                return effects;
            };
            if now.is_paused && clock.has_waited {
                clock.next_look = now.instant + A_WHILE;
                return effects;
            }
            clock.quiet = if now.is_busy { None } else { clock.quiet.or(Some(now.instant)) };
            let step = timing.step(&Moment {
                now: now.time,
                waited: now.instant - clock.ready,
                announced: clock.announced.map(|at| now.instant - at),
                quiet: clock.quiet.map(|at| now.instant - at),
                urgency,
            });
            match step {
                Step::Go => {
                    effects.push(Effect::Emit(SlotEvent::NotPending));
                    effects.extend(self.ready.take().map(Effect::Apply));
                    return effects;
                }
                Step::Announce(after) => {
                    clock.announced = Some(now.instant);
                    let at = after.map(|after| now.time + after);
                    effects.push(Effect::Announce { artifact, at });
                }
                Step::Wait(after) => {
                    clock.next_look = now.instant + after.unwrap_or(A_WHILE);
                    if !mem::replace(&mut clock.has_waited, true) {
                        let until = timing.until(now.time);
                        effects.extend(self.pending(until));
                    }
                    return effects;
                }
            }
        }
    }

    /// A candidate is ready, and waits.
    pub(in crate::supervisor) fn pending(&self, until: Until) -> Option<Effect<W>> {
        let Candidate { artifact, module, .. } = &self.ready.as_ref()?.candidate;
        let ModuleVersion { name, version, .. } = module.clone()?;
        let release = Release::new(name, version, *artifact);
        Some(Effect::Emit(SlotEvent::Pending { release, until }))
    }
}
