//! Who may touch two states that change places: the thread that moves them, or the one that waits for
//! it and gives up.
//!
//! ```text
//! Here ──begin──▶ Going ──gone──▶ Arriving ──stays──▶ There
//!   │                                    │  └──returns──▶ Returning ──returned──▶ Back
//!   └──────give_up──▶ GivenUp ◀──────────┘
//! ```
//! `Going` and `Returning` are a few instructions of the host and of derived code, without a user's:
//! who wants to give up waits for their end. In `Arriving` a user's code runs.
//!
//! # Orderings
//! Each change is an `AcqRel` exchange, so that who sees a state sees what was done to the memory
//! before it.

use std::{
    sync::atomic::{AtomicU8, Ordering},
    thread,
};

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct MoveGuard(AtomicU8);

const HERE: u8 = 0;
const GOING: u8 = 1;
const ARRIVING: u8 = 2;
const THERE: u8 = 3;
const RETURNING: u8 = 4;
const BACK: u8 = 5;
const GIVEN_UP: u8 = 6;

/// Where the state is that was given up on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Here,
    There,
    Lost,
}

/// The states are changing places.
#[derive(Debug)]
pub(super) struct Going<'t>(&'t MoveGuard);

/// They have, and the code of the side that has got the state runs.
#[derive(Debug)]
pub(super) struct Arriving<'t>(&'t MoveGuard);

/// They are changing places again.
#[derive(Debug)]
pub(super) struct Returning<'t>(&'t MoveGuard);

impl MoveGuard {
    fn goes(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The states may change places; `None` if that was given up.
    pub(super) fn begin(&self) -> Option<Going<'_>> {
        self.goes(HERE, GOING).then_some(Going(self))
    }

    /// Nobody waits for it any more. Says where the state is; from then on it stays there.
    pub(super) fn give_up(&self) -> Place {
        loop {
            match self.0.load(Ordering::Acquire) {
                HERE if self.goes(HERE, GIVEN_UP) => return Place::Here,
                ARRIVING if self.goes(ARRIVING, GIVEN_UP) => return Place::Lost,
                THERE => return Place::There,
                BACK => return Place::Here,
                _ => thread::yield_now(),
            }
        }
    }
}

impl<'t> Going<'t> {
    /// The states have changed places.
    pub(super) fn gone(self) -> Arriving<'t> {
        self.0.0.store(ARRIVING, Ordering::Release);
        Arriving(self.0)
    }
}

impl<'t> Arriving<'t> {
    /// The state stays where it is; false if it was given up.
    pub(super) fn stays(self) -> bool {
        self.0.goes(ARRIVING, THERE)
    }

    /// The states may change places again; `None` if that was given up.
    pub(super) fn returns(self) -> Option<Returning<'t>> {
        self.0.goes(ARRIVING, RETURNING).then_some(Returning(self.0))
    }
}

impl Returning<'_> {
    /// The states are where they were.
    pub(super) fn returned(self) {
        self.0.0.store(BACK, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_is_left_where_it_is() {
        let turn = MoveGuard::default();
        assert_eq!(turn.give_up(), Place::Here);
        assert!(turn.begin().is_none());

        let turn = MoveGuard::default();
        let arriving = turn.begin().unwrap().gone();
        assert_eq!(turn.give_up(), Place::Lost);
        assert!(!arriving.stays());

        let turn = MoveGuard::default();
        let arriving = turn.begin().unwrap().gone();
        assert_eq!(turn.give_up(), Place::Lost);
        assert!(arriving.returns().is_none());
    }

    #[test]
    fn what_is_over_is_not_given_up() {
        let turn = MoveGuard::default();
        assert!(turn.begin().unwrap().gone().stays());
        assert_eq!(turn.give_up(), Place::There);

        let turn = MoveGuard::default();
        turn.begin().unwrap().gone().returns().unwrap().returned();
        assert_eq!(turn.give_up(), Place::Here);
    }

    /// Both at the same time, often: exactly one of them has it.
    #[test]
    fn one_of_the_two_has_the_turn() {
        for _ in 0..2_000 {
            let turn = MoveGuard::default();
            let (moved, place) = thread::scope(|scope| {
                let moves = scope.spawn(|| {
                    let Some(going) = turn.begin() else { return Place::Here };
                    if going.gone().stays() { Place::There } else { Place::Lost }
                });
                let place = turn.give_up();
                (moves.join().unwrap(), place)
            });
            assert_eq!(moved, place);
        }
    }
}
