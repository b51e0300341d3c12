//! The replay of recorded calls: the version that serves, the new one and once more the version that
//! serves, each loaded anew and started from one copy of the state, are asked the same.
//!
//! The first one is asked no more calls than it answers in a quarter of the time that is left: where
//! calls are slow fewer are replayed, and the new version is not taken for one that hangs.
//!
//! # Why in this order
//! What a method makes of the time only grows. If it is the same before and after the new version was
//! asked, it was the same meanwhile, and a difference is the new version's own.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
    time::Instant,
};

use hotswap_abi::{
    __private::{
        interface::{Recordable, ReplayError},
        manifest::Schema,
        state::DroppedValues,
    },
    CallError,
};
use hotswap_types::Phase;

use super::{Observer, Rehearsal, code, run, step};
use crate::{
    event::RehearsalStep,
    instance::{Begin, Generation},
    plan::{FinalState, ReplayReport, Replayed},
    rehearsal::{
        compare::{self, Answer, Compared, Words},
        message::Call,
    },
    snapshot::Snapshot,
    upgrade::{Admitted, Fault, Handover, Incumbent, Upgrade, load, migrate, prepare, snapshot},
};

/// More bytes of answers are not kept: the calls behind are not replayed.
const MOST: usize = 64 << 20;

/// What is replayed.
pub(in crate::rehearsal) struct Replay<'a> {
    pub(in crate::rehearsal) calls: Arc<[Call]>,
    /// What the version that serves starts with.
    pub(in crate::rehearsal) state: Option<Snapshot>,
    pub(in crate::rehearsal) recordables: Arc<[Recordable]>,
    pub(in crate::rehearsal) methods: &'static [&'static str],
    pub(in crate::rehearsal) schema: &'a Schema,
    /// Whether values are told.
    pub(in crate::rehearsal) values: bool,
    /// When the child is killed.
    pub(in crate::rehearsal) deadline: Instant,
}

/// A version that is to be asked calls.
struct Version<'a> {
    path: &'a Path,
    /// What it starts with.
    state: Option<Snapshot>,
    step: RehearsalStep,
    calls: &'a Arc<[Call]>,
    /// It is asked no more calls when it has taken as long, or answered as much.
    until: Option<Instant>,
}

/// A version that was asked.
struct Asked {
    generation: Arc<Generation>,
    answers: Vec<Answer>,
}

