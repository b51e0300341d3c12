//! The word: what a gate shows, and what a record announces.
//!
//! A gate shows `turn << 3 | closed`. A turn is during one turn callers enter the same; turns only grow, so
//! a word never comes back with another meaning, whatever numbers the generations have.
//!
//! A record announces the open word of its turn. While a canary is beside the stable generation (see
//! `canary`) the two lowest bits of the announcement say which *arm* of the turn the thread is on; as
//! long as they do not, the thread is *undecided* and may be on either.

/// The gate lets nobody new in. No record announces it.
pub(crate) const CLOSED: u64 = 1;
/// Closed for ever; no turn gets there.
pub(crate) const ENDED: u64 = u64::MAX;
/// No announcement; no turn has it.
pub(crate) const OUTSIDE: u64 = 0;

/// A record announces it where the quick way must fail, and no gate shows it.
const UNSHOWN: u64 = 4;

const BITS: u32 = 3;

/// One of the two generations that callers enter while a canary is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a canary is beside one generation")]
pub enum Arm {
    /// The generation that serves, and will if the canary is given up.
    Stable,
    /// The generation that gets a share of the entries.
    Canary,
}

impl Arm {
    /// The arm that an announcement is for; `None` on a turn without a canary, and while undecided.
    #[inline]
    pub(crate) const fn of(word: u64) -> Option<Self> {
        match word & ((1 << BITS) - 1) {
            2 => Some(Self::Stable),
            3 => Some(Self::Canary),
            _ => None,
        }
    }

    /// What a record on this arm of a turn announces.
    #[inline]
    pub(crate) const fn word(self, turn: u64) -> u64 {
        word_of(turn)
            | match self {
                Self::Stable => 2,
                Self::Canary => 3,
            }
    }
}

pub(crate) const fn turn_of(word: u64) -> u64 {
    word >> BITS
}

/// The open word of a turn.
pub(crate) const fn word_of(turn: u64) -> u64 {
    turn << BITS
}

/// What the quick way announces for nothing, on a record that is to enter this turn by the way with a
/// fence. It counts as undecided: a word of another turn, or none, would be taken for a record that
/// has left this one, though it is no Release store.
pub(crate) const fn unshown(turn: u64) -> u64 {
    word_of(turn) | UNSHOWN
}

/// The arms that a record with this announcement may be on: its own, or, where it says none, the
/// turn itself and both of its arms. A word that is no arm of anything does no harm here.
pub(crate) fn arms_of(word: u64) -> impl Iterator<Item = u64> {
    let turn = turn_of(word);
    let [stable, canary] = [Arm::Stable, Arm::Canary].map(|arm| arm.word(turn));
    let undecided = (word != OUTSIDE && Arm::of(word).is_none()).then_some([stable, canary]);
    let own = if undecided.is_some() { word_of(turn) } else { word };
    [own].into_iter().chain(undecided.into_iter().flatten())
}

/// Whether a record with this announcement may be on an arm.
pub(crate) fn may_be_on(word: u64, arm: u64) -> bool {
    arms_of(word).any(|it| it == arm)
}
