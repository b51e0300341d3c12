//! How callers come to a new version: all at once, or a share of them first.

mod written;

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::Percent;
use written::{Word, Written};

/// How callers come to a new version.
///
/// | | the new version gets | for |
/// |---|---|---|
/// | [`smooth`](Self::smooth) | all calls, in one step | every module; unless told otherwise |
/// | [`gradual`](Self::gradual) | a share of the calls that grows in steps, beside the stable version | modules without state, by an interface without `&mut self` |
/// | [`parallel`](Self::parallel) | the calls of `Slot::preview` alone, then all | the same |
///
/// A slot has one (`Config::with_strategy`, `SlotConfig::with_strategy`), and one upgrade can have another
/// ([`Intent::with_strategy`](crate::Intent::with_strategy)).
///
/// Each step is a `Trial` of its own, in which both versions are compared on calls of the same time. What
/// goes wrong ends with one store: the next call goes to the stable version, and callers inside the other
/// one finish there.
///
/// A module with a state is upgraded smoothly all the same, and its plan says so: two versions would
/// each change a state of their own. An interface with `&mut self` methods is refused when its slot is
/// opened, or when the upgrade is asked for.
///
/// As text it is `smooth`, `parallel`, or `gradual=1,10,50` with shares in percent. As JSON it is an
/// object:
///
/// ```
/// # mod hotswap_core { pub use hotswap_types::Strategy; }
/// use hotswap_core::Strategy;
///
/// let strategy: Strategy = "gradual=1,10,50".parse()?;
/// assert_eq!(strategy, Strategy::gradual([0.01, 0.1, 0.5]));
/// let json = r#"{"kind":"gradual","shares":[0.01,0.1,0.5]}"#;
/// assert_eq!(serde_json::to_string(&strategy)?, json);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `"manual_promotion": true` and `"deadline_ms"` are added where they are not as usual. What is read is
/// checked as [`mistake`](Self::mistake) does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
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

/// Text that is no [`Strategy`].
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected smooth, parallel, or gradual with its shares in percent, such as gradual=1,10,50; found \
     {found:?}{why}"
)]
pub struct ParseStrategyError {
    found: String,
    why: String,
}

hotswap_abi::debug_in_full!(ParseStrategyError);

/// The longest that a version waits beside the stable one, unless told otherwise.
const DEADLINE: Duration = Duration::from_secs(3600);
/// Each step stands in plans and in the journal.
const MOST_STEPS: usize = 100;

impl Strategy {
    /// All calls at once.
    #[must_use]
    pub const fn smooth() -> Self {
        Self::new(Kind::Smooth)
    }

    /// These shares of the calls, one after the other, then all: each above the one before, above 0 and
    /// below 1, and at most 100 of them. Else `Host::new` fails, or the upgrade is refused.
    #[must_use]
    pub fn gradual(shares: impl Into<Vec<f64>>) -> Self {
        Self::new(Kind::Gradual(shares.into()))
    }

    /// No calls but those of `Slot::preview`, then all.
    #[must_use]
    pub const fn parallel() -> Self {
        Self::new(Kind::Parallel)
    }

    const fn new(kind: Kind) -> Self {
        Self { kind, deadline: DEADLINE, by_hand: false }
    }

    /// Waits after each step for `Operator::promote`, also when all is well.
    #[must_use]
    pub const fn with_manual_promotion(mut self) -> Self {
        self.by_hand = true;
        self
    }

    /// A version that does not serve all calls by then is rolled back: 1 h, unless told otherwise.
    /// Waiting for somebody counts.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = crate::bounded(deadline);
        self
    }

    /// By when a version must serve all calls.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Whether somebody has to say that a step is over.
    #[must_use]
    pub const fn has_manual_promotion(&self) -> bool {
        self.by_hand
    }

    /// Whether two versions serve side by side.
    #[must_use]
    pub const fn is_side_by_side(&self) -> bool {
        !matches!(self.kind, Kind::Smooth)
    }

    /// The shares of the calls that the new version gets, one for each step: from 0 up to, but not
    /// including, 1. None, where it gets all calls at once.
    #[must_use]
    pub fn steps(&self) -> &[f64] {
        match &self.kind {
            Kind::Smooth => &[],
            Kind::Gradual(shares) => shares,
            Kind::Parallel => &[0.0],
        }
    }

    /// What is wrong with its shares, if something is.
    #[must_use]
    pub fn mistake(&self) -> Option<String> {
        match &self.kind {
            Kind::Gradual(shares) => mistake(shares, 1.0),
            Kind::Smooth | Kind::Parallel => None,
        }
    }
}

/// What is wrong with shares of a whole.
fn mistake(shares: &[f64], whole: f64) -> Option<String> {
    if shares.is_empty() {
        return Some("there is no share".to_owned());
    }
    if shares.len() > MOST_STEPS {
        return Some(format!("there are {} shares, and {MOST_STEPS} are the most", shares.len()));
    }
    let mut before = 0.0;
    for &share in shares {
        if !(share > before && share < whole) {
            return Some(format!("{share} is not above {before} and below {whole}"));
        }
        before = share;
    }
    None
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

impl FromStr for Strategy {
    type Err = ParseStrategyError;

    fn from_str(text: &str) -> Result<Self, ParseStrategyError> {
        let error = |why| ParseStrategyError { found: text.chars().take(80).collect(), why };
        match text.trim().split_once('=') {
            None if text.trim() == "smooth" => Ok(Self::smooth()),
            None if text.trim() == "parallel" => Ok(Self::parallel()),
            Some(("gradual", shares)) => {
                let share = |text: &str| text.trim().parse::<f64>().map_err(|_| text.to_owned());
                let shares = shares.split(',').map(share).collect::<Result<Vec<_>, _>>();
                let shares = shares.map_err(|text| {
                    let text: String = text.chars().take(80).collect();
                    error(format!(": {text:?} is no number"))
                })?;
                match mistake(&shares, 100.0) {
                    None => {
                        Ok(Self::gradual(shares.iter().map(|it| it / 100.0).collect::<Vec<_>>()))
                    }
                    Some(why) => Err(error(format!(": {why}"))),
                }
            }
            _ => Err(error(String::new())),
        }
    }
}

impl From<Strategy> for Written {
    fn from(strategy: Strategy) -> Self {
        let Strategy { kind, deadline, by_hand } = strategy;
        let (kind, shares) = match kind {
            Kind::Smooth => (Word::Smooth, None),
            Kind::Gradual(shares) => (Word::Gradual, Some(shares)),
            Kind::Parallel => (Word::Parallel, None),
        };
        let millis = || u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        let deadline_ms = (deadline != DEADLINE).then(millis);
        Self { kind, shares, manual_promotion: by_hand, deadline_ms }
    }
}

/// What is read may have been written by anybody.
impl TryFrom<Written> for Strategy {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { kind, shares, manual_promotion: by_hand, deadline_ms } = written;
        let kind = match (kind, shares) {
            (Word::Smooth, None) => Kind::Smooth,
            (Word::Parallel, None) => Kind::Parallel,
            (Word::Gradual, shares) => Kind::Gradual(shares.unwrap_or_default()),
            (Word::Smooth | Word::Parallel, Some(_)) => {
                return Err("expected shares of a gradual strategy alone".to_owned());
            }
        };
        let strategy = Self { by_hand, ..Self::new(kind) }
            .with_deadline(deadline_ms.map_or(DEADLINE, Duration::from_millis));
        match strategy.mistake() {
            None => Ok(strategy),
            Some(why) => Err(format!("expected shares of 1 that rise from step to step: {why}")),
        }
    }
}

#[cfg(test)]
mod tests;
