//! How a new version is watched once it serves.

use std::{fmt, sync::Arc, time::Duration};

use hotswap_types::bounded;

/// How a new version is watched once it serves, before it is committed: until then the one that it
/// has replaced is kept ready, and takes over again when something is wrong.
///
/// Which rule decides, and on what figures, stands in the event.
///
/// ```
/// use std::time::Duration;
/// use hotswap_core::{SlotConfig, Trial};
///
/// // Half a minute and a thousand calls, in which none panics.
/// let trial = Trial::new(Duration::from_secs(30)).with_calls(1000, Duration::from_secs(300));
/// let shop = SlotConfig::artifact("/srv/shop/libshop.so").with_trial(trial);
/// ```
#[derive(Clone)]
pub struct Trial {
    pub(crate) time: Duration,
    pub(crate) calls: u64,
    pub(crate) patience: Duration,
    pub(crate) too_few: TooFew,
    pub(crate) panics: u64,
    pub(crate) failures: u64,
    pub(crate) longest: Duration,
    pub(crate) slower: Option<f64>,
    pub(crate) margin: f64,
    pub(crate) health: Option<Health>,
}

/// The host's own look at a slot.
pub(crate) type Health = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What a trial comes to that has seen too few calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TooFew {
    /// The version is committed. Of a version beside the stable one, too few calls say nothing: that
    /// waits for more of them, for somebody, or for the deadline of its
    /// [`Strategy`](crate::Strategy).
    Commit,
    /// It is rolled back.
    RollBack,
}

impl Trial {
    /// A trial that lasts so long. No call may panic in it, none may last longer than 10 s, and the
    /// module's own [`verify`](hotswap_abi::Module::verify) must be content at its end.
    #[must_use]
    pub const fn new(time: Duration) -> Self {
        Self {
            time: bounded(time),
            calls: 0,
            patience: Duration::ZERO,
            too_few: TooFew::Commit,
            panics: 0,
            failures: u64::MAX,
            longest: Duration::from_secs(10),
            slower: None,
            margin: 0.01,
            health: None,
        }
    }

    /// It takes so many calls as well, and waits for them for so long after its time.
    #[must_use]
    pub const fn with_calls(mut self, calls: u64, patience: Duration) -> Self {
        self.calls = calls;
        self.patience = bounded(patience);
        self
    }

    /// What it comes to when these calls have not come: [`TooFew::Commit`] unless told otherwise.
    #[must_use]
    pub const fn with_too_few(mut self, too_few: TooFew) -> Self {
        self.too_few = too_few;
        self
    }

    /// So many calls may panic.
    #[must_use]
    pub const fn with_panics(mut self, most: u64) -> Self {
        self.panics = most;
        self
    }

    /// So many answers may be failures. An `Err` that a method returns is one, unless the interface
    /// marks the method with `#[expected]`; and what the host itself counts by
    /// [`Pin::count_failure`](crate::Pin::count_failure).
    #[must_use]
    pub const fn with_failures(mut self, most: u64) -> Self {
        self.failures = most;
        self
    }

    /// No call may be inside for longer: one that hangs is given up with its thread, and with the
    /// updates of the trial.
    #[must_use]
    pub const fn with_longest_call(mut self, longest: Duration) -> Self {
        self.longest = bounded(longest);
        self
    }

    /// The median and the 99th percentile of the time that calls take may be so many times those
    /// of the version before, as they were in its own trial. Not judged below 100 calls of each.
    ///
    /// A canary is compared with the stable version, by their calls of the same step; below 100 timed
    /// calls of each the step is inconclusive. The first 100 calls of a canary are not timed.
    #[must_use]
    pub const fn with_slower(mut self, factor: f64) -> Self {
        self.slower = Some(factor);
        self
    }

    /// By so much the share of calls that fail may be higher than in the stable version that serves
    /// beside it ([`Strategy::gradual`](crate::Strategy::gradual)): 0.01, unless told otherwise. A step is
    /// over when the calls show that it is not. Without failures a margin m takes about 9/m calls.
    #[must_use]
    pub const fn with_margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }

    /// Asked again and again during the trial, at its end, and once more after a rollback, on the
    /// host's thread for module code. It may call the slot, and ask nothing of the host that would
    /// wait for an upgrade, as an event callback. It may take no longer than a call.
    #[must_use]
    pub fn with_health(
        mut self,
        health: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.health = Some(Arc::new(health));
        self
    }

    /// What is wrong with it.
    pub(super) fn mistake(&self) -> Option<String> {
        let Self { slower, margin, .. } = self;
        if let Some(factor) = slower.filter(|it| !(it.is_finite() && *it > 0.0)) {
            return Some(format!("Trial::with_slower takes a factor above 0, and not {factor}"));
        }
        if !(0.0..1.0).contains(margin) {
            let takes = "a share from 0 up to, but not including, 1";
            return Some(format!("Trial::with_margin takes {takes}, and not {margin}"));
        }
        None
    }

    /// How often it is looked at.
    pub(crate) fn interval(&self) -> Duration {
        let shortest = self.time.min(self.longest);
        (shortest / 10).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            time,
            calls,
            patience,
            too_few,
            panics,
            failures,
            longest,
            slower,
            margin,
            health,
        } = self;
        f.debug_struct("Trial")
            .field("time", time)
            .field("calls", calls)
            .field("patience", patience)
            .field("too_few", too_few)
            .field("panics", panics)
            .field("failures", failures)
            .field("longest", longest)
            .field("slower", slower)
            .field("margin", margin)
            .field("health", &health.is_some())
            .finish()
    }
}
