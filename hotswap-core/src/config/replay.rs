//! Which calls a rehearsal replays.

use std::time::Duration;

/// Calls that a rehearsal asks both versions again.
///
/// When an artifact is to be rehearsed, the next calls of its slot are recorded. In the child process
/// the version that serves and the new one start from one copy of the state, and are asked the same
/// calls. The version that serves is asked twice: a method that answers differently then, such as one
/// that returns the time, is not judged. A panic, a crash, a hang or an undecodable answer of the new
/// version alone refuses the artifact. Other answers, and another state at the end, are reported: a
/// fix is meant to differ.
///
/// **Methods are called again, with all that they do outside of the module:** one that sends mail
/// sends it again. Leave it out with [`except`](Self::except), or mark it `#[not_replayed]` in the
/// interface. The environment variable `HOTSWAP_REHEARSAL` is set in the child.
///
/// Arguments are data of your users. They are kept in memory, and in one file of mode 0600 for the
/// child. Of each method that answers differently the report has the first call, with its values; see
/// [`without_values`](Self::without_values).
///
/// The program must tell the child the slot's interface:
/// [`Probe::replay`](crate::probe::Probe::replay).
///
/// ```
/// use std::time::Duration;
/// use hotswap_core::{Rehearsal, Replay};
///
/// let replay = Replay::calls(1000).within(Duration::from_secs(2)).only(["quote"]).exact(["quote"]);
/// let rehearsal = Rehearsal::new().with_replay(replay);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    pub(crate) calls: u32,
    pub(crate) within: Duration,
    only: Option<Vec<String>>,
    except: Vec<String>,
    exact: Vec<String>,
    pub(crate) values: bool,
}

/// The most calls that are recorded: the child tells of each one.
const MOST: u32 = 50_000;

impl Replay {
    /// Records so many calls, at most 50,000, within 2 s.
    #[must_use]
    pub const fn calls(calls: u32) -> Self {
        Self {
            calls,
            within: Duration::from_secs(2),
            only: None,
            except: Vec::new(),
            exact: Vec::new(),
            values: true,
        }
    }

    /// How long calls are recorded at most. The upgrade waits as long, unless there are enough calls
    /// before.
    #[must_use]
    pub const fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Records calls of these methods only.
    #[must_use]
    pub fn only<M: Into<String>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.only = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Records no calls of these methods.
    #[must_use]
    pub fn except<M: Into<String>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.except.extend(methods.into_iter().map(Into::into));
        self
    }

    /// A different answer of these methods refuses the artifact. Of others it is a risk in the plan.
    #[must_use]
    pub fn exact<M: Into<String>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.exact.extend(methods.into_iter().map(Into::into));
        self
    }

    /// Reports tell which methods and fields differ, and no values: no arguments, no answers, no
    /// texts of panics, nothing of what the child has written to stderr.
    #[must_use]
    pub const fn without_values(mut self) -> Self {
        self.values = false;
        self
    }

    /// Whether calls of a method are recorded.
    pub(crate) fn has(&self, method: &str) -> bool {
        let is_in = |methods: &[String]| methods.iter().any(|it| it == method);
        self.only.as_deref().is_none_or(is_in) && !is_in(&self.except)
    }

    /// Whether a different answer of a method refuses the artifact.
    pub(crate) fn is_exact(&self, method: &str) -> bool {
        self.exact.iter().any(|it| it == method)
    }

    /// Why it cannot be followed.
    pub(crate) fn mistake(&self) -> Option<String> {
        if self.calls == 0 || self.calls > MOST {
            return Some(format!("it has {} calls: expected 1 to {MOST}", self.calls));
        }
        self.within.is_zero().then(|| "it has no time to record calls".to_owned())
    }

    /// A method that it names and the interface does not have.
    pub(crate) fn unknown_method(&self, methods: &[&str]) -> Option<&str> {
        let named = self.only.iter().flatten().chain(&self.except).chain(&self.exact);
        named.map(|it| &**it).find(|name| !methods.contains(name))
    }
}

/// 1,000 calls within 2 s.
impl Default for Replay {
    fn default() -> Self {
        Self::calls(1000)
    }
}
