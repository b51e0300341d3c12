//! Why an upgrade is wanted, how soon, and by whom: what only people know of it.

use std::{convert::Infallible, fmt, str::FromStr};

use crate::{
    Strategy,
    escape::{self, cut},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// No text of an intent is longer when it is read, in bytes.
const LONGEST: usize = 1024;

/// Why an upgrade is wanted, how soon, and by whom.
///
/// It stands in the plan, for whoever says yes, and in the report. The host decides by the urgency,
/// the priority and the [`strategy`](Self::strategy) alone.
/// Of a slot's upgrades it is said with `Config::with_intent`, of one artifact with `Operator::intend`.
///
/// ```
/// # mod hotswap_core { pub use hotswap_types as plan; }
/// use hotswap_core::plan::{Intent, Purpose, Urgency};
///
/// let intent = Intent::new(Purpose::Security)
///     .with_urgency(Urgency::Critical)
///     .with_asked_by("ada")
///     .with_why("orders of others can be read");
/// let text = "security, urgency critical, asked by ada: orders of others can be read";
/// assert_eq!(intent.to_string(), text);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Intent {
    /// What it is for.
    pub purpose: Purpose,
    /// How soon it is wanted.
    pub urgency: Urgency,
    /// What comes first among upgrades of the same urgency: the higher one.
    pub priority: i8,
    /// How callers come to the new version this time; the slot's own strategy, if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Who has asked for it.
    #[serde(deserialize_with = "bounded", skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
    /// Why, in a sentence.
    #[serde(deserialize_with = "bounded", skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What an upgrade is for. Its text is one word in lower case; any other text is
/// [`Other`](Self::Other).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Nobody has said.
    #[default]
    Unstated,
    /// It closes a hole.
    Security,
    /// It mends something.
    Fix,
    /// It can do more.
    Feature,
    /// It does the same faster, or with less.
    Performance,
    /// Back to what was before (`Operator::revert_to`).
    Revert,
    /// Something else.
    Other(String),
}

/// How soon an upgrade is wanted.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Urgency {
    /// Some day.
    Low,
    /// In its turn.
    #[default]
    Normal,
    /// Today.
    High,
    /// Now.
    Critical,
}

/// Text that is no [`Urgency`].
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected low, normal, high or critical, found {found:?}")]
pub struct ParseUrgencyError {
    found: String,
}

hotswap_abi::debug_in_full!(ParseUrgencyError);

impl Intent {
    /// Of this purpose, of normal urgency.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        Self { purpose, ..Self::default() }
    }

    /// How soon it is wanted.
    #[must_use]
    pub const fn with_urgency(mut self, urgency: Urgency) -> Self {
        self.urgency = urgency;
        self
    }

    /// What comes first among upgrades of the same urgency: the higher one. 0 unless told otherwise.
    #[must_use]
    pub const fn with_priority(mut self, priority: i8) -> Self {
        self.priority = priority;
        self
    }

    /// How callers come to the new version this time, whatever the slot's own strategy is. One that the
    /// slot cannot have is an error where it is asked for.
    #[must_use]
    pub fn with_strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// Who has asked for it.
    #[must_use]
    pub fn with_asked_by(mut self, who: impl Into<String>) -> Self {
        self.asked_by = Some(cut(&who.into(), LONGEST));
        self
    }

    /// Why, in a sentence.
    #[must_use]
    pub fn with_why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(cut(&why.into(), LONGEST));
        self
    }

    /// Whether somebody has said anything.
    #[must_use]
    pub fn is_stated(&self) -> bool {
        *self != Self::default()
    }
}

impl Purpose {
    const WORDS: [(Self, &str); 6] = [
        (Self::Unstated, "unstated"),
        (Self::Security, "security"),
        (Self::Fix, "fix"),
        (Self::Feature, "feature"),
        (Self::Performance, "performance"),
        (Self::Revert, "revert"),
    ];
}

impl Urgency {
    const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Critical];
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::WORDS.iter().find(|(purpose, _)| purpose == self);
        match (word, self) {
            (Some((_, word)), _) => f.write_str(word),
            (None, Self::Other(text)) => f.write_str(&escape::text(text)),
            (None, _) => fmt::Debug::fmt(self, f),
        }
    }
}

