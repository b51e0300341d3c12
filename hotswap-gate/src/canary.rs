//! A canary: a second generation beside the stable one, which gets a share of the entries.
//!
//! [`Gate::begin_canary`](crate::Gate::begin_canary) begins a turn with two *arms*: the stable
//! generation, and the canary with its *weight*. Each entry of such a turn chooses its arm, and
//! settling begins a turn with one arm again.
//!
//! # How an entry chooses
//! During a turn with two arms a record keeps the turn's word for the way with a fence only (see
//! `record`), so that each entry comes through `choosing`. It announces the turn, and is *undecided*;
//! once the gate has confirmed that, it
//!
//! 1. takes the arm that its thread is on by another record, if there is one (`own_arms`),
//! 2. else asks its [`Route`]: a draw (`random`), the point of a key, or the request of a preview,
//! 3. and announces the arm. From there on it counts for that arm alone.
//!
//! # Sticky keys
//! A key's *point* is a number of 32 bits. It is on the canary where its point is below the weight; so
//! as the weight grows keys move only towards the canary. The gate does not hash: who enters gives a
//! function from the canary's [`Salt`] to the point. The salt should be the artifact's content hash.
//! Then another canary meets other keys, and the same one the same keys, after a restart and on each
//! host of a fleet, without a table.
//!
//! # Invariants
//! 1. An entry is on one arm until it leaves.
//! 2. A thread is on one arm, however often and by whatever it has entered. This outweighs keys and
//!    previews.
//! 3. An arm is left when the gate has settled, and nobody is on any turn on which it was an arm
//!    (`Gate::wait_left`). An undecided record counts for both arms.
//! 4. Without a canary no caller reads or writes anything more: a record's size and its quick way in
//!    are what they were (`.ci/instructions`).
//! 5. A weight of 0 admits previews alone; no weight admits everybody. All entries go to the canary
//!    when the gate settles on it.
//! 6. A key stays on its arm as long as the weight does not fall; as it grows keys move only towards
//!    the canary.
//!
//! # Orderings
//! The weight is Relaxed: it decides for one entry at a time, and orders nothing. Who has seen an
//! entry by a greater weight sees that weight or a later one, because loads and stores of *one* place
//! agree on its order; so a key does not come back to the stable arm.

use std::sync::Arc;

use crate::sync::atomic::{AtomicU32, Ordering};

/// What a canary's keys are hashed with: its artifact's content hash.
pub type Salt = [u8; 32];

/// The share of the entries that a canary gets, in parts of 2^32; never all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(u32);

impl Weight {
    /// Only previews reach the canary.
    pub const ZERO: Self = Self(0);

    /// So many parts of 2^32.
    pub const fn from_parts(parts: u32) -> Self {
        Self(parts)
    }

    /// A share, from 0 up to but not including 1; `None` for any other number. A share above 0 is at
    /// least one part.
    pub fn from_share(share: f64) -> Option<Self> {
        if !(0.0..1.0).contains(&share) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        let parts = (share * 2f64.powi(32)) as u32;
        Some(Self(parts.max(u32::from(share > 0.0))))
    }

    /// In parts of 2^32.
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// As a share of 1.
    pub fn share(self) -> f64 {
        f64::from(self.0) / 2f64.powi(32)
    }
}

/// How an entry chooses its arm while a canary is active.
#[derive(Clone, Copy)]
pub(crate) enum Route<'r> {
    /// By a draw.
    Weighted,
    /// By the point of a key.
    Key(&'r dyn Fn(&Salt) -> u32),
    /// The canary.
    Preview,
}

/// The second arm of a turn. Turns share it while the stable generation changes beside it.
#[derive(Debug)]
pub(crate) struct Canary<T> {
    pub(crate) number: u64,
    pub(crate) value: Arc<T>,
    pub(crate) salt: Salt,
    weight: AtomicU32,
}

impl<T> Canary<T> {
    pub(crate) fn new(number: u64, value: Arc<T>, weight: Weight, salt: Salt) -> Self {
        Self { number, value, salt, weight: AtomicU32::new(weight.0) }
    }

    pub(crate) fn weight(&self) -> Weight {
        Weight(self.weight.load(Ordering::Relaxed))
    }

    pub(crate) fn set_weight(&self, weight: Weight) {
        self.weight.store(weight.0, Ordering::Relaxed);
    }

    /// Whether an entry with this point, or this draw, goes to the canary.
    pub(crate) fn admits(&self, point: u32) -> bool {
        point < self.weight().0
    }
}