impl Upgrade<'_> {
    /// Asks both versions the recorded calls. Where the new one alone fails it is to be refused.
    pub(in crate::rehearsal) fn replay(
        &mut self,
        rehearsal: &Rehearsal<'_>,
        replay: &Replay<'_>,
        observer: &Arc<dyn Observer>,
    ) -> Result<Replayed, Fault> {
        let Replay { calls, schema, methods, values, .. } = replay;
        let words = Words { schema, methods, values: *values };
        let not = |why: String| Ok(Replayed::Not { why });
        let path = match &rehearsal.serving {
            Ok(path) => *path,
            Err(why) => return not(why.clone()),
        };
        let mut ask = |version: Version<'_>| {
            step(observer, version.step, || self.ask(version, rehearsal, replay, observer))
        };
        let serving = |calls, until| {
            let (state, step) = (replay.state.clone(), RehearsalStep::ReplayServing);
            Version { path, state, step, calls, until }
        };
        let unasked = |fault: Fault| {
            not(format!("of the version that serves: {}", fault.findings.join("; ")))
        };
        let now = Instant::now();
        let until = now + replay.deadline.saturating_duration_since(now) / 4;
        let first = match ask(serving(calls, Some(until))) {
            Ok(first) => first,
            Err(fault) => return unasked(fault),
        };
        // As far as it came.
        let calls: Arc<[Call]> = calls[..first.answers.len()].into();
        let candidate = ask(Version {
            path: rehearsal.candidate,
            state: rehearsal.state.clone(),
            step: RehearsalStep::Replay,
            calls: &calls,
            until: None,
        })?;
        let again = ask(serving(&calls, None));
        // What fails when it is asked the second time may fail in any version.
        let unsteady: BTreeSet<_> = again
            .iter()
            .flat_map(|again| failing(again, &first))
            .map(|at| calls[at].method)
            .collect();
        let failed = failing(&candidate, &first).find(|at| !unsteady.contains(&calls[*at].method));
        if let Some(at) = failed {
            let (call, answer) = (&calls[at], &candidate.answers[at]);
            let finding = format!(
                "{}  call {} of {}, {}: {}; the version that serves answers it",
                RehearsalStep::Replay,
                at + 1,
                calls.len(),
                words.call(call),
                words.answer(call, answer)
            );
            let advice = format!("mend its {}, and build it again", words.method(call));
            return Err(Fault::rejected(Phase::Rehearsed, finding, &advice));
        }
        let again = match again {
            Ok(again) => again,
            Err(fault) => return unasked(fault),
        };
        let [new, old] = [&candidate, &again].map(|it| compared(&first, it));
        let (noise, differences) = compare::answers(&calls, &first.answers, &new, &old, &words);
        let generations = [first, candidate, again].map(|asked| asked.generation);
        let state = self.final_state(generations, *values, observer);
        let calls = u32::try_from(calls.len()).unwrap_or(u32::MAX);
        Ok(Replayed::Done(ReplayReport { calls, noise, differences, state, ..Default::default() }))
    }

    /// Starts a version from a copy of the state, and asks it the calls.
    fn ask(
        &mut self,
        version: Version<'_>,
        rehearsal: &Rehearsal<'_>,
        replay: &Replay<'_>,
        observer: &Arc<dyn Observer>,
    ) -> Result<Asked, Fault> {
        let Version { path, state, step: which, calls, until } = version;
        let deadline = self.at_work();
        let before = state.as_ref().map(Incumbent::stored);
        let assessed = self.read(path, before.as_ref(), rehearsal.folder)?;
        let handover = assessed.handover.clone();
        let admitted = Admitted::unrehearsed(assessed, self.slot);
        let loaded = load::load(admitted, self.slot, self.config, self.steps, deadline)?;
        let prepared = prepare::prepare(loaded, self.slot, self.steps, deadline)?;
        let context = Arc::clone(&prepared.context);
        let (recordables, calls) = (Arc::clone(&replay.recordables), Arc::clone(calls));
        let told = Arc::clone(observer);
        run(observer, self.steps, deadline, which, move || {
            let started = match (&handover, state) {
                (Handover::State { .. }, Some(state)) => {
                    let dropped = DroppedValues::default();
                    migrate::migrate(&context, &state, &handover, &dropped)
                        .map(|migrated| Begin::Upgraded(migrated.state))
                }
                _ => Ok(Begin::Fresh),
            };
            let started = started.and_then(|begin| context.start(begin));
            let generation = Arc::new(started.map_err(|error| (which, error))?);
            let (mut answers, mut bytes) = (Vec::new(), 0);
            for (call, number) in calls.iter().zip(1..) {
                if which == RehearsalStep::Replay {
                    told.asks(number);
                }
                let answer = ask(&generation, &recordables, call);
                if let Answer::Value(value) = &answer {
                    bytes += value.len();
                }
                answers.push(answer);
                if until.is_some_and(|until| bytes > MOST || Instant::now() > until) {
                    break;
                }
            }
            Ok(Asked { generation, answers })
        })
    }

    /// The states after the last call, in the older of their two versions.
    fn final_state(
        &mut self,
        generations: [Arc<Generation>; 3],
        values: bool,
        observer: &Arc<dyn Observer>,
    ) -> FinalState {
        let not = |why: &str| FinalState::NotCompared { why: why.to_owned() };
        let states = [0, 1].map(|at: usize| generations[at].code().manifest.state().cloned());
        let version = match states {
            [None, None] => return FinalState::None,
            [Some(old), Some(new)] if old.name == new.name => old.version.min(new.version),
            _ => return not("they are not of one state"),
        };
        let deadline = self.at_work();
        let told = Arc::clone(observer);
        let taken = run(observer, self.steps, deadline, RehearsalStep::Snapshot, move || {
            // Each is announced: what ends the process here need not be the artifact.
            let take = |at: usize, which| {
                code(&told, which, || {
                    let generation = &generations[at];
                    snapshot::suspend(generation)?;
                    let is_own =
                        generation.code().manifest.state().is_some_and(|it| it.version == version);
                    let taken = if is_own {
                        snapshot::take(generation)
                    } else {
                        snapshot::take_older(generation, version)
                    };
                    taken.map(|taken| taken.state)
                })
            };
            let serves = RehearsalStep::ReplayServing;
            Ok([take(0, serves)?, take(1, RehearsalStep::Snapshot)?, take(2, serves)?])
        });
        match taken {
            Ok([serving, candidate, again]) => {
                compare::states(&serving, &candidate, &again, values)
            }
            Err(fault) => not(&fault.findings.join("; ")),
        }
    }
}

/// The places of the calls in which a version fails, and the first one does not.
fn failing(asked: &Asked, first: &Asked) -> impl Iterator<Item = usize> {
    let pairs = asked.answers.iter().zip(&first.answers).enumerate();
    pairs.filter(|(_, (new, old))| new.fails() && !old.fails()).map(|(at, _)| at)
}

/// The answers that are not those of the version that serves.
fn compared(serving: &Asked, other: &Asked) -> Compared {
    let pairs = serving.answers.iter().zip(&other.answers).enumerate();
    let differ = pairs.filter(|(_, (old, new))| !old.is_like(new));
    Compared { differ: differ.map(|(at, (_, new))| (at, new.clone())).collect() }
}

/// Asks an instance that nobody else knows.
fn ask(generation: &Generation, recordables: &[Recordable], call: &Call) -> Answer {
    let recordable = usize::try_from(call.method).ok().and_then(|at| recordables.get(at));
    let Some(recordable) = recordable else {
        return Answer::Undecodable("there is no such method".to_owned());
    };
    let asked = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the target is of the slot's interface, as the recordables are, and nobody else has
        // the instance.
        unsafe { recordable.replay(generation.target(), &call.arguments) }
    }));
    match asked {
        Ok(Ok(answer)) => Answer::Value(answer),
        Ok(Err(ReplayError::Call(error))) => match *error {
            CallError::Panicked(failure) => {
                Answer::Panicked { text: failure.message.clone(), place: failure.place.clone() }
            }
            error => Answer::Undecodable(error.to_string()),
        },
        Ok(Err(error)) => Answer::Undecodable(error.to_string()),
        // A default body of the interface, which runs here.
        Err(_) => Answer::Panicked {
            text: "a default body of the interface".to_owned(),
            place: "?".to_owned(),
        },
    }
}
