//! How callers come to a new version: all at once, or a share of them first.

use std::{fmt, time::Duration};

use hotswap_types::Percent;

/// How callers come to a new version.
///
/// | | the new version gets | for |
/// |---|---|---|
/// | [`smooth`](Self::smooth) | all calls, in one step | every module; unless told otherwise |
/// | [`gradual`](Self::gradual) | a share of the calls that grows in steps, beside the stable version | modules without state, by an interface without `&mut self` |
/// | [`parallel`](Self::parallel) | the calls of [`Slot::preview`](crate::Slot::preview) alone, then all | the same |
///
/// Each step is a [`Trial`](crate::Trial) of its own, in which both versions are compared on calls of the
/// same time. What goes wrong ends with one store: the next call goes to the stable version, and callers
/// inside the other one finish there.
///
/// A module with a state is upgraded smoothly all the same, and its plan says so: two versions would
/// each change a state of their own. An interface with `&mut self` methods is refused when its slot is
/// opened.
///
/// ```
/// use std::time::Duration;
/// use hotswap_core::{SlotConfig, Strategy, Trial};
///
/// let prices = SlotConfig::folder("/srv/prices")
///     .with_strategy(Strategy::gradual([0.01, 0.1, 0.5]))
///     .with_trial(Trial::new(Duration::from_secs(60)));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    kind: Kind,
    deadline: Duration,
    by_hand: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Smooth,
    Gradual(Vec<f64>),
    Parallel,
}

/// The longest that a version waits beside the stable one, unless told otherwise.
const DEADLINE: Duration = Duration::from_secs(3600);

impl Strategy {
    /// All calls at once.
    #[must_use]
    pub const fn smooth() -> Self {
        Self::new(Kind::Smooth)
    }

    /// These shares of the calls, one after the other, then all: each above the one before, above 0 and
    /// below 1. Else [`Host::new`](crate::Host::new) fails.
    #[must_use]
    pub fn gradual(shares: impl Into<Vec<f64>>) -> Self {
        Self::new(Kind::Gradual(shares.into()))
    }

    /// No calls but those of [`Slot::preview`](crate::Slot::preview), then all.
    #[must_use]
    pub const fn parallel() -> Self {
        Self::new(Kind::Parallel)
    }

    const fn new(kind: Kind) -> Self {
        Self { kind, deadline: DEADLINE, by_hand: false }
    }

    /// Waits after each step for [`Operator::promote`](crate::Operator::promote), also when all is well.
    #[must_use]
    pub const fn with_manual_promotion(mut self) -> Self {
        self.by_hand = true;
        self
    }

    /// A version that does not serve all calls by then is rolled back: 1 h, unless told otherwise.
    /// Waiting for somebody counts.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = hotswap_types::bounded(deadline);
        self
    }

    pub(crate) const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Whether somebody has to say that a step is over.
    pub(crate) const fn is_by_hand(&self) -> bool {
        self.by_hand
    }

    /// Whether two versions serve side by side.
    pub(crate) const fn is_side_by_side(&self) -> bool {
        !matches!(self.kind, Kind::Smooth)
    }

    /// The shares of the calls that the new version gets, one for each step.
    pub(crate) fn steps(&self) -> &[f64] {
        match &self.kind {
            Kind::Smooth => &[],
            Kind::Gradual(shares) => shares,
            Kind::Parallel => &[0.0],
        }
    }

    /// What is wrong with it.
    pub(super) fn mistake(&self) -> Option<String> {
        let Kind::Gradual(shares) = &self.kind else { return None };
        if shares.is_empty() {
            return Some("there is no share".to_owned());
        }
        let mut before = 0.0;
        for &share in shares {
            if !(share > before && share < 1.0) {
                return Some(format!("{share} is not above {before} and below 1"));
            }
            before = share;
        }
        None
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Smooth => return f.write_str("smooth: all calls at once"),
            Kind::Gradual(shares) => {
                let shares = shares.iter().map(|share| Percent(*share).to_string());
                let shares = shares.collect::<Vec<_>>().join(", ");
                write!(f, "gradual: {shares} of the calls, then all")?;
            }
            Kind::Parallel => f.write_str("parallel: previews alone, then all calls")?,
        }
        if self.by_hand {
            f.write_str(", each step ended by hand")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_rise_and_are_below_one() {
        for (shares, wanted) in [
            (vec![], Some("there is no share")),
            (vec![0.0], Some("0 is not above 0 and below 1")),
            (vec![0.1, 0.1], Some("0.1 is not above 0.1 and below 1")),
            (vec![0.5, 1.0], Some("1 is not above 0.5 and below 1")),
            (vec![f64::NAN], Some("NaN is not above 0 and below 1")),
            (vec![0.01, 0.1, 0.5], None),
        ] {
            assert_eq!(Strategy::gradual(shares).mistake().as_deref(), wanted);
        }
        assert_eq!(Strategy::parallel().mistake(), None);
    }

    #[test]
    fn a_plan_has_it_in_words() {
        for (strategy, wanted) in [
            (Strategy::smooth(), "smooth: all calls at once"),
            (Strategy::gradual([0.07, 0.5]), "gradual: 7 %, 50 % of the calls, then all"),
            (
                Strategy::parallel().with_manual_promotion(),
                "parallel: previews alone, then all calls, each step ended by hand",
            ),
        ] {
            assert_eq!(strategy.to_string(), wanted);
        }
    }

    #[test]
    fn each_share_is_a_step() {
        assert_eq!(Strategy::gradual([0.25, 0.5]).steps(), [0.25, 0.5]);
        assert_eq!(Strategy::parallel().steps(), [0.0]);
        assert!(Strategy::smooth().steps().is_empty());
    }
}
