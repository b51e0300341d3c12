//! The upgrades that are over: the journal's lines, each with its report, and reports without a
//! line. Pure.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use hotswap_types::Outcome;

use crate::report::{HistoryEntry, Report};

/// Times of lines are whole milliseconds.
const SLACK: Duration = Duration::from_secs(1);

/// All upgrades that are over, the newest first.
pub(crate) fn history(lines: Vec<HistoryEntry>, reports: &[Arc<Report>]) -> Vec<HistoryEntry> {
    let mut left: Vec<_> = reports.to_vec();
    let mut all = lines;
    for line in &mut all {
        let is_its = |report: &&Arc<Report>| report.outcome == line.outcome && is_of(report, line);
        let nearest = left.iter().filter(is_its).min_by_key(|it| between(it.ended, line.ended));
        line.report = nearest.cloned();
        // What is tried again and again is one line.
        let is_try = line.outcome == Outcome::Cancelled;
        let of_line = line.report.clone();
        left.retain(|it| {
            let is_its = of_line.as_ref().is_some_and(|report| Arc::ptr_eq(it, report));
            let is_try = is_try && it.outcome == Outcome::Cancelled && is_of(it, line);
            !is_its && !is_try
        });
    }
    all.extend(left.into_iter().map(line_of));
    all.sort_by_key(|past| std::cmp::Reverse(past.ended));
    all
}

fn line_of(report: Arc<Report>) -> HistoryEntry {
    HistoryEntry {
        slot: report.slot.clone(),
        began: report.began,
        ended: report.ended,
        artifact: report.artifact,
        module: report.module.clone(),
        outcome: report.outcome,
        why: report.why(),
        report: Some(report),
    }
}

/// The report of an upgrade that the last run has left unfinished: what there would have been to
/// report, with the end that the journal knows; without it, what the journal knows. Its lines are
/// those of the slot, the newest first.
pub(crate) fn unfinished(
    under_way: Option<Report>,
    lines: &[HistoryEntry],
    reports: &[Arc<Report>],
) -> Option<Report> {
    let is_reported = |line: &HistoryEntry| {
        reports.iter().any(|it| it.outcome == line.outcome && is_of(it, line))
    };
    let (line, report) = match under_way {
        Some(report) => (lines.iter().find(|line| is_of(&report, line))?, report),
        None => {
            let line = lines.first().filter(|it| it.outcome == Outcome::Interrupted)?;
            (line, Report::blank(&line.slot, line.artifact, line.began))
        }
    };
    if is_reported(line) {
        return None;
    }
    let findings = if line.why.is_empty() { Vec::new() } else { vec![line.why.clone()] };
    let module = report.module.or_else(|| line.module.clone());
    Some(Report { ended: line.ended, outcome: line.outcome, module, findings, ..report })
}

/// Whether a report may be that of a line: of the same artifact, at the same time.
fn is_of(report: &Report, line: &HistoryEntry) -> bool {
    let is_before = |a: SystemTime, b: SystemTime| a.duration_since(b).unwrap_or_default() <= SLACK;
    (&report.slot, report.artifact) == (&line.slot, line.artifact)
        && is_before(report.began, line.ended)
        && is_before(line.began, report.ended)
}

fn between(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).or_else(|_| b.duration_since(a)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn report(number: u64, ended: u64, outcome: Outcome) -> Arc<Report> {
        let (began, ended) = (at(ended - 1), at(ended));
        Arc::new(Report { number, began, ended, outcome, ..sample::committed() })
    }

    fn line(began: u64, ended: u64, outcome: Outcome) -> HistoryEntry {
        let of = line_of(report(0, ended, outcome));
        HistoryEntry { began: at(began), why: "its line".to_owned(), report: None, ..of }
    }

    fn found(lines: Vec<HistoryEntry>, reports: &[Arc<Report>]) -> Vec<(String, Option<u64>)> {
        let all = history(lines, reports);
        all.into_iter().map(|past| (past.why, past.report.map(|it| it.number))).collect()
    }

    #[test]
    fn each_line_has_its_own_report_and_a_missing_one_is_no_other() {
        let is = Outcome::Committed;
        let lines = || vec![line(999, 1000, is), line(99, 100, is)];
        let both = [report(1, 100, is), report(2, 1001, is)];
        let its = |number| ("its line".to_owned(), number);
        assert_eq!(found(lines(), &both), [its(Some(2)), its(Some(1))]);
        assert_eq!(found(lines(), &both[..1]), [its(None), its(Some(1))]);
        assert_eq!(found(lines(), &[report(1, 1001, Outcome::Rejected)]).len(), 3);
    }

    #[test]
    fn tries_of_one_upgrade_are_one_line() {
        let is = Outcome::Cancelled;
        let tries = [report(1, 100, is), report(2, 200, is), report(3, 300, is)];
        let its = ("its line".to_owned(), Some(3));
        assert_eq!(found(vec![line(99, 300, is)], &tries), [its]);
    }

    #[test]
    fn without_lines_reports_are_the_history() {
        let reports = [report(1, 100, Outcome::Rejected), report(2, 200, Outcome::Committed)];
        let all = found(Vec::new(), &reports);
        let why = sample::committed().why();
        assert_eq!(all, [(why.clone(), Some(2)), (why, Some(1))]);
    }

    #[test]
    fn what_the_last_run_has_left_ends_as_the_journal_says() {
        let is = Outcome::Interrupted;
        let lines = [line(99, 200, is)];
        let under_way = Report { notes: Vec::new(), ..(*report(0, 100, is)).clone() };
        let found = unfinished(Some(under_way.clone()), &lines, &[]).unwrap();
        assert_eq!((found.outcome, found.ended, found.plan.is_some()), (is, at(200), true));
        assert_eq!(found.findings, ["its line"]);
        let committed = [line(99, 200, Outcome::Committed)];
        let found = unfinished(Some(under_way.clone()), &committed, &[]).unwrap();
        assert_eq!(found.outcome, Outcome::Committed);
        assert!(unfinished(Some(under_way), &[line(300, 400, is)], &[]).is_none());
        // Of an upgrade that was not planned yet there is the line alone.
        let bare = unfinished(None, &lines, &[]).unwrap();
        assert_eq!((bare.began, bare.ended, bare.plan.is_none()), (at(99), at(200), true));
        assert!(unfinished(None, &committed, &[]).is_none());
        // It was reported by an earlier run.
        assert!(unfinished(None, &lines, &[Arc::new(bare)]).is_none());
    }
}
