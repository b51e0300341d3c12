//! Pure: what a child has said, and how it has ended → whether the artifact is taken.
//!
//! The child's words are those of a process in which the artifact's code ran: they are hostile until
//! they are read, and what is quoted of them has no control characters.

use std::time::Duration;

use hotswap_types::Phase;

mod quote;
mod replay;

use self::quote::{clean, quoting};
use super::{
    message::{self, Said},
    record::ToReplay,
};
use crate::{
    config::Rehearsal,
    event::{RehearsalReport, RehearsalStep, RehearsedStep, WayBack},
    upgrade::Fault,
};

/// What the allocator of Rust's std says before it aborts.
const NO_MEMORY: &str = "memory allocation of ";

/// How a child has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Exit(i32),
    Signal(i32),
    /// By itself, and how is lost: something else in the process has waited for it.
    Unknown,
    /// It was killed: it had not ended in time.
    Late {
        after: Duration,
    },
    /// It was killed: it said too much.
    Babbles,
}

/// What came of a child.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) ended: Ended,
    pub(super) said: Vec<u8>,
    /// The end of its stderr.
    pub(super) stderr: String,
    pub(super) took: Duration,
}

/// What a child was given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) how: &'a Rehearsal,
    /// How much memory it may have, in bytes.
    pub(super) memory: u64,
    /// The size of the encoded state.
    pub(super) state: Option<usize>,
    /// The recorded calls, where they are to be replayed, or why there are none.
    pub(super) recorded: Option<&'a Result<ToReplay, String>>,
}

/// Judges a rehearsal.
pub(super) fn judge(outcome: &Outcome, given: &Given<'_>) -> Result<RehearsalReport, Fault> {
    let &Given { how, memory, state, recorded } = given;
    let &Outcome { ended, ref said, ref stderr, took } = outcome;
    if said.is_empty() {
        let fault = misplaced(&format!("a child {}", ending(ended, how)));
        return Err(quoting(fault, stderr));
    }
    // What panics tells the values that it was asked.
    let quoted = if how.has_values() { stderr } else { "" };
    let answer = match (message::read(said), ended) {
        (_, Ended::Babbles) => Err("it is too long".to_owned()),
        (answer, _) => answer,
    };
    let answer = answer.map_err(|why| {
        let finding = format!("answer  the child's is none: {}", clean(&why));
        let advice = "mend what writes to memory or descriptors that are not the module's";
        quoting(Fault::rejected(Phase::Rehearsed, finding, advice), quoted)
    })?;
    let mut report = RehearsalReport {
        steps: Vec::new(),
        took,
        peak_memory: 0,
        state,
        downgrades: Vec::new(),
        way_back: WayBack::Works,
        replay: replay::not_yet(recorded),
    };
    let (mut step, mut asked) = (None, 0);
    for said in answer {
        match said {
            Said::Here => {}
            Said::Begins(begun) => step = Some(begun),
            Said::Ends { took, peak } => {
                report.peak_memory = report.peak_memory.max(peak);
                let took = Duration::from_micros(took);
                report.steps.extend(step.take().map(|step| RehearsedStep { step, took }));
            }
            Said::WentBack(downgrade) => report.downgrades.push(downgrade),
            Said::Fails { blames_artifact, findings, advice } => {
                return Err(failed(blames_artifact, &findings, &advice));
            }
            Said::Back { no_way_back, untried } => {
                report.way_back = match (no_way_back, untried) {
                    (Some(why), _) => {
                        WayBack::Impossible { why: why.iter().map(|why| clean(why)).collect() }
                    }
                    (None, Some(why)) => WayBack::Unknown { why: clean(&why) },
                    (None, None) => WayBack::Works,
                };
            }
            Said::Asks(number) => asked = number,
            Said::Replayed(told) => report.replay = replay::told(told, recorded, how.has_values()),
            // It is the last that a child says: where its status is lost that has to do.
            Said::Done if matches!(ended, Ended::Exit(0) | Ended::Unknown) => {
                return match report.replay.as_ref().and_then(|it| replay::refusal(it, how)) {
                    Some(fault) => Err(fault),
                    None => Ok(report),
                };
            }
            Said::Done => {}
        }
    }
    let ending = if is_out_of_memory(ended, stderr) {
        format!("wanted more than the {memory} bytes of memory that it may have")
    } else {
        ending(ended, how)
    };
    match step {
        // The old version's code is not the candidate's fault.
        Some(RehearsalStep::Return) => {
            let why = vec![format!("the version that serves {ending} when it was started with it")];
            Ok(RehearsalReport { way_back: WayBack::Impossible { why }, ..report })
        }
        Some(RehearsalStep::ReplayServing) => {
            let is_late = matches!(ended, Ended::Late { .. });
            let replay = Some(replay::serving_ended(is_late, &ending, &report.steps));
            Ok(RehearsalReport { replay, ..report })
        }
        Some(RehearsalStep::Replay) if asked > 0 => {
            let fault = replay::ended(asked, &ending, recorded);
            Err(quoting(fault, quoted))
        }
        Some(step) => {
            let finding = format!("{step}  in its rehearsal the artifact {ending}");
            let advice = match ended {
                Ended::Late { .. } => {
                    format!("find what its {step} waits for, or give the rehearsal more time")
                }
                _ => format!("mend its {step}, and build it again"),
            };
            Err(quoting(Fault::rejected(Phase::Rehearsed, finding, &advice), quoted))
        }
        None => {
            let finding = format!("the child  between two steps it {ending}");
            let fault = if report.steps.is_empty() {
                Fault::cancelled(
                    Phase::Rehearsed,
                    finding,
                    "look at what the host can have of the \
                    system",
                )
            } else {
                Fault::rejected(Phase::Rehearsed, finding, "mend what runs in its threads")
            };
            Err(quoting(fault, quoted))
        }
    }
}

