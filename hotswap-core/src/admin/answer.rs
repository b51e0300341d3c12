//! A request, and what an [`Operator`] makes of it.

mod applying;
mod asked;
mod orders;
mod reports;
mod status;

pub(super) use self::asked::Answer;

use self::asked::Asked;
use super::{asker::Asker, protocol::Request};
use crate::operator::Operator;

/// Does what is asked.
pub(super) fn answer(operator: &Operator, request: Request, asker: &mut Asker<'_>) -> Answer {
    let asked = Asked(operator);
    match request {
        Request::Status { slot } => asked.status(slot.as_deref()),
        Request::Why { slot } => asked.why(slot.as_deref()),
        Request::Plan { slot } => asked.plan(slot.as_deref()),
        Request::Check { slot, file } => asked.check(slot, &file),
        Request::Apply { slot, file: Some(file), wait, intent } => {
            asked.apply(slot, &file, intent, wait.then_some(asker))
        }
        Request::Apply { slot: _, file: None, .. } => asked.apply_pending(),
        Request::Approve { artifact, by } => asked.approve(&artifact, &by),
        Request::Reject { artifact, by, why } => asked.reject(&artifact, &by, &why),
        Request::Pause { slot, by, why } => asked.pause(slot.as_deref(), &by, &why),
        Request::Resume { slot } => asked.resume(slot.as_deref()),
        Request::Commit { slot, why } => asked.commit(slot, &why),
        Request::Rollback { slot, why } => asked.roll_back(slot, &why),
        Request::Revert { slot, to, why } => asked.revert(slot, &to, &why),
        Request::Checkpoint { slot } => asked.checkpoint(slot),
        Request::Clear { artifact } => asked.clear(&artifact),
        Request::History { slot, most } => asked.history(slot.as_deref(), most),
        Request::Report { slot, artifact } => asked.report(slot, artifact.as_deref()),
        Request::Note { slot, artifact, by, problem, solution } => {
            asked.note(slot, artifact.as_deref(), &by, &problem, solution)
        }
    }
}
