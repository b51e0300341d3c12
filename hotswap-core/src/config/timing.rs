//! When an upgrade takes over that is ready.

mod window;

pub use window::{ParseWindowError, Window};

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use hotswap_types::Urgency;

use crate::event::Until;

/// When an upgrade takes over whose slow work is done ([`Config::with_timing`](crate::Config::with_timing)).
///
/// A slot's first version, and what somebody asks for, waits for nothing.
///
/// ```
/// use std::time::Duration;
/// use hotswap_core::{SlotConfig, Timing, plan::Urgency};
///
/// // At night, at the latest after a week; what is urgent does not wait. Users are told before.
/// let timing = Timing::in_window("02:00-04:30".parse()?)
///     .with_latest(Duration::from_secs(7 * 24 * 3600))
///     .with_at_once_from(Urgency::Critical)
///     .with_notice(Duration::from_secs(60));
/// let shop = SlotConfig::folder("/srv/shop").with_timing(timing);
/// # Ok::<(), hotswap_core::config::ParseWindowError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Timing {
    when: When,
    latest: Option<Duration>,
    at_once_from: Urgency,
    notice: Duration,
}

#[derive(Debug, Clone, Copy)]
enum When {
    AtOnce,
    OnRequest,
    Window(Window),
    Quiet(Duration),
}

/// A candidate that is ready, and the slot that it waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: SystemTime,
    /// For how long it has been ready.
    pub(crate) waited: Duration,
    /// For how long it has been announced.
    pub(crate) announced: Option<Duration>,
    /// For how long nobody was seen inside; `None` if somebody is.
    pub(crate) quiet: Option<Duration>,
    pub(crate) urgency: Urgency,
}

/// What is to be done about a candidate that is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It takes over.
    Go,
    /// It is announced: it takes over after so long, or when the slot is quiet.
    Announce(Option<Duration>),
    /// It is looked at again after so long; `None` if nothing but a request brings it on.
    Wait(Option<Duration>),
}

/// Nothing is looked at later: somebody may set the clock.
const LONGEST: Duration = Duration::from_secs(300);

impl Timing {
    /// As soon as it is ready: unless told otherwise.
    #[must_use]
    pub const fn at_once() -> Self {
        Self::new(When::AtOnce)
    }

    /// When the program calls [`Host::apply_pending`](crate::Host::apply_pending), e.g. at the end
    /// of a frame: no latest time and no urgency brings it on before.
    #[must_use]
    pub const fn on_request() -> Self {
        Self::new(When::OnRequest)
    }

    /// Within these hours.
    #[must_use]
    pub const fn in_window(window: Window) -> Self {
        Self::new(When::Window(window))
    }

    /// When nobody was seen in a call of the slot for so long. It is looked at every quarter of that
    /// time, from the moment when a candidate is ready: a call that comes and goes in between is not
    /// seen.
    #[must_use]
    pub const fn when_quiet(time: Duration) -> Self {
        Self::new(When::Quiet(time))
    }

    const fn new(when: When) -> Self {
        Self { when, latest: None, at_once_from: Urgency::Critical, notice: Duration::ZERO }
    }

    /// What has been ready for so long takes over, whatever it waits for.
    #[must_use]
    pub const fn with_latest(mut self, latest: Duration) -> Self {
        self.latest = Some(latest);
        self
    }

    /// What is as urgent as that, or more, waits for no hour and no quiet:
    /// [`Urgency::Critical`] unless told otherwise.
    #[must_use]
    pub const fn with_at_once_from(mut self, urgency: Urgency) -> Self {
        self.at_once_from = urgency;
        self
    }

    /// So long before it takes over, [`Announced`](crate::event::EventKind::Announced) is told, for a
    /// host that tells its users.
    #[must_use]
    pub const fn with_notice(mut self, notice: Duration) -> Self {
        self.notice = notice;
        self
    }

    /// Whether nothing but a request brings it on.
    pub(crate) const fn is_on_request(&self) -> bool {
        matches!(self.when, When::OnRequest)
    }

    /// The hours, where there are some.
    pub(crate) const fn window(&self) -> Option<&Window> {
        match &self.when {
            When::Window(window) => Some(window),
            _ => None,
        }
    }

    /// What a candidate waits for that does not take over now.
    pub(crate) fn until(&self, now: SystemTime) -> Until {
        match self.when {
            When::OnRequest => Until::Request,
            When::Window(window) => match window.opens_in(now) {
                Duration::ZERO => Until::Notice,
                left => Until::Window { opens: now + left },
            },
            When::Quiet(time) => Until::Quiet { time },
            When::AtOnce => Until::Notice,
        }
    }

