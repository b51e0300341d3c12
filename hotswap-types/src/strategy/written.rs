//! A strategy as JSON. What is read may have been written by anybody.

use std::{ops::Not, time::Duration};

use serde::{Deserialize, Serialize};

use super::{DEADLINE, Kind, Strategy};

/// How it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    kind: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shares: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Not::not")]
    manual_promotion: bool,
    /// Whole milliseconds: what was read is written the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Smooth,
    Gradual,
    Parallel,
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
mod tests {
    use super::*;

    #[test]
    fn json_is_read_as_it_was_written() {
        let day = Duration::from_secs(86_400);
        for (strategy, text) in [
            (Strategy::smooth(), r#"{"kind":"smooth"}"#),
            (Strategy::parallel(), r#"{"kind":"parallel"}"#),
            (Strategy::gradual([0.01, 0.5]), r#"{"kind":"gradual","shares":[0.01,0.5]}"#),
            (
                Strategy::parallel().with_manual_promotion().with_deadline(day),
                r#"{"kind":"parallel","manual_promotion":true,"deadline_ms":86400000}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&strategy).unwrap(), text);
            assert_eq!(serde_json::from_str::<Strategy>(text).unwrap(), strategy);
        }
        let endless = Strategy::parallel().with_deadline(Duration::MAX);
        for text in [
            serde_json::to_string(&endless).unwrap(),
            format!(r#"{{"kind":"parallel","deadline_ms":{}}}"#, u64::MAX),
        ] {
            assert_eq!(serde_json::from_str::<Strategy>(&text).unwrap(), endless);
        }
        // The last share before 1, and two that are next to each other, stay what they are.
        let close = Strategy::gradual([0.1f64.next_down(), 0.1, 1f64.next_down()]);
        let text = serde_json::to_string(&close).unwrap();
        assert_eq!(serde_json::from_str::<Strategy>(&text).unwrap(), close, "{text}");
    }

    #[test]
    fn what_is_no_strategy_is_an_error_that_names_it() {
        for (text, wanted) in [
            (r#"{"kind":"gradual"}"#, "there is no share"),
            (r#"{"kind":"gradual","shares":[]}"#, "there is no share"),
            (r#"{"kind":"gradual","shares":[0.5,0.1]}"#, "0.1 is not above 0.5 and below 1"),
            (r#"{"kind":"gradual","shares":[10]}"#, "10 is not above 0 and below 1"),
            (r#"{"kind":"gradual","shares":[-0.5]}"#, "-0.5 is not above 0 and below 1"),
            (r#"{"kind":"gradual","shares":[1e999]}"#, "number out of range"),
            (r#"{"kind":"gradual","shares":[null]}"#, "invalid type: null"),
            (r#"{"kind":"smooth","shares":[0.5]}"#, "of a gradual strategy alone"),
            (r#"{"kind":"parallel","deadline_ms":-1}"#, "expected u64"),
            (r#"{"kind":"slow"}"#, "unknown variant `slow`"),
            (r#"{"kind":"smooth","more":1}"#, "unknown field `more`"),
            (r#""smooth""#, "invalid type"),
        ] {
            let error = serde_json::from_str::<Strategy>(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
