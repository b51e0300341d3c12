//! What a child has said of a replay, and what the parent knows of it.

use std::mem;

use hotswap_types::Phase;

use super::quote::clean;
use crate::{
    config::Rehearsal,
    event::{RehearsalStep, RehearsedStep},
    plan::{
        AnswerDifference, AnswerValues, FieldDifference, FinalState, MethodCalls, ReplayReport,
        Replayed,
    },
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

/// What the child says, cleaned, with what it cannot know, and without values where none are wanted.
pub(super) fn told(told: Replayed, recorded: Recorded<'_>, values: bool) -> Option<Replayed> {
    let Some(Ok(to_replay)) = recorded else { return not_yet(recorded) };
    Some(match told {
        Replayed::Not { why } => Replayed::Not { why: clean(&why) },
        Replayed::Ended { why } => Replayed::Ended { why: clean(&why) },
        Replayed::Done(mut report) => {
            if !values {
                strip(&mut report, to_replay);
            }
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

/// Leaves out what may be values of callers, whatever the child has put into its answer.
fn strip(report: &mut ReplayReport, to_replay: &ToReplay) {
    let is_recorded = |of: &MethodCalls| to_replay.methods.contains(&&*of.method);
    report.noise.retain(is_recorded);
    report.differences.retain(|it| is_recorded(&it.of));
    report.differences.iter_mut().for_each(|it| it.values = None);
    if let FinalState::Different { fields } = &mut report.state {
        for field in &mut *fields {
            // A state that is a map has keys in the place of fields.
            let is_field = to_replay.fields.contains(&field.at);
            let at = if is_field { mem::take(&mut field.at) } else { "the state".to_owned() };
            *field = FieldDifference { at, serving: None, candidate: None };
        }
        fields.dedup();
    }
}

/// The process has ended while the version that serves was asked, or that did not come back.
pub(super) fn serving_ended(is_late: bool, ending: &str, steps: &[RehearsedStep]) -> Replayed {
    let is_second = steps.iter().any(|it| it.step == RehearsalStep::Replay);
    if is_second && !is_late {
        let why = format!("the child {ending} when the version that serves was asked again");
        Replayed::Ended { why }
    } else {
        Replayed::Not { why: format!("the version that serves {ending}") }
    }
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
