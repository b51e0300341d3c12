//! What of a state is gone after an upgrade. Pure.

use std::time::{Duration, SystemTime};

use hotswap_types::StateNote;

use super::Report;

/// What of the state is gone, by what became of it on the way there, and back where it went back.
pub(crate) fn lost(report: &Report) -> Vec<String> {
    let Report { state, back, restored, generation, ended, .. } = report;
    match back.as_ref().map(|back| &back.state) {
        // It goes on with the state that it had, with all that was in it.
        Some(state @ StateNote::AsBefore { .. }) => state.lost(),
        back => {
            let mut lost = state.as_ref().map(StateNote::lost).unwrap_or_default();
            // A first generation goes on where the last run has ended.
            if let (Some(taken), Some(2..)) = (restored, generation) {
                lost.push(since(*taken, *ended));
            }
            lost.extend(back.into_iter().flat_map(StateNote::lost));
            lost
        }
    }
}

fn since(taken: SystemTime, ended: SystemTime) -> String {
    let age: Duration = ended.duration_since(taken).unwrap_or_default();
    format!("every change of the state in the last {age:.0?}: it begins with an older one")
}

#[cfg(test)]
mod tests {
    use super::{
        super::{WayBackTaken, sample},
        *,
    };

    #[test]
    fn what_is_lost_is_named_and_nothing_else() {
        let why = vec!["no".to_owned()];
        let carried =
            StateNote::Carried { dropped: vec!["A.b".to_owned()], defaulted: vec!["A.c".into()] };
        let dropped = StateNote::Dropped { why: why.clone() };
        let before = StateNote::AsBefore { why };
        let there =
            |state: &StateNote| Report { state: Some(state.clone()), ..sample::committed() };
        let back = |there: Report, state: &StateNote| Report {
            back: Some(WayBackTaken { state: state.clone(), pause: None }),
            ..there
        };
        let nothing: [&str; 0] = [];
        assert_eq!(lost(&there(&StateNote::Kept)), nothing);
        assert_eq!(lost(&Report { state: None, ..sample::committed() }), nothing);
        assert_eq!(lost(&there(&carried)), ["`A.b`"]);
        assert_eq!(lost(&there(&dropped)), ["the whole state: no"]);
        assert_eq!(lost(&back(there(&carried), &StateNote::Kept)), ["`A.b`"]);
        // It was suspended, and has all that it had.
        let text = "every change of the state since the upgrade: no";
        assert_eq!(lost(&back(there(&dropped), &before)), [text]);
        assert_eq!(lost(&back(there(&StateNote::Kept), &before)), [text]);
    }

    #[test]
    fn an_older_state_has_lost_what_came_after_it() {
        let mut report = Report { state: Some(StateNote::Kept), ..sample::committed() };
        report.restored = report.ended.checked_sub(Duration::from_secs(60));
        assert_eq!(
            lost(&report),
            ["every change of the state in the last 60s: it begins with an older one"]
        );
        report.generation = Some(1);
        assert_eq!(lost(&report), [""; 0]);
    }
}
