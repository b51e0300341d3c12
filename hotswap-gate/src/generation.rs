//! What callers enter during one turn: the stable generation, and a canary if there is one.

use std::sync::Arc;

use crate::canary::Canary;
use crate::word::{Arm, turn_of, word_of};

/// The arms of a turn, or what is left of them.
#[derive(Debug)]
pub(crate) struct Generation<T> {
    /// What a record on the first arm announces.
    word: u64,
    pub(crate) number: u64,
    pub(crate) value: Arc<T>,
    pub(crate) canary: Option<Arc<Canary<T>>>,
}

/// One arm of a turn.
pub(crate) struct ArmRef<'g, T> {
    /// What its records announce; nothing else has this word.
    pub(crate) word: u64,
    pub(crate) number: u64,
    pub(crate) value: &'g Arc<T>,
}

/// What callers are to enter.
pub(crate) struct Arms<T> {
    pub(crate) number: u64,
    pub(crate) value: Arc<T>,
    pub(crate) canary: Option<Arc<Canary<T>>>,
}

impl<T> Generation<T> {
    pub(crate) fn new(turn: u64, arms: Arms<T>) -> Self {
        let Arms { number, value, canary } = arms;
        let word = if canary.is_some() { Arm::Stable.word(turn) } else { word_of(turn) };
        Self { word, number, value, canary }
    }

    pub(crate) fn turn(&self) -> u64 {
        turn_of(self.word)
    }

    /// The same for another turn.
    pub(crate) fn again(&self) -> Arms<T> {
        let (value, canary) = (Arc::clone(&self.value), self.canary.clone());
        Arms { number: self.number, value, canary }
    }

    pub(crate) fn arms(&self) -> impl Iterator<Item = ArmRef<'_, T>> {
        let first = ArmRef { word: self.word, number: self.number, value: &self.value };
        let canary = self.canary.as_deref().map(|canary| ArmRef {
            word: Arm::Canary.word(self.turn()),
            number: canary.number,
            value: &canary.value,
        });
        [first].into_iter().chain(canary)
    }

    /// The arm that an announcement is for; the first one where it says none.
    pub(crate) fn arm(&self, announced: u64) -> ArmRef<'_, T> {
        let wanted = self.arms().find(|arm| arm.word == announced);
        wanted.or_else(|| self.arms().next()).expect("there is a first arm")
    }

    /// The arm that is left when nobody is on those that announce these words, among which is one of
    /// its own.
    pub(crate) fn without(&self, gone: &[u64]) -> Option<Self> {
        let left = self.arms().find(|arm| !gone.contains(&arm.word))?;
        let value = Arc::clone(left.value);
        Some(Self { word: left.word, number: left.number, value, canary: None })
    }
}
