//! A request, and what an [`Operator`] makes of it.

mod applying;
mod asked;
mod orders;
mod reports;
mod status;

pub(super) use self::asked::Answer;

use self::asked::Asked;
use hotswap_types::Operation;

use super::asker::Asker;
use crate::operator::Operator;

/// Does what is asked.
pub(super) fn answer(operator: &Operator, request: Operation, asker: &mut Asker<'_>) -> Answer {
    let asked = Asked(operator);
    match request {
        Operation::Status { slot } => asked.status(slot.as_deref()),
        Operation::Why { slot } => asked.why(slot.as_deref()),
        Operation::Plan { slot } => asked.plan(slot.as_deref()),
        Operation::Check { slot, file } => asked.check(slot, &file),
        Operation::Apply { slot, file: Some(file), wait, intent } => {
            asked.apply(slot, &file, intent, wait.then_some(asker))
        }
        Operation::Apply { file: None, intent, .. } if intent.strategy.is_some() => {
            Err("name the file of the upgrade that is to have a strategy of its own".to_owned())
        }
        Operation::Apply { slot, file: None, .. } => asked.apply_pending(slot.as_deref()),
        Operation::Approve { artifact, by } => asked.approve(&artifact, &by),
        Operation::Reject { artifact, by, why } => asked.reject(&artifact, &by, &why),
        Operation::Pause { slot, by, why } => asked.pause(slot.as_deref(), &by, &why),
        Operation::Resume { slot } => asked.resume(slot.as_deref()),
        Operation::Commit { slot, why } => asked.commit(slot, &why),
        Operation::Promote { slot, why } => asked.promote(slot, &why),
        Operation::Rollback { slot, why } => asked.roll_back(slot, &why),
        Operation::Revert { slot, to, why } => asked.revert(slot, &to, &why),
        Operation::Checkpoint { slot } => asked.checkpoint(slot),
        Operation::Clear { artifact } => asked.clear(&artifact),
        Operation::History { slot, most } => asked.history(slot.as_deref(), most),
        Operation::Report { slot, artifact } => asked.report(slot, artifact.as_deref()),
        Operation::Note { slot, artifact, by, problem, solution } => {
            asked.note(slot, artifact.as_deref(), &by, &problem, solution)
        }
    }
}
