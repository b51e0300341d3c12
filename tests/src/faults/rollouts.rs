//! A canary turns out bad, or something comes meanwhile, in each step of a rollout.

use std::{
    fs,
    path::Path,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use super::{
    place::Place,
    row::{After, Group, Happened, Row, Setting},
};
use crate::{LONG, patient, until};
use hotswap_core::{Config, Strategy, TooFew, Trial, event::EventKind};

/// Where a canary is when something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Previews alone meet it.
    Previews,
    FirstStep,
    LastStep,
}

impl At {
    const ALL: [(Self, &str); 3] = [
        (Self::Previews, "while previews alone meet it"),
        (Self::FirstStep, "in the first step"),
        (Self::LastStep, "in the last step"),
    ];

    /// A canary with this script, and nobody calls any more.
    fn reach(self, place: &Place, script: &str) {
        place.deploy(&place.build(script));
        let step = || place.host().status().slots[0].canary.as_ref().map(|canary| canary.step);
        until("it is the canary", || step().is_some());
        if self == Self::LastStep {
            // Both versions, since their times are compared, and no call more than that takes.
            until("it is in its last step", || {
                let _ = place.tally().pin().total();
                place.tally().preview().is_none_or(|canary| canary.total().is_err())
                    || step() == Some(2)
            });
        }
    }
}

/// What a step wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    /// Some calls.
    Some,
    /// Enough calls for their times to be compared.
    Many,
    /// Some calls soon, or it is rolled back.
    Soon,
}

pub(super) fn group() -> Group {
    let mut rows = Vec::new();
    for (at, place) in At::ALL {
        let name = |fault: &str| -> &'static str { format!("{fault} {place}").leak() };
        rows.extend([
            back(name("a call hangs"), at, Wants::Some, hangs, &["a call is inside for"]),
            back(
                name("a call panics"),
                at,
                Wants::Some,
                panics,
                &["panics  1 in", "told to panic"],
            ),
            back(name("calls are slow"), at, Wants::Many, slow, SLOWER),
            back(
                name("calls fail"),
                at,
                Wants::Some,
                fails,
                &["failures  ", "the stable version: 0 of"],
            ),
            back(name("too few calls come"), at, Wants::Soon, too_few, &["and 60 were wanted"]),
            Row::new(
                name("the host ends"),
                move |place| host_ends(place, at),
                "ended",
                &["the host has ended within its trial"],
            )
            .then(After::NextRun)
            .with(setting(at, Wants::Some)),
            Row::new(
                name("a newer artifact comes"),
                move |place| {
                    at.reach(place, "older=1");
                    place.deploy(&place.build("newer=1"));
                    until("it waits", || !place.host().status().slots[0].deferred.is_empty());
                    place.live().then(place.live())
                },
                "live, then live",
                &["generation 3"],
            )
            .then(After::TheNewOne)
            .with(setting(at, Wants::Some)),
        ]);
    }
    let verify = |name, script: &'static str, says| {
        let promoted = move |place: &mut Place| {
            place.deploy(&place.build(script));
            place.previewed(|| place.outcome())
        };
        Row::new(name, promoted, BACK, says)
            .then(After::BroughtBack)
            .with(setting(At::FirstStep, Wants::Some))
    };
    rows.extend([
        verify("verify fails before a promotion", "verify=fail", &["verify  verify was told"]),
        verify("verify panics before a promotion", "verify=panic", &["verify  it panicked"]),
        verify("verify hangs before a promotion", "verify=hang", &["did not come back within"]),
    ]);
    Group { title: "rollouts", setting: setting(At::FirstStep, Wants::Some), rows }
}

const BACK: &str = "rolled back at Trial";
const SLOWER: &[&str] = &["calls take ", "the stable version: ", "times that is allowed"];

/// A fault that ends it.
fn back(
    name: &'static str,
    at: At,
    wants: Wants,
    fault: fn(&mut Place, At) -> Happened,
    says: &'static [&'static str],
) -> Row {
    Row::new(name, move |place| fault(place, at), BACK, says)
        .then(After::BroughtBack)
        .with(setting(at, wants))
}

fn setting(at: At, wants: Wants) -> Setting {
    let config: fn(&Path) -> Config = match (at, wants) {
        (At::Previews, Wants::Some) => |_| config(Strategy::parallel(), some()),
        (At::Previews, Wants::Many) => |_| config(Strategy::parallel(), many()),
        (At::Previews, Wants::Soon) => |_| config(Strategy::parallel(), soon()),
        (_, Wants::Some) => |_| config(two_steps(), some()),
        (_, Wants::Many) => |_| config(two_steps(), many()),
        (_, Wants::Soon) => |_| config(two_steps(), soon()),
    };
    Setting::of("till", config)
}

fn config(strategy: Strategy, trial: Trial) -> Config {
    patient().with_strategy(strategy).with_trial(trial)
}

fn two_steps() -> Strategy {
    Strategy::gradual([0.25, 0.75])
}

/// A step that waits for its calls, so that nothing ends it before a row does.
fn some() -> Trial {
    let trial = Trial::new(Duration::from_millis(100)).with_calls(60, LONG);
    trial.with_margin(0.2).with_longest_call(Duration::from_secs(2))
}

fn many() -> Trial {
    some().with_calls(1000, LONG).with_slower(5.0)
}

fn soon() -> Trial {
    some().with_calls(60, Duration::from_secs(3)).with_too_few(TooFew::RollBack)
}

fn hangs(place: &mut Place, at: At) -> Happened {
    let go = place.folder().join("go");
    at.reach(place, &format!("stay=wait {}", go.display()));
    let slot = place.tally();
    let inside = thread::spawn(move || slot.preview().expect("it is the canary").stay(0));
    let happened = place.outcome();
    fs::write(go, "").expect("a file can be made");
    inside.join().expect("it does not panic").expect("its call ends well");
    happened
}

fn panics(place: &mut Place, at: At) -> Happened {
    at.reach(place, "panics=1");
    let slot = place.tally();
    let failed = thread::spawn(move || slot.preview().expect("it is the canary").add(1)).join();
    assert!(failed.is_ok_and(|it| it.is_err()));
    place.outcome()
}

fn slow(place: &mut Place, at: At) -> Happened {
    at.reach(place, "slow=2000");
    while_both_are_called(place)
}

fn fails(place: &mut Place, at: At) -> Happened {
    at.reach(place, "errs=1");
    while_both_are_called(place)
}

fn too_few(place: &mut Place, at: At) -> Happened {
    at.reach(place, "");
    place.outcome()
}

fn host_ends(place: &mut Place, at: At) -> Happened {
    at.reach(place, "");
    let (say, heard) = mpsc::channel();
    place.spy(move |event| {
        if let EventKind::Reported(report) = &event.kind {
            say.send(report.why()).expect("the row waits");
        }
    });
    let happened = place.end();
    Happened { text: heard.try_iter().collect(), ..happened }
}

/// How it comes out while both versions are called.
fn while_both_are_called(place: &Place) -> Happened {
    let (slot, is_over) = (place.tally(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                // What it answers is the canary's own business.
                let _ = slot.preview().map(|canary| canary.take(1));
                // Most of them are the canary's in its last step.
                (0..4).for_each(|_| _ = slot.pin().take(1));
            }
        });
        let happened = place.outcome();
        is_over.store(true, Ordering::Relaxed);
        happened
    })
}