/// Whether a child ran as a program of its own, and no other one should.
pub(super) fn is_misplaced(outcome: &Outcome) -> bool {
    outcome.said.is_empty() && !matches!(outcome.ended, Ended::Signal(_))
}

/// The program does not come to `serve`.
pub(super) fn misplaced(finding: &str) -> Fault {
    Fault::cancelled(
        Phase::Rehearsed,
        format!("probe::serve  the program, started again, does not come to it: {finding}"),
        "let nothing stand before it in main, and restart the host",
    )
}

fn failed(blames_artifact: bool, findings: &[String], advice: &str) -> Fault {
    let fault = if blames_artifact {
        Fault::rejected(Phase::Rehearsed, "", "")
    } else {
        Fault::cancelled(Phase::Rehearsed, "", "")
    };
    let findings = findings.iter().map(|finding| clean(finding)).collect();
    Fault { findings, advice: clean(advice), ..fault }
}

fn ending(ended: Ended, how: &Rehearsal) -> String {
    match ended {
        Ended::Exit(code) => format!("ended the process with exit code {code}"),
        Ended::Signal(signal) => format!("was ended by {}", name(signal)),
        Ended::Unknown => "ended, and how is lost: this process ignores SIGCHLD, or something in \
                           it waits for all children"
            .to_owned(),
        Ended::Late { after } if after < how.deadline => {
            format!("was not there after {after:.0?}")
        }
        Ended::Late { after } => format!("did not come back within {after:.0?}"),
        Ended::Babbles => "said too much".to_owned(),
    }
}

fn is_out_of_memory(ended: Ended, stderr: &str) -> bool {
    const SIGABRT: i32 = 6;
    ended == Ended::Signal(SIGABRT) && stderr.contains(NO_MEMORY)
}

/// The signals that end a process by its own fault have the same numbers on every Linux that has
/// been seen.
fn name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL, an instruction that there is not",
        5 => "SIGTRAP",
        6 => "SIGABRT, it aborts",
        7 => "SIGBUS, memory that is not there",
        8 => "SIGFPE, an impossible calculation",
        9 => "SIGKILL, from elsewhere: perhaps the system has no memory left",
        11 => "SIGSEGV, memory that is not its own",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        24 => "SIGXCPU, it has used up its time",
        31 => "SIGSYS, a system call that is forbidden",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

/// Any answer, for the fuzzer.
#[cfg(fuzzing)]
pub(crate) fn of_any(bytes: &[u8]) {
    let ended = [Ended::Exit(0), Ended::Signal(11), Ended::Unknown, Ended::Babbles];
    for ended in ended {
        let (said, stderr) = (bytes.to_vec(), String::from_utf8_lossy(bytes).into_owned());
        let outcome = Outcome { ended, said, stderr, took: Duration::ZERO };
        let how = Rehearsal::new();
        let told = match judge(&outcome, &given(&how)) {
            Ok(report) => report.to_string(),
            Err(Fault { findings, advice, .. }) => findings.join("\n") + &advice,
        };
        let is_obeyed = |c: char| c.is_control() && c != '\n';
        assert!(!told.chars().any(is_obeyed), "{told:?}");
    }
}

