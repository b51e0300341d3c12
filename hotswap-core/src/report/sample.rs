//! Reports as a whole, for tests: their Markdown and their JSON are pinned.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use hotswap_types::{ModuleVersion, Outcome, Phase, StateNote};

use super::Serving;
use super::{Decision, Note, PhaseTime, Report, StepEnd, StepReport, TrialFigures, WayBackTaken};
use crate::plan;

fn began() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_764_120_958_000)
}

/// Committed after a trial.
pub(crate) fn committed() -> Report {
    let plan = plan::sample::plan();
    let millis = Duration::from_millis;
    let figures = |calls, failures| TrialFigures {
        calls,
        panics: 0,
        failures,
        median: Duration::from_micros(3),
        percentile_99: Duration::from_micros(12),
    };
    let time = |phase, at, took| PhaseTime { phase, at: millis(at), took: millis(took) };
    Report {
        number: 7,
        module: Some(ModuleVersion::new(&*plan.to.module, plan.to.version.clone())),
        ended: began() + Duration::from_secs(12),
        word: Some(Decision {
            approved: true,
            by: Some("ada".to_owned()),
            why: "looks well".to_owned(),
            at: began() + Duration::from_secs(1),
        }),
        phases: vec![
            time(Phase::Staged, 0, 3),
            time(Phase::AwaitingApproval, 3, 900),
            time(Phase::Activated, 1_000, 1),
            time(Phase::Trial, 1_001, 10_000),
        ],
        pause: Some(Duration::from_micros(211)),
        generation: Some(2),
        state: Some(StateNote::Migrated { from: 1, to: 2 }),
        trial: Some(figures(1_200, 2)),
        steps: vec![
            StepReport {
                weight: 0.1,
                took: millis(6_000),
                canary: figures(100, 1),
                stable: figures(900, 0),
                end: StepEnd::Promoted,
                why: "looked | at".to_owned(),
            },
            StepReport {
                weight: 0.5,
                took: millis(4_000),
                canary: figures(0, 0),
                stable: figures(100, 0),
                end: StepEnd::Successful,
                why: "100 calls in 4s".to_owned(),
            },
        ],
        outcome: Outcome::Committed,
        phase: Phase::Committed,
        findings: vec!["1200 calls in 10s, 0 panics".to_owned()],
        serving: Some(Serving { version: "0.2.0".parse().unwrap(), generation: 2 }),
        notes: vec![Note {
            at: began() + Duration::from_secs(86_400),
            by: "bob".to_owned(),
            problem: "orders were counted twice".to_owned(),
            solution: Some("0.2.1 counts them once".to_owned()),
        }],
        plan: Some(Arc::new(plan)),
        ..Report::blank("shop", plan::sample::plan().artifact, began())
    }
}

/// Refused before there was a plan.
fn rejected() -> Report {
    Report {
        number: 8,
        module: Some(ModuleVersion::new("corner-shop", "0.3.0".parse().unwrap())),
        ended: began() + Duration::from_millis(5),
        phases: vec![PhaseTime {
            phase: Phase::Staged,
            at: Duration::ZERO,
            took: Duration::from_millis(3),
        }],
        outcome: Outcome::Rejected,
        phase: Phase::Assessed,
        findings: vec!["method sell\n  host: a\n  artifact: \u{1b}[2Jb".to_owned()],
        advice: Some("build it against interface 1.0.0".to_owned()),
        serving: Some(Serving { version: "0.2.0".parse().unwrap(), generation: 2 }),
        ..Report::blank("shop", plan::sample::plan().artifact, began())
    }
}

/// Gone back from.
fn rolled_back() -> Report {
    Report {
        attempt: 2,
        plan: None,
        word: None,
        trial: None,
        steps: Vec::new(),
        outcome: Outcome::RolledBack,
        phase: Phase::Trial,
        findings: vec!["panics  1 in 12 calls".to_owned()],
        advice: Some("mend it".to_owned()),
        back: Some(WayBackTaken {
            state: StateNote::AsBefore { why: vec!["it is irreversible".to_owned()] },
            pause: Some(Duration::from_millis(1)),
        }),
        serving: Some(Serving { version: "0.1.0".parse().unwrap(), generation: 1 }),
        lost: vec!["every change of the state since the upgrade: it is irreversible".to_owned()],
        phases: Vec::new(),
        notes: Vec::new(),
        ..committed()
    }
}

