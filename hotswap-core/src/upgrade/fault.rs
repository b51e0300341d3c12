//! Why a phase was not reached, and whose fault it was.

use hotswap_gate::Stuck;
use hotswap_types::Phase;

use crate::{event::Exit, instance::StepError};

/// Why a phase was not reached.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The phase.
    pub(crate) phase: Phase,
    pub(crate) exit: Exit,
    /// What was expected and what was found, a line each.
    pub(crate) findings: Vec<String>,
    pub(crate) advice: String,
    /// Another build of the same sources may not have it.
    pub(crate) again: bool,
}

/// What follows from the artifact's hash being known.
pub(crate) const UNTIL_IT_CHANGES: &str = "tried again when the file changes";

const BY_ITSELF: &str = "tried again by itself";
const ON_REQUEST: &str =
    "not tried by itself any more, but when the file changes, and by Host::rescan";

impl Fault {
    /// The artifact's fault.
    pub(crate) fn rejected(phase: Phase, finding: impl ToString, advice: &str) -> Self {
        Self {
            phase,
            exit: Exit::Rejected,
            findings: vec![finding.to_string()],
            advice: format!("{advice}; {UNTIL_IT_CHANGES}"),
            again: false,
        }
    }

    /// Not the artifact's fault.
    pub(crate) fn cancelled(phase: Phase, finding: impl ToString, advice: &str) -> Self {
        Self {
            phase,
            exit: Exit::Cancelled,
            findings: vec![finding.to_string()],
            advice: format!("{advice}; {BY_ITSELF}"),
            again: false,
        }
    }

    /// It was tried often enough.
    pub(crate) fn given_up(mut self) -> Self {
        if let Some(advice) = self.advice.strip_suffix(BY_ITSELF) {
            self.advice = format!("{advice}{ON_REQUEST}");
        }
        self
    }

    /// Whether nobody has to ask for another try.
    pub(crate) fn is_tried_again(&self) -> bool {
        self.exit == Exit::Cancelled && self.advice.ends_with(BY_ITSELF)
    }

    /// A step of the candidate's code failed.
    pub(crate) fn of_candidate(phase: Phase, step: &str, error: &StepError) -> Self {
        let finding = format!("{step}  {error}");
        let advice = match error {
            StepError::NoThread { .. } => {
                let advice = "end some threads, or raise their limit (`ulimit -u`)";
                return Self::cancelled(phase, finding, advice);
            }
            StepError::Failed(_) | StepError::Panicked { .. } => {
                format!("mend its {step}, and build it again")
            }
            StepError::Hung { .. } => format!(
                "find what its {step} waits for, and build it again; the thread that hangs stays \
                 until the process ends"
            ),
        };
        Self::rejected(phase, finding, &advice)
    }

    /// A step of the code that serves failed: no candidate can help it.
    pub(crate) fn of_serving(phase: Phase, step: &str, error: &StepError) -> Self {
        Self::cancelled(
            phase,
            format!("the serving version's {step}  {error}"),
            "the candidate is not to blame; if it goes on, restart the host",
        )
    }

    /// Callers did not leave in time.
    pub(crate) fn not_quiet(stuck: &Stuck) -> Self {
        let mut fault = Self::cancelled(
            Phase::Quiescing,
            stuck,
            "let pins go at the end of a frame, or give the pause a longer deadline; give up what \
             hangs with Host::abandon",
        );
        fault.findings.extend(stuck.inside().iter().map(|inside| format!("inside: {inside}")));
        fault
    }

    /// For somebody who has asked for it: whatever it was, it is not tried again by itself.
    pub(crate) fn as_answer(&self) -> String {
        let advice = self.advice.strip_suffix(BY_ITSELF).unwrap_or(&self.advice);
        format!("{}; {}", self.findings.join("; "), advice.trim_end_matches("; "))
    }

    pub(crate) fn with_finding(mut self, finding: Option<String>) -> Self {
        self.findings.extend(finding);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_tried_often_enough_does_not_promise_another_try() {
        let fault = Fault::cancelled(Phase::Staged, "no room", "make room");
        assert_eq!(fault.advice, "make room; tried again by itself");
        assert_eq!(fault.as_answer(), "no room; make room");
        let advice = fault.given_up().advice;
        assert!(advice.starts_with("make room; not tried by itself any more"), "{advice}");
        assert!(advice.ends_with("by Host::rescan"), "{advice}");
    }
}
