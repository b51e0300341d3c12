//! Why a phase was not reached, and whose fault it was.

mod not_carried;

use std::fmt;

use hotswap_abi::__private::state::CarryError;
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
    /// What to do, without when it is tried again.
    pub(crate) advice: String,
    pub(crate) retry: Retry,
    /// Source that the advice speaks of, to be pasted.
    pub(crate) source: Option<String>,
    /// Another build of the same sources may not have it.
    pub(crate) again: bool,
}

/// When an artifact that was not taken is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// By itself, since it is not to blame.
    ByItself,
    /// It was tried by itself often enough.
    OnRequest,
    /// Another content of its file is another artifact.
    WhenFileChanges,
    /// It may be signed otherwise; what is wrong with the host's own keys needs a request.
    WhenSigned { on_request: bool },
    /// As the advice says.
    AsAdvised,
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByItself => "; tried again by itself",
            Self::OnRequest => {
                "; not tried by itself any more, but when the file changes, and by Host::rescan"
            }
            Self::WhenFileChanges => "; tried again when the file changes",
            Self::WhenSigned { on_request: false } => {
                "; tried again when the file or its signature changes"
            }
            Self::WhenSigned { on_request: true } => {
                ", and then Host::rescan; tried again when the file or its signature changes"
            }
            Self::AsAdvised => "",
        })
    }
}

impl Fault {
    pub(crate) fn new(
        phase: Phase,
        exit: Exit,
        findings: Vec<String>,
        advice: impl Into<String>,
        retry: Retry,
    ) -> Self {
        Self { phase, exit, findings, advice: advice.into(), retry, source: None, again: false }
    }

    /// The state cannot be carried by name.
    pub(crate) fn not_carried(phase: Phase, error: &CarryError) -> Self {
        Self::rejected(phase, format!("state  {error}"), &not_carried::advice(error))
    }

    /// The artifact's fault.
    pub(crate) fn rejected(phase: Phase, finding: impl ToString, advice: &str) -> Self {
        let findings = vec![finding.to_string()];
        Self::new(phase, Exit::Rejected, findings, advice, Retry::WhenFileChanges)
    }

    /// Not the artifact's fault.
    pub(crate) fn cancelled(phase: Phase, finding: impl ToString, advice: &str) -> Self {
        let findings = vec![finding.to_string()];
        Self::new(phase, Exit::Cancelled, findings, advice, Retry::ByItself)
    }

    /// Whoever's fault it is: the advice says when it is tried again.
    pub(crate) fn as_advised(
        phase: Phase,
        exit: Exit,
        findings: Vec<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::new(phase, exit, findings, advice, Retry::AsAdvised)
    }

    /// It was tried often enough.
    pub(crate) fn given_up(mut self) -> Self {
        if self.retry == Retry::ByItself {
            self.retry = Retry::OnRequest;
        }
        self
    }

    /// Whether nobody has to ask for another try.
    pub(crate) fn is_tried_again(&self) -> bool {
        self.retry == Retry::ByItself
    }

    /// What to do, and when it is tried again.
    pub(crate) fn advice_in_full(&self) -> String {
        let Self { advice, retry, .. } = self;
        match &self.source {
            Some(source) => format!("{advice}{retry}\n{source}"),
            None => format!("{advice}{retry}"),
        }
    }

    /// What to do, for somebody for whom nothing is tried again.
    pub(crate) fn advice_alone(&self) -> String {
        match &self.source {
            Some(source) => format!("{}\n{source}", self.advice),
            None => self.advice.clone(),
        }
    }

    /// A step of the candidate's code failed.
    pub(crate) fn of_candidate(phase: Phase, step: &str, error: &StepError) -> Self {
        let finding = format!("{step}  {error}");
        let advice = match error {
            StepError::NotCarried(error) => not_carried::advice(error),
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
            "let pins go at the end of a frame; give the pause a longer deadline, or let callers wait \
             longer (Config::with_longest_wait); give up what hangs with Operator::abandon",
        );
        fault.findings.extend(stuck.inside().iter().map(|inside| format!("inside: {inside}")));
        fault
    }

    /// For somebody who has asked for it: whatever it was, it is not tried again by itself.
    pub(crate) fn as_answer(&self) -> String {
        let advice = match self.retry {
            Retry::ByItself => self.advice_alone(),
            _ => self.advice_in_full(),
        };
        format!("{}; {advice}", self.findings.join("; "))
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
        assert_eq!(fault.advice_in_full(), "make room; tried again by itself");
        assert_eq!(fault.as_answer(), "no room; make room");
        let advice = fault.given_up().advice_in_full();
        assert!(advice.starts_with("make room; not tried by itself any more"), "{advice}");
        assert!(advice.ends_with("by Host::rescan"), "{advice}");
    }
}
