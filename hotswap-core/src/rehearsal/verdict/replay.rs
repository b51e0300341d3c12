//! What a child has said of a replay, and what the parent knows of it.

use hotswap_types::Phase;

use super::quote::clean;
use crate::{
    config::Rehearsal,
    event::RehearsalStep,
    plan::{AnswerDifference, AnswerValues, FieldDifference, FinalState, MethodCalls, Replayed},
    rehearsal::record::ToReplay,
    upgrade::Fault,
};

/// The recorded calls, or why there are none.
type Recorded<'a> = Option<&'a Result<ToReplay, String>>;

/// Before the child has said anything.
pub(super) fn not_yet(recorded: Recorded<'_>) -> Option<Replayed> {
    let why = match recorded? {
        Ok(_) => "the child did not come to it".to_owned(),
        Err(why) => why.clone(),
    };
    Some(Replayed::Not { why })
}

/// What the child says, cleaned, with what it cannot know.
pub(super) fn told(told: Replayed, recorded: Recorded<'_>) -> Option<Replayed> {
    let Some(Ok(to_replay)) = recorded else { return not_yet(recorded) };
    Some(match told {
        Replayed::Not { why } => Replayed::Not { why: clean(&why) },
        Replayed::Done(mut report) => {
            report.recorded = to_replay.took;
            report.not_recorded.clone_from(&to_replay.not_recorded);
            report.noise.iter_mut().for_each(clean_calls);
            for AnswerDifference { of, first: _, values } in &mut report.differences {
                clean_calls(of);
                if let Some(AnswerValues { arguments, serving, candidate }) = values {
                    [arguments, serving, candidate].into_iter().for_each(clean_text);
                }
            }
            match &mut report.state {
                FinalState::None | FinalState::Equal => {}
                FinalState::Different { fields } => {
                    for FieldDifference { at, serving, candidate } in fields {
                        [Some(at), serving.as_mut(), candidate.as_mut()]
                            .into_iter()
                            .flatten()
                            .for_each(clean_text);
                    }
                }
                FinalState::NotCompared { why } => clean_text(why),
            }
            Replayed::Done(report)
        }
    })
}

/// What refuses an artifact that was well otherwise: a method that is to answer as before.
pub(super) fn refusal(replayed: &Replayed, how: &Rehearsal) -> Option<Fault> {
    let (Replayed::Done(report), Some(replay)) = (replayed, &how.replay) else { return None };
    let differences = report.differences.iter().filter(|it| replay.is_exact(&it.of.method));
    let step = RehearsalStep::Replay;
    let findings: Vec<_> = differences.map(|it| format!("{step}  {it}")).collect();
    let advice = "mend it, or take the method out of Replay::exact";
    let fault = Fault::rejected(Phase::Rehearsed, "", advice);
    (!findings.is_empty()).then_some(Fault { findings, ..fault })
}

/// The artifact has ended the process while it was asked a call, or did not come back.
pub(super) fn ended(asked: u32, ending: &str, recorded: Recorded<'_>) -> Fault {
    let methods = match recorded {
        Some(Ok(to_replay)) => &*to_replay.methods,
        _ => &[],
    };
    let at = usize::try_from(asked).ok().and_then(|asked| asked.checked_sub(1));
    let method = at.and_then(|at| methods.get(at)).copied().unwrap_or("?");
    let (step, calls) = (RehearsalStep::Replay, methods.len());
    Fault::rejected(
        Phase::Rehearsed,
        format!("{step}  in call {asked} of {calls}, {method}, the artifact {ending}"),
        &format!("mend its {method}, and build it again"),
    )
}

fn clean_calls(calls: &mut MethodCalls) {
    clean_text(&mut calls.method);
}

fn clean_text(text: &mut String) {
    *text = clean(text);
}
