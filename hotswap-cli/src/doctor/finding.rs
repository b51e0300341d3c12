//! What was found.

use std::fmt::{self, Display};

use serde::Serialize;

use crate::say::{BAD, GOOD, WARN};

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// What was looked at: a word that scripts can rely on.
    pub(super) check: &'static str,
    pub(super) found: String,
    /// What to do.
    pub(super) advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Ok,
    /// It works, but not as well as it could; or it may be meant like this.
    Warn,
    /// hotswap does not work like this.
    Fail,
}

impl Finding {
    pub(super) fn ok(check: &'static str, found: impl Display) -> Self {
        Self { level: Level::Ok, check, found: found.to_string(), advice: None }
    }

    pub(super) fn warn(check: &'static str, found: impl Display, advice: impl Display) -> Self {
        let advice = Some(advice.to_string());
        Self { level: Level::Warn, check, found: found.to_string(), advice }
    }

    pub(super) fn fail(check: &'static str, found: impl Display, advice: impl Display) -> Self {
        Self { level: Level::Fail, ..Self::warn(check, found, advice) }
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (style, word) = match self.level {
            Level::Ok => (GOOD, "ok  "),
            Level::Warn => (WARN, "warn"),
            Level::Fail => (BAD, "fail"),
        };
        let Self { level: _, check, found, advice } = self;
        write!(
            f,
            "{style}{word}{style:#}  {check:<12}  {}",
            found.replace('\n', "\n                    ")
        )?;
        match advice {
            Some(advice) => write!(f, "\n                    do: {advice}"),
            None => Ok(()),
        }
    }
}