/// For a rehearsal without a state.
#[cfg(any(test, fuzzing))]
const fn given(how: &Rehearsal) -> Given<'_> {
    Given { how, memory: 0, state: None, recorded: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Exit, rehearsal::message::frame};

    fn outcome(ended: Ended, said: &[Said], stderr: &str) -> Outcome {
        let said = said.iter().flat_map(frame).collect();
        Outcome { ended, said, stderr: stderr.to_owned(), took: Duration::from_secs(1) }
    }

    fn judged(ended: Ended, said: &[Said], stderr: &str) -> Result<RehearsalReport, Fault> {
        let how = Rehearsal::new();
        let given = Given { memory: 1024, state: Some(7), ..given(&how) };
        judge(&outcome(ended, said, stderr), &given)
    }

    fn said(steps: &[RehearsalStep]) -> Vec<Said> {
        let each = |step| [Said::Begins(step), Said::Ends { took: 5, peak: 9 }];
        std::iter::once(Said::Here).chain(steps.iter().copied().flat_map(each)).collect()
    }

    const DONE: Said = Said::Done;

    #[test]
    fn where_the_status_is_lost_what_was_said_decides() {
        let steps = [RehearsalStep::Load, RehearsalStep::Start];
        let report = judged(Ended::Unknown, &[said(&steps), vec![DONE]].concat(), "").unwrap();
        assert_eq!(report.way_back, WayBack::Works);
        let broken = [said(&steps), vec![Said::Begins(RehearsalStep::SelfTest)]].concat();
        let fault = judged(Ended::Unknown, &broken, "").unwrap_err();
        assert_eq!(fault.exit, Exit::Rejected);
        assert!(fault.findings[0].contains("SIGCHLD"), "{fault:?}");
    }

    #[test]
    fn what_went_well_is_reported() {
        let steps = [RehearsalStep::Load, RehearsalStep::Start];
        let report = judged(Ended::Exit(0), &[said(&steps), vec![DONE]].concat(), "").unwrap();
        assert_eq!(report.steps.iter().map(|it| it.step).collect::<Vec<_>>(), steps);
        assert_eq!((report.peak_memory, report.state), (9, Some(7)));
        assert_eq!(report.way_back, WayBack::Works);
    }

    #[test]
    fn how_the_child_ends_is_the_artifacts_fault() {
        let in_start =
            [said(&[RehearsalStep::Load]), vec![Said::Begins(RehearsalStep::Start)]].concat();
        let table = [
            (Ended::Signal(11), "", "SIGSEGV"),
            (Ended::Signal(6), "", "SIGABRT"),
            (Ended::Signal(6), "memory allocation of 99 bytes failed", "1024 bytes of memory"),
            (Ended::Exit(0), "", "exit code 0"),
            (Ended::Late { after: Duration::from_secs(30) }, "", "within 30s"),
        ];
        for (ended, stderr, wanted) in table {
            let fault = judged(ended, &in_start, stderr).unwrap_err();
            assert_eq!((fault.exit, fault.phase), (Exit::Rejected, Phase::Rehearsed));
            let finding = &fault.findings[0];
            assert!(finding.starts_with("start  ") && finding.contains(wanted), "{finding}");
        }
    }

    #[test]
    fn a_report_without_values_quotes_nothing() {
        let how = Rehearsal::new().with_replay(crate::Replay::calls(1).without_values());
        for step in [RehearsalStep::Replay, RehearsalStep::Snapshot, RehearsalStep::Load] {
            let begun = [said(&[RehearsalStep::ReplayServing]), vec![Said::Begins(step)]].concat();
            for ended in [Ended::Signal(11), Ended::Babbles] {
                let outcome = outcome(ended, &begun, "panicked: no such user: ada");
                let fault = judge(&outcome, &given(&how)).unwrap_err();
                assert!(!fault.findings.concat().contains("ada"), "{fault:?}");
            }
        }
    }

    #[test]
    fn who_says_that_all_was_well_and_crashes_is_not_believed() {
        let all = [said(&[RehearsalStep::Load]), vec![DONE]].concat();
        assert!(judged(Ended::Signal(11), &all, "").is_err());
    }

    #[test]
    fn the_old_versions_crash_is_no_fault_of_the_candidate() {
        let back =
            [said(&[RehearsalStep::Load]), vec![Said::Begins(RehearsalStep::Return)]].concat();
        let report = judged(Ended::Signal(11), &back, "").unwrap();
        assert!(matches!(report.way_back, WayBack::Impossible { .. }));
    }

    #[test]
    fn an_answer_that_is_none_is_the_artifacts_fault() {
        let scribbled = Outcome {
            said: b"\x04\0\0\0hey!".to_vec(),
            ..outcome(Ended::Exit(0), &[], "\u{1b}[2Jred")
        };
        let fault = judge(&scribbled, &given(&Rehearsal::new())).unwrap_err();
        assert_eq!(fault.exit, Exit::Rejected);
        assert!(!fault.findings.concat().contains('\u{1b}'), "{:?}", fault.findings);
        let long = Outcome { ended: Ended::Babbles, ..scribbled };
        assert_eq!(judge(&long, &given(&Rehearsal::new())).unwrap_err().exit, Exit::Rejected);
    }

    #[test]
    fn a_program_that_does_not_come_to_serve_is_not_the_artifacts_fault() {
        for (ended, misplaced) in [(Ended::Exit(1), true), (Ended::Signal(9), false)] {
            let outcome = outcome(ended, &[], "usage: …");
            let fault = judge(&outcome, &given(&Rehearsal::new())).unwrap_err();
            assert_eq!(fault.exit, Exit::Cancelled);
            assert_eq!(is_misplaced(&outcome), misplaced);
        }
    }
}
