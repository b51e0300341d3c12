//! What a replay of recorded calls has come to.

use std::{fmt, time::Duration};

use hotswap_abi::Portable;
use hotswap_types::json;
use serde::{Deserialize, Serialize};

/// Whether recorded calls were replayed, and what came of it.
#[derive(Portable, Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Replayed {
    /// They were not.
    Not {
        /// Why.
        why: String,
    },
    /// The child's process ended while the version that serves was asked the second time. It has
    /// answered the same calls before, so a thread that the new version has left may have ended it.
    Ended {
        /// How.
        why: String,
    },
    /// They were.
    Done(ReplayReport),
}

/// A replay of recorded calls on the version that serves and on the new one.
#[derive(Portable, Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReplayReport {
    /// How many calls were replayed.
    pub calls: u32,
    /// For how long they were recorded. The upgrade has waited as long.
    #[serde(rename = "recorded_ms", with = "json::millis")]
    pub recorded: Duration,
    /// Methods with calls that were not recorded.
    pub not_recorded: Vec<NotRecorded>,
    /// Methods that the version that serves has answered differently the second time: they are not
    /// judged.
    pub noise: Vec<MethodCalls>,
    /// Methods that the new version has answered differently.
    pub differences: Vec<AnswerDifference>,
    /// The states after the last call.
    pub state: FinalState,
}

/// Calls of a method that were not recorded.
#[derive(Portable, Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NotRecorded {
    /// The method.
    pub method: String,
    /// How many calls.
    pub calls: u32,
    /// Why.
    pub why: String,
}

/// Some calls of a method.
#[derive(Portable, Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MethodCalls {
    /// The method.
    pub method: String,
    /// How many calls of it differ.
    pub differ: u32,
    /// How many calls of it were replayed.
    pub calls: u32,
}

/// A method that the new version has answered differently.
#[derive(Portable, Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AnswerDifference {
    /// The method, and how often.
    pub of: MethodCalls,
    /// The number of the first call that differs; the first one of the replay is 1.
    pub first: u32,
    /// The values of that call, unless the host wants none in its reports.
    pub values: Option<AnswerValues>,
}

/// What a call was asked, and what both versions have answered.
#[derive(Portable, Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AnswerValues {
    /// `"bread", 3`.
    pub arguments: String,
    /// The answer of the version that serves.
    pub serving: String,
    /// The answer of the new version.
    pub candidate: String,
}

/// The states of both versions after the last call.
#[derive(Portable, Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinalState {
    /// Neither has a state.
    #[default]
    None,
    /// They were equal, but for what differs between two runs of the version that serves as well.
    Equal,
    /// They were not.
    Different {
        /// Where: at most 20 places.
        fields: Vec<FieldDifference>,
    },
    /// They were not compared.
    NotCompared {
        /// Why.
        why: String,
    },
}

/// A place at which two states differ.
#[derive(Portable, Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldDifference {
    /// Where: `orders[3].total`. The outermost field alone, if the host wants no values in its
    /// reports: what lies deeper may be a key of a map.
    pub at: String,
    /// What the version that serves has there; `None` for nothing, or if no values are wanted.
    pub serving: Option<String>,
    /// What the new version has there; the same.
    pub candidate: Option<String>,
}

impl fmt::Display for AnswerDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of: MethodCalls { method, differ, calls }, first, values } = self;
        write!(f, "{method} answers differently in {differ} of {calls} calls; call {first}")?;
        let Some(AnswerValues { arguments, serving, candidate }) = values else { return Ok(()) };
        write!(f, ", {method}({arguments}): {serving} → {candidate}")
    }
}

impl fmt::Display for FieldDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, serving, candidate } = self;
        if serving.is_none() && candidate.is_none() {
            return f.write_str(at);
        }
        let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{at}: {} → {}", text(serving), text(candidate))
    }
}

impl fmt::Display for FinalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Equal => f.write_str(", equal states at the end"),
            Self::Different { fields } => {
                let texts: Vec<_> = fields.iter().map(ToString::to_string).collect();
                write!(f, ", another state at the end ({})", texts.join("; "))
            }
            Self::NotCompared { why } => write!(f, ", states not compared ({why})"),
        }
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = match self {
            Self::Not { why } => return write!(f, "calls were not replayed ({why})"),
            Self::Ended { why } => return write!(f, "the replay was cut short ({why})"),
            Self::Done(report) => report,
        };
        let ReplayReport { calls, recorded, not_recorded, noise, differences, state } = report;
        write!(f, "{calls} calls replayed, recorded in {recorded:.1?}")?;
        if *calls > 0 && differences.is_empty() {
            f.write_str(": equal answers")?;
        }
        for (i, difference) in differences.iter().enumerate() {
            write!(f, "{} {difference}", if i == 0 { ":" } else { ";" })?;
        }
        write!(f, "{state}")?;
        for MethodCalls { method, differ, calls } in noise {
            write!(f, "; {method} not judged, {differ} of {calls} calls differ between two runs")?;
        }
        for NotRecorded { method, calls, why } in not_recorded {
            write!(f, "; {calls} calls of {method} not recorded, {why}")?;
        }
        Ok(())
    }
}