impl FromStr for Purpose {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let text = text.trim();
        let known = Self::WORDS.iter().find(|(_, word)| word.eq_ignore_ascii_case(text));
        Ok(match known {
            Some((purpose, _)) => purpose.clone(),
            None if text.is_empty() => Self::Unstated,
            None => Self::Other(cut(text, LONGEST)),
        })
    }
}

impl Serialize for Purpose {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Purpose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Ok(purpose) = String::deserialize(deserializer)?.parse();
        Ok(purpose)
    }
}

impl fmt::Display for Urgency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

impl FromStr for Urgency {
    type Err = ParseUrgencyError;

    fn from_str(text: &str) -> Result<Self, ParseUrgencyError> {
        let word = text.trim();
        let known = Self::ALL.into_iter().find(|it| it.to_string().eq_ignore_ascii_case(word));
        known.ok_or_else(|| ParseUrgencyError { found: text.chars().take(80).collect() })
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { purpose, urgency, priority, strategy, asked_by, why } = self;
        write!(f, "{purpose}")?;
        if *urgency != Urgency::default() {
            write!(f, ", urgency {urgency}")?;
        }
        if *priority != 0 {
            write!(f, ", priority {priority}")?;
        }
        if let Some(strategy) = strategy {
            write!(f, ", strategy {strategy}")?;
        }
        if let Some(who) = asked_by {
            write!(f, ", asked by {}", escape::text(who))?;
        }
        why.as_ref().map_or(Ok(()), |why| write!(f, ": {}", escape::text(why)))
    }
}

/// A text that somebody else has made, no longer than is kept.
fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(|text| cut(&text, LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_shown_and_nothing_else() {
        let security = Intent::new(Purpose::Security);
        let table = [
            (Intent::default(), "unstated"),
            (security.clone(), "security"),
            (security.clone().with_priority(-1), "security, priority -1"),
            (
                security.clone().with_strategy(Strategy::gradual([0.1])),
                "security, strategy gradual: 10 % of the calls, then all",
            ),
            (
                security.with_urgency(Urgency::High).with_asked_by("ada").with_why("a\nb\u{1b}[1m"),
                r"security, urgency high, asked by ada: a\nb\u{1b}[1m",
            ),
            (Intent::new(Purpose::Other("audit".to_owned())), "audit"),
        ];
        for (intent, text) in table {
            assert_eq!(intent.to_string(), text);
            assert_eq!(intent.is_stated(), text != "unstated");
        }
        assert!(Urgency::Critical > Urgency::High && Urgency::Normal > Urgency::Low);
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for (purpose, word) in Purpose::WORDS {
            assert_eq!((word.parse(), purpose.to_string()), (Ok(purpose), word.to_owned()));
        }
        assert_eq!(" Security".parse(), Ok(Purpose::Security));
        assert_eq!("".parse(), Ok(Purpose::Unstated));
        assert_eq!("audit".parse(), Ok(Purpose::Other("audit".to_owned())));
        for urgency in Urgency::ALL {
            assert_eq!(urgency.to_string().to_uppercase().parse(), Ok(urgency));
        }
        let error = "soon".parse::<Urgency>().unwrap_err().to_string();
        assert_eq!(error, "expected low, normal, high or critical, found \"soon\"");
    }

    #[test]
    fn json_is_short_and_what_is_missing_is_unstated() {
        let json = |intent: &Intent| serde_json::to_string(intent).unwrap();
        let intent = Intent::new(Purpose::Fix).with_urgency(Urgency::High).with_asked_by("ada");
        let text = r#"{"purpose":"fix","urgency":"high","priority":0,"asked_by":"ada"}"#;
        assert_eq!(json(&intent), text);
        let read = |text: &str| serde_json::from_str::<Intent>(text);
        let gradual = intent.clone().with_strategy(Strategy::gradual([0.1]));
        let strategy = r#""strategy":{"kind":"gradual","shares":[0.1]}"#;
        assert!(json(&gradual).contains(strategy) && read(&json(&gradual)).unwrap() == gradual);
        assert_eq!(read(text).unwrap(), intent);
        assert_eq!(read("{}").unwrap(), Intent::default());
        assert_eq!(read(r#"{"purpose":"audit"}"#).unwrap().purpose.to_string(), "audit");
        assert!(read(r#"{"urgency":"soon"}"#).is_err());
        let long = format!(r#"{{"why":"{}"}}"#, "ü".repeat(4096));
        assert_eq!(read(&long).unwrap().why.unwrap().len(), LONGEST);
    }
}