    /// What is to be done about a candidate that is ready. Pure.
    pub(crate) fn step(&self, at: &Moment) -> Step {
        let is_urgent = at.urgency >= self.at_once_from;
        let left = self.latest.map(|latest| latest.saturating_sub(at.waited));
        // How long it still waits by itself; `None` where that cannot be known.
        let own = match self.when {
            When::OnRequest => return Step::Wait(None),
            When::AtOnce => Some(Duration::ZERO),
            _ if is_urgent => Some(Duration::ZERO),
            When::Window(window) => Some(window.opens_in(at.now)),
            When::Quiet(time) => at.quiet.filter(|quiet| *quiet >= time).map(|_| Duration::ZERO),
        };
        let waits = match (own, left) {
            (Some(own), Some(left)) => Some(own.min(left)),
            (own, left) => own.or(left),
        };
        let told = at.announced.map(|since| self.notice.saturating_sub(since));
        match (waits, told) {
            // Nobody is to be told, or has been for long enough.
            (Some(Duration::ZERO), Some(Duration::ZERO)) => Step::Go,
            (Some(Duration::ZERO), None) if self.notice.is_zero() => Step::Go,
            (Some(waits), None) if waits <= self.notice && !self.notice.is_zero() => {
                Step::Announce(own.and(Some(self.notice)))
            }
            (None, None) if !self.notice.is_zero() => Step::Announce(None),
            (Some(waits), None) => Step::Wait(Some(self.look(waits - self.notice.min(waits)))),
            (Some(waits), Some(told)) => Step::Wait(Some(self.look(waits.max(told)))),
            (None, _) => Step::Wait(Some(self.look(LONGEST))),
        }
    }

    /// When it is looked at again that is due after so long.
    fn look(&self, due: Duration) -> Duration {
        const SHORTEST: Duration = Duration::from_millis(2);
        match self.when {
            When::Quiet(time) => due.min(time / 4).max(SHORTEST),
            _ => due.min(LONGEST).max(SHORTEST),
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self::at_once()
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.when {
            When::AtOnce => f.write_str("at once")?,
            When::OnRequest => return f.write_str("on request"),
            When::Window(window) => write!(f, "within {window}")?,
            When::Quiet(time) => write!(f, "when nobody was inside for {time:.0?}")?,
        }
        match self.latest {
            Some(latest) => write!(f, ", at the latest after {latest:.0?}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Midnight, ready just now, somebody inside.
    fn moment() -> Moment {
        Moment {
            now: SystemTime::UNIX_EPOCH,
            waited: Duration::ZERO,
            announced: None,
            quiet: None,
            urgency: Urgency::Normal,
        }
    }

    fn night() -> Timing {
        Timing::in_window("02:00-03:00".parse().unwrap())
    }

    #[test]
    fn at_once_is_now_and_on_request_is_never() {
        assert_eq!(Timing::at_once().step(&moment()), Step::Go);
        let urgent = Moment { urgency: Urgency::Critical, ..moment() };
        assert_eq!(Timing::on_request().with_latest(SECOND).step(&urgent), Step::Wait(None));
    }

    #[test]
    fn a_window_is_waited_for_unless_it_is_urgent_or_late() {
        assert_eq!(night().step(&moment()), Step::Wait(Some(LONGEST)));
        let open = Moment { now: SystemTime::UNIX_EPOCH + 7200 * SECOND, ..moment() };
        assert_eq!(night().step(&open), Step::Go);
        let urgent = Moment { urgency: Urgency::Critical, ..moment() };
        assert_eq!(night().step(&urgent), Step::Go);
        let high = Moment { urgency: Urgency::High, ..moment() };
        assert_eq!(night().with_at_once_from(Urgency::High).step(&high), Step::Go);
        let late = Moment { waited: 60 * SECOND, ..moment() };
        assert_eq!(night().with_latest(60 * SECOND).step(&late), Step::Go);
        let timing = night().with_latest(100 * SECOND);
        assert_eq!(timing.step(&late), Step::Wait(Some(40 * SECOND)));
    }

    #[test]
    fn quiet_is_looked_for_every_quarter() {
        let timing = Timing::when_quiet(4 * SECOND).with_latest(60 * SECOND);
        assert_eq!(timing.step(&moment()), Step::Wait(Some(SECOND)));
        let nearly = Moment { quiet: Some(3 * SECOND), ..moment() };
        assert_eq!(timing.step(&nearly), Step::Wait(Some(SECOND)));
        let quiet = Moment { quiet: Some(4 * SECOND), ..moment() };
        assert_eq!(timing.step(&quiet), Step::Go);
        let late = Moment { waited: 60 * SECOND, ..moment() };
        assert_eq!(timing.step(&late), Step::Go);
    }

    #[test]
    fn users_are_told_before() {
        let timing = night().with_notice(60 * SECOND);
        let before = |seconds: u32| SystemTime::UNIX_EPOCH + (7200 - seconds) * SECOND;
        let far = Moment { now: before(90), ..moment() };
        assert_eq!(timing.step(&far), Step::Wait(Some(30 * SECOND)));
        let near = Moment { now: before(60), ..moment() };
        assert_eq!(timing.step(&near), Step::Announce(Some(60 * SECOND)));
        let told = Moment { now: before(20), announced: Some(40 * SECOND), ..moment() };
        assert_eq!(timing.step(&told), Step::Wait(Some(20 * SECOND)));
        let open = Moment { now: before(0), announced: Some(60 * SECOND), ..moment() };
        assert_eq!(timing.step(&open), Step::Go);
        // It has come within the hours: they are told first all the same.
        let late = Moment { now: before(0), ..moment() };
        assert_eq!(timing.step(&late), Step::Announce(Some(60 * SECOND)));
        let soon = Moment { announced: Some(59 * SECOND), ..late };
        assert_eq!(timing.step(&soon), Step::Wait(Some(SECOND)));

        let quiet = Timing::when_quiet(4 * SECOND).with_notice(SECOND);
        assert_eq!(quiet.step(&moment()), Step::Announce(None));
        let told = Moment { announced: Some(Duration::ZERO), ..moment() };
        assert_eq!(quiet.step(&told), Step::Wait(Some(SECOND)));
    }
}
