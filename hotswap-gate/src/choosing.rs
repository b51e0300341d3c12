//! From an admission to a generation: the way of a record that does not know what is current, or is to
//! choose one of two arms (see `canary`).
//!
//! # Safety
//! A record that announces a turn and was confirmed keeps what is current on it alive. While it is
//! undecided it keeps the address of what its thread was on before, so nothing here may call other
//! code before the arm is announced, nor allocate or free: a slot could be entered by the same record.
//!
//! So a key is asked for its point before the record announces anything ([`ArmChoice::ask`]), and whoever
//! asks looks again whether the record is outside. Where the entry turns out to be on another turn than
//! the point is for, or has none yet, it leaves, and is to ask for that turn's.
//!
//! Nor may a caller hold, even for a moment, a generation that it does not announce: who has waited
//! until nobody is on it counts on being the last that has it.

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use crate::canary::{Canary, Route, Salt};
use crate::error::Refused;
use crate::generation::Generation;
use crate::inner::Inner;
use crate::own_arms;
use crate::random;
use crate::record::Record;
use crate::seats::Seat;
use crate::sync::prepare_source;
use crate::word::{Arm, OUTSIDE, turn_of, word_of};

/// How an entry chooses its arm, and what is known for that.
pub(crate) struct ArmChoice<'r> {
    route: Route<'r>,
    /// A turn whose canary a key has to be asked for, with its salt.
    asks: Option<(u64, Salt)>,
    /// The turn that a key was asked for, and the key's point.
    point: Option<(u64, u32)>,
}

impl<'r> ArmChoice<'r> {
    pub(crate) const fn new(route: Route<'r>) -> Self {
        Self { route, asks: None, point: None }
    }

    /// Asks a key for its point, if need be: this runs other code.
    pub(crate) fn ask(&mut self) {
        if let Route::Key(point) = self.route
            && let Some((turn, salt)) = self.asks.take()
        {
            self.point = Some((turn, point(&salt)));
        }
    }

    /// `None` when the point is for another turn: then it is to be asked for this one.
    fn arm<T>(&mut self, canary: &Canary<T>, turn: u64) -> Option<Arm> {
        let is_in = match (self.route, self.point) {
            (Route::Weighted, _) => canary.admits(random::draw()),
            (Route::Preview, _) => true,
            (Route::Key(_), Some((asked, point))) if asked == turn => canary.admits(point),
            (Route::Key(_), _) => {
                self.asks = Some((turn, canary.salt));
                return None;
            }
        };
        Some(if is_in { Arm::Canary } else { Arm::Stable })
    }
}

impl<T: Send + Sync> Inner<T> {
    /// Enters by a seat whose generation is not the one to be on, whose owner has changed, whose gate
    /// needs a fence, or which has to choose an arm. `false` when a key is to be asked first: then the
    /// thread is not inside.
    pub(crate) fn take_seat(
        &self,
        seat: &Seat,
        budget: Duration,
        choice: &mut ArmChoice<'_>,
    ) -> Result<bool, Box<Refused>> {
        let record = &*seat.record;
        if record.own_word() != OUTSIDE {
            // Inside by a guard that was forgotten: its generation stays, and so must this one.
            record.nest();
            return Ok(true);
        }
        let chosen = if record.is_own() && self.core.try_admit_fenced(record) {
            match Self::choice(record) {
                Some(generation) => self.choose(&seat.record, generation, choice),
                None => true,
            }
        } else {
            prepare_source();
            self.core.admit(record, budget)?;
            self.settle_in(&seat.record, choice)
        };
        if !chosen {
            record.withdraw();
        }
        Ok(chosen)
    }

    /// What is current on the turn that the undecided record was confirmed on, if it is to choose.
    #[expect(unsafe_code, reason = "an address that the protocol keeps alive")]
    fn choice(record: &Record) -> Option<&Generation<T>> {
        // SAFETY: it is null or was kept by `settle_in` under the word of the turn that the record was
        // confirmed on. It announces that turn, and no arm of it, so the gate keeps what is current on it
        // as a whole.
        unsafe { record.choice::<Generation<T>>().as_ref() }
    }

    /// Keeps the generation of a record that was let in, as chosen.
    fn settle_in(&self, record: &Arc<Record>, choice: &mut ArmChoice<'_>) -> bool {
        let announced = record.own_word();
        let (form, open) = (self.core.form(), word_of(turn_of(announced)));
        self.look_at(announced, |generation| {
            let arm = generation.arm(announced);
            record.keep(form, open, Arc::as_ptr(arm.value), arm.number);
            if generation.canary.is_some() {
                record.keep_choice(open, ptr::from_ref(generation));
            }
        });
        if Arm::of(announced).is_some() {
            own_arms::note(&self.core, record);
            return true;
        }
        match Self::choice(record) {
            Some(generation) => self.choose(record, generation, choice),
            None => true,
        }
    }

    /// Chooses an arm, and announces it, unless the point of a key is for another turn.
    fn choose(
        &self,
        record: &Arc<Record>,
        generation: &Generation<T>,
        choice: &mut ArmChoice<'_>,
    ) -> bool {
        let (Some(canary), turn) = (&generation.canary, generation.turn()) else { return true };
        let arm = own_arms::current(&self.core).or_else(|| choice.arm(canary, turn));
        let Some(arm) = arm else { return false };
        let chosen = generation.arm(arm.word(turn));
        record.set_value(Arc::as_ptr(chosen.value), chosen.number);
        record.decide(chosen.word);
        // This may allocate, and the program's allocator may enter: by now it finds an arm.
        own_arms::note(&self.core, record);
        true
    }
}
