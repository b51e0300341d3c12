//! A plan as a whole, for tests: its Markdown and its JSON are read by people and scripts, and pinned.

use std::{sync::Arc, time::Duration};

use hotswap_types::{ArtifactHash, Phase, StateNote};

use super::{
    Change, Intent, Level, Plan, Purpose, Release, Risk, StateStep, Step, StepBack, Urgency,
};
use crate::event::{Downgrade, RehearsalReport, RehearsalStep, RehearsedStep, WayBack};

/// A plan with something of everything.
pub(crate) fn plan() -> Plan {
    let release = |version: &str, content: &[u8]| {
        Release::new("corner-shop", version.parse().unwrap(), Some(ArtifactHash::of(content)))
    };
    let (from, to) = (release("0.1.0", b"old"), release("0.2.0", b"new"));
    let millis = |millis| Some(Duration::from_millis(millis));
    let step = |phase, deadline, likely| Step { phase, deadline, likely };
    Plan {
        slot: "shop".to_owned(),
        artifact: to.artifact.unwrap(),
        intent: Intent::new(Purpose::Security)
            .with_urgency(Urgency::High)
            .with_asked_by("ada")
            .with_why("orders of others can be read"),
        path: "/srv/shop/libcorner_shop.so".into(),
        size: 517_344,
        signed: None,
        changes: vec![
            Change::Version { from: from.version.clone(), to: to.version.clone() },
            Change::State {
                name: "Stock".to_owned(),
                from: 1,
                to: 2,
                steps: vec![StateStep { from: 1, to: 2, back: StepBack::Works }],
            },
            Change::StateField { at: "Stock.items".to_owned(), from: None, to: Some("u32".into()) },
        ],
        from: Some(from),
        to,
        state: StateNote::Migrated { from: 1, to: 2 },
        rehearsal: Some(Arc::new(RehearsalReport {
            steps: vec![RehearsedStep {
                step: RehearsalStep::SelfTest,
                took: Duration::from_micros(1_500),
            }],
            took: Duration::from_millis(40),
            peak_memory: 3 << 20,
            state: Some(120),
            downgrades: vec![Downgrade { from: 2, to: 1, works: true }],
            way_back: WayBack::Works,
            replay: None,
        })),
        timing: "at once".to_owned(),
        strategy: "smooth: all calls at once".to_owned(),
        phases: vec![
            step(Phase::Loaded, millis(30_000), millis(12)),
            step(Phase::Activated, millis(1_000), Some(Duration::from_micros(211))),
            step(Phase::Committed, None, None),
        ],
        risks: vec![Risk {
            level: Level::Medium,
            reason: "the state is migrated from version 1 to 2".to_owned(),
            remedy: "a failed migration changes nothing".to_owned(),
        }],
    }
}

#[test]
fn a_plan_prints_as_markdown() {
    let plan = plan();
    let (old, new) = (ArtifactHash::of(b"old").short(), ArtifactHash::of(b"new").short());
    let wanted = format!(
        "# shop: corner-shop 0.1.0 ({old}…) → corner-shop 0.2.0 ({new}…)

517344 bytes at /srv/shop/libcorner_shop.so, not signed

Purpose: security, urgency high, asked by ada: orders of others can be read

## Changes

- version 0.1.0 → 0.2.0
- state Stock version 1 → 2: step 1 → 2 can go back
- `Stock.items`: nothing → u32
- state migrated from version 1 to 2

## Rehearsal

rehearsed in 40.0ms on a copy of the state (120 bytes): self_test 1.5ms; at most 3 MiB; the way \
back works

## Risks: medium

- medium: the state is migrated from version 1 to 2; a failed migration changes nothing

## Phases

It begins at once; smooth: all calls at once.

| phase | at most | likely |
|---|---|---|
| Loaded | 30.0s | 12.0ms |
| Activated | 1.0s | 211.0µs |
| Committed |  |  |
"
    );
    assert_eq!(plan.to_string(), wanted);
    let unstated = Plan { intent: Intent::default(), ..plan };
    assert!(!unstated.to_string().contains("Purpose"), "{unstated}");
}

#[test]
fn a_plan_is_written_as_json_and_read_again() {
    let plan = plan();
    let text = serde_json::to_string_pretty(&plan).unwrap();
    let (old, new) = (ArtifactHash::of(b"old"), ArtifactHash::of(b"new"));
    let wanted = WANTED.replace("OLD", &old.to_string()).replace("NEW", &new.to_string());
    assert_eq!(text, wanted.trim());
    let read: Plan = serde_json::from_str(&text).unwrap();
    assert_eq!(format!("{read:?}"), format!("{plan:?}"));
}

const WANTED: &str = r#"
{
  "slot": "shop",
  "artifact": "NEW",
  "intent": {
    "purpose": "security",
    "urgency": "high",
    "priority": 0,
    "asked_by": "ada",
    "why": "orders of others can be read"
  },
  "path": "/srv/shop/libcorner_shop.so",
  "size": 517344,
  "signed": null,
  "from": {
    "module": "corner-shop",
    "version": "0.1.0",
    "artifact": "OLD"
  },
  "to": {
    "module": "corner-shop",
    "version": "0.2.0",
    "artifact": "NEW"
  },
  "changes": [
    {
      "kind": "version",
      "from": "0.1.0",
      "to": "0.2.0"
    },
    {
      "kind": "state",
      "name": "Stock",
      "from": 1,
      "to": 2,
      "steps": [
        {
          "from": 1,
          "to": 2,
          "back": "works"
        }
      ]
    },
    {
      "kind": "state_field",
      "at": "Stock.items",
      "from": null,
      "to": "u32"
    }
  ],
  "state": {
    "kind": "migrated",
    "from": 1,
    "to": 2
  },
  "rehearsal": {
    "steps": [
      {
        "step": "self_test",
        "took_ms": 1.5
      }
    ],
    "took_ms": 40,
    "peak_memory": 3145728,
    "state": 120,
    "downgrades": [
      {
        "from": 2,
        "to": 1,
        "works": true
      }
    ],
    "way_back": {
      "kind": "works"
    }
  },
  "timing": "at once",
  "strategy": "smooth: all calls at once",
  "phases": [
    {
      "phase": "loaded",
      "deadline_ms": 30000,
      "likely_ms": 12
    },
    {
      "phase": "activated",
      "deadline_ms": 1000,
      "likely_ms": 0.211
    },
    {
      "phase": "committed",
      "deadline_ms": null,
      "likely_ms": null
    }
  ],
  "risks": [
    {
      "level": "medium",
      "reason": "the state is migrated from version 1 to 2",
      "remedy": "a failed migration changes nothing"
    }
  ]
}
"#;
