//! What a replay says of the risk of an upgrade. Pure.

use crate::plan::{FinalState, Level, ReplayReport, Replayed, Risk};

/// What may go wrong, by what a replay has found.
pub(crate) fn replay_risks(replayed: &Replayed) -> Vec<Risk> {
    let mut risks = Vec::new();
    let mut risk = |level, reason: String, remedy: &str| {
        risks.push(Risk { level, reason, remedy: remedy.to_owned() });
    };
    let ReplayReport { calls, recorded, differences, state, .. } = match replayed {
        Replayed::Done(report) => report,
        Replayed::Not { why } => {
            risk(
                Level::Low,
                format!("no calls were replayed: {why}"),
                "its answers to real calls are not known",
            );
            return risks;
        }
        Replayed::Ended { why } => {
            risk(
                Level::High,
                format!("the replay was cut short: {why}"),
                "look at what the new version leaves running after a call; it was not refused, because \
                 the version that serves may have ended the child itself",
            );
            return risks;
        }
    };
    if *calls == 0 {
        risk(
            Level::Low,
            format!("no calls were replayed: none came in {recorded:.1?}"),
            "its answers to real calls are not known; record for longer with Replay::within",
        );
    }
    for difference in differences {
        risk(
            Level::Medium,
            difference.to_string(),
            "see that this is meant; Replay::exact refuses what answers differently",
        );
    }
    if let FinalState::Different { fields } = state {
        let fields: Vec<_> = fields.iter().map(ToString::to_string).collect();
        risk(
            Level::Medium,
            format!("the same calls lead to another state: {}", fields.join("; ")),
            "see that this is meant",
        );
    }
    risks
}
