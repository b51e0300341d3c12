//! One row, and whether it came out as promised.

use super::{
    place::Place,
    row::{After, Happened, Promised, Row},
};

/// What differs from what was promised, a line each.
pub(super) type Wrong = Vec<String>;

/// Does what the row says, and then puts a good build there.
pub(super) fn check(row: &Row, place: &mut Place, label: &str) -> (Happened, Wrong) {
    place.count_on().expect("a good build serves before every row");
    let generation = place.generation();
    let mut happened = row.happens(place);
    place.spy(|_| {});
    let mut wrong = Wrong::new();
    match row.promised.after {
        After::AsBefore => {
            if happened.text.starts_with("refused") || happened.text.starts_with("cancelled") {
                let serving = format!(" (generation {generation}), state untouched");
                expect(&mut wrong, happened.text.contains(&serving), || {
                    format!("the text does not say {serving:?}")
                });
            }
            expect(&mut wrong, place.generation() == generation, || {
                format!("generation {} serves instead of {generation}", place.generation())
            });
            let label = place.label.clone();
            serves(&mut wrong, place, &label);
        }
        After::BroughtBack => {
            let label = place.label.clone();
            serves(&mut wrong, place, &label);
        }
        After::TheNewOne => serves(&mut wrong, place, "new"),
        After::Afresh => place.count = 0,
        after @ (After::NextRun | After::NextRunAfresh) => {
            expect(&mut wrong, place.host.is_none(), || "the host lives".to_owned());
            if after == After::NextRunAfresh {
                place.count = 0;
            }
            let count = place.count;
            match place.next_run("next") {
                Ok(next) => {
                    // What it says of the last one is part of what a user reads.
                    happened.text.push_str(&next.heard_so_far());
                    *place = next;
                }
                Err(error) => {
                    wrong.push(format!("the next run does not serve: {error}"));
                    return (happened, wrong);
                }
            }
            place.count = count;
            serves(&mut wrong, place, "next");
        }
    }
    good_build(&mut wrong, place, row.promised.after, label);
    wrong.extend(compare(&row.promised, &happened));
    (happened, wrong)
}

fn expect(wrong: &mut Wrong, holds: bool, otherwise: impl FnOnce() -> String) {
    if !holds {
        wrong.push(otherwise());
    }
}

fn compare(promised: &Promised, happened: &Happened) -> Wrong {
    let mut wrong = Wrong::new();
    expect(&mut wrong, promised.outcome == happened.outcome, || {
        format!("promised: {}", promised.outcome)
    });
    for part in promised.says {
        expect(&mut wrong, happened.text.contains(part), || {
            format!("promised: a text with {part:?}")
        });
    }
    wrong
}

/// Calls go to this build, and find the state.
fn serves(wrong: &mut Wrong, place: &Place, label: &str) {
    let found = place.serving();
    expect(wrong, found.as_deref().is_ok_and(|it| it == label), || {
        format!("promised: {label:?} serves; found {found:?}")
    });
    let found = place.counted();
    expect(wrong, found.as_ref().is_ok_and(|it| *it == place.count), || {
        format!("promised: a state of {}; found {found:?}", place.count)
    });
}

/// A good build goes live, in the same process, with the state.
fn good_build(wrong: &mut Wrong, place: &mut Place, after: After, label: &str) {
    // The number of what was rolled back is not given again.
    let next = place.generation() + if after == After::BroughtBack { 2 } else { 1 };
    let live = place.put_good(label);
    let is_live = live.outcome == "live" && place.generation() == next;
    // Kept in the form of the version that is there now.
    let states = match after {
        _ if !place.has_state() => &[""][..],
        After::Afresh => &["state dropped"],
        _ => &["state kept", "state migrated"],
    };
    expect(wrong, is_live && states.iter().any(|state| live.text.contains(state)), || {
        format!("promised: then a good build is live, {states:?}; found {}", live.text)
    });
    serves(wrong, place, label);
    let counts = place.count_on();
    expect(wrong, counts.is_ok(), || format!("the good build does not count: {counts:?}"));
    serves(wrong, place, label);
}