#[test]
fn a_committed_one_prints_as_markdown_with_its_plan() {
    let report = committed();
    let hash = report.artifact;
    let wanted = format!(
        "# shop: corner-shop 0.2.0 ({}…) committed

- report 7, 2025-11-26 01:35:58 UTC, in 12.0s
- artifact {hash}
- purpose: security, urgency high, asked by ada: orders of others can be read
- approved by ada at 2025-11-26 01:35:59 UTC: looks well
- served as generation 2, state migrated from version 1 to 2
- callers waited for 211.0µs
- on trial: 1200 calls, 0 panics, 2 failures; median 3.0µs, 99 of 100 within 12.0µs
- serving then: 0.2.0 (generation 2)
- nothing of the state is lost

## Why

- 1200 calls in 10s, 0 panics

## Phases

| phase | begun after | took |
|---|---|---|
| Staged | 0 | 3.0ms |
| AwaitingApproval | 3.0ms | 900.0ms |
| Activated | 1.0s | 1.0ms |
| Trial | 1.0s | 10.0s |

## Steps

| share | version | calls | panics | failures | median | 99 of 100 within |
|---|---|---|---|---|---|---|
| 10 % | canary | 100 | 0 | 1 | 3.0µs | 12.0µs |
| 10 % | stable | 900 | 0 | 0 | 3.0µs | 12.0µs |
| 50 % | canary | 0 | 0 | 0 | | |
| 50 % | stable | 100 | 0 | 0 | 3.0µs | 12.0µs |

- 10 %, promoted after 6.0s: looked | at
- 50 %, successful after 4.0s: 100 calls in 4s

## Notes

- 2025-11-27 01:35:58 UTC, bob: orders were counted twice; 0.2.1 counts them once

#{}",
        hash.short(),
        plan::sample::plan().to_string().replace("\n#", "\n##")
    );
    assert_eq!(report.to_string(), wanted);
}

#[test]
fn a_rejected_one_says_what_was_found_and_what_to_do() {
    let report = rejected();
    let hash = report.artifact;
    let wanted = format!(
        "# shop: corner-shop 0.3.0 ({}…) refused at Assessed

- report 8, 2025-11-26 01:35:58 UTC, in 5.0ms
- artifact {hash}
- nobody was asked
- serving then: 0.2.0 (generation 2)
- nothing of the state is lost

## Why

- method sell
    host: a
    artifact: \\u{{1b}}[2Jb

Do: build it against interface 1.0.0

## Phases

| phase | begun after | took |
|---|---|---|
| Staged | 0 | 3.0ms |
",
        hash.short()
    );
    assert_eq!(report.to_string(), wanted);
}

#[test]
fn a_rolled_back_one_says_what_is_lost() {
    let report = rolled_back();
    let hash = report.artifact;
    let wanted = format!(
        "# shop: corner-shop 0.2.0 ({}…) rolled back at Trial

- report 7, 2025-11-26 01:35:58 UTC, in 12.0s, try 2
- artifact {hash}
- nobody was asked
- served as generation 2, state migrated from version 1 to 2
- callers waited for 211.0µs
- the version before came back: every change of the state since the upgrade is lost (it is \
irreversible); callers waited for 1.0ms
- serving then: 0.1.0 (generation 1)
- **lost**: every change of the state since the upgrade: it is irreversible

## Why

- panics  1 in 12 calls

Do: mend it

## Phases

| phase | begun after | took |
|---|---|---|
",
        hash.short()
    );
    assert_eq!(report.to_string(), wanted);
}

#[test]
fn each_is_written_as_json_and_read_again() {
    for report in [committed(), rejected(), rolled_back()] {
        let text = serde_json::to_string(&report).unwrap();
        let read: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{read:?}"), format!("{report:?}"));
    }
    let json = serde_json::to_value(committed()).unwrap();
    assert_eq!(json["pause_ms"], 0.211);
    assert_eq!(json["began"], 1_764_120_958_000_u64);
    assert_eq!(json["phases"][1]["phase"], "awaiting_approval");
    assert_eq!(json["word"]["by"], "ada");
    let step = &json["steps"][0];
    assert_eq!((&step["took_ms"], &step["end"]), (&6000.into(), &"promoted".into()));
    assert_eq!((&step["weight"], &step["stable"]["calls"]), (&0.1.into(), &900.into()));
    assert_eq!((&json["outcome"], &json["trial"]["calls"]), (&"committed".into(), &1200.into()));
}
