use std::collections::BTreeSet;

use proptest::{prelude::*, strategy::Strategy};

use super::*;

fn build(n: u8) -> Build {
    Build::new("arcade", format!("1.{n}.0").parse().unwrap(), ArtifactHash::of(&[n]))
}

fn replay(lines: &[What]) -> Replay {
    let mut replay = Replay::default();
    for (n, what) in lines.iter().enumerate() {
        let slot = if matches!(what, What::Opened | What::Ended) { "" } else { "main" };
        let at = n as u64;
        replay.apply(&Line::new(at, at, slot, what.clone()));
    }
    replay
}

fn recovery(lines: &[What]) -> Recovery {
    replay(lines).slot("main").map(|it| it.recovery(2)).unwrap_or_default()
}

fn backup(number: u64, by: u8, reason: BackupReason) -> What {
    What::BackedUp(BackupRecord {
        number,
        release: build(by).into(),
        taken: number,
        size: 1,
        content: ArtifactHash::of(b"state"),
        reason,
        dropped: Vec::new(),
    })
}

fn staged(n: u8) -> What {
    What::Staged { artifact: build(n).artifact, path: "libarcade.so".to_owned() }
}

fn activating(n: u8, attempt: u32) -> What {
    What::Activating { build: build(n), attempt, strategy: None }
}

fn activated(n: u8) -> What {
    What::Activated { artifact: build(n).artifact, generation: n.into() }
}

fn committed(n: u8) -> What {
    What::Committed { build: build(n), generation: n.into(), why: String::new() }
}

fn rejected(n: u8, quarantined: bool) -> What {
    let (artifact, build) = (build(n).artifact, Some(build(n)));
    let (phase, why) = (Phase::Activated, "start".to_owned());
    What::Rejected { artifact, build, phase, why, quarantined }
}

fn cancelled(n: u8) -> What {
    cancelled_at(n, Phase::Quiescing)
}

fn cancelled_at(n: u8, phase: Phase) -> What {
    let (artifact, build) = (build(n).artifact, Some(build(n)));
    What::Cancelled { artifact, build, phase, why: "busy".to_owned() }
}

/// An upgrade to `n`, as far as its trial.
fn tried(n: u8, attempt: u32) -> Vec<What> {
    vec![staged(n), What::Inspected(build(n)), activating(n, attempt), activated(n)]
}

#[test]
fn each_place_at_which_a_run_may_end_has_its_recovery() {
    let stable = [What::Opened, staged(1), activating(1, 1), activated(1), committed(1)];
    let with = |more: &[What]| recovery(&[&stable, more].concat());
    let first = Some(build(1));
    let goes_on = Recovery { first: first.clone(), is_older: true, ..Recovery::default() };

    assert_eq!(recovery(&[]), Recovery::default());
    assert_eq!(recovery(&stable[..2]), Recovery::default());
    assert_eq!(recovery(&stable[..3]).first, None);
    assert_eq!(with(&[]), goes_on);
    // Nothing was activated.
    assert_eq!(with(&[staged(2), What::Opened]), goes_on);
    // Activated once, and then twice, without having been committed.
    let trial = [backup(1, 1, BackupReason::Upgrade)].into_iter().chain(tried(2, 1));
    let trial: Vec<_> = trial.chain([What::Opened]).collect();
    let once = with(&trial);
    assert_eq!((once.first, once.exhausted), (first.clone(), vec![]));
    assert_eq!(once.uncommitted, Some(build(2)));
    let twice = with(&[trial, tried(2, 2), vec![What::Opened]].concat());
    assert_eq!(twice.first, first);
    assert_eq!(twice.exhausted, [Try { build: build(2), count: 2 }]);
    // Committed.
    let newer = with(&[tried(2, 1), vec![committed(2), What::Opened]].concat());
    assert_eq!((newer.first, newer.exhausted, newer.uncommitted), (Some(build(2)), vec![], None));
    // Rolled back: nothing is left of it but its rejection.
    let back = What::RolledBack { build: build(2), why: "panics".to_owned() };
    let lines = [&stable[..], &tried(2, 1), &[back]].concat();
    assert_eq!(recovery(&lines), goes_on);
    assert_eq!(replay(&lines).slots["main"].rejected[0].artifact, build(2).artifact);
    // Cancelled: it was not to blame.
    let busy = [activating(2, 1), cancelled(2), activating(2, 1), cancelled(2)];
    assert_eq!(with(&busy), goes_on);
    // Cancelled before it was about to take over: the try before has ended the process all the same.
    for (phase, tries) in [(Phase::Rehearsed, 1), (Phase::BackedUp, 1), (Phase::Quiescing, 0)] {
        let lines = [tried(2, 1), vec![What::Opened, staged(2), cancelled_at(2, phase)]].concat();
        assert_eq!(replay(&lines).slots["main"].tries_of(build(2).artifact), tries, "{phase}");
    }
    // The end.
    let end = with(&[backup(1, 1, BackupReason::End), What::Ended, What::Opened]);
    assert!(!end.is_older);
    let on = [backup(1, 1, BackupReason::End), What::Recovered { build: first, backup: Some(1) }];
    assert!(with(&on).is_older);
}

#[test]
fn what_was_rejected_stays_so_until_it_is_cleared_or_committed() {
    let is_rejected = |lines: &[What]| !replay(lines).slots["main"].rejected.is_empty();
    assert!(is_rejected(&[rejected(1, true), What::Opened]));
    assert!(!is_rejected(&[rejected(1, false)]));
    assert!(!is_rejected(&[rejected(1, true), What::Cleared { artifact: build(1).artifact }]));
    assert!(!is_rejected(&[rejected(1, true), committed(1)]));
}

#[test]
fn the_history_has_each_upgrade_once() {
    let lines = [
        tried(1, 1),
        vec![committed(1), staged(2), rejected(2, true), staged(3), cancelled(3), cancelled(3)],
        tried(4, 1),
        vec![What::Opened],
    ];
    let history = &replay(&lines.concat()).slots["main"].history;
    let outcomes: Vec<_> = history.iter().map(|it| (it.artifact, it.outcome)).collect();
    let of = |n: u8| build(n).artifact;
    assert_eq!(
        outcomes,
        [
            (of(1), Outcome::Committed),
            (of(2), Outcome::Rejected),
            (of(3), Outcome::Cancelled),
            (of(4), Outcome::Interrupted),
        ]
    );
    assert_eq!((history[0].began, history[0].at), (0, 4));
}

#[test]
fn a_strategy_that_somebody_wants_is_known_until_the_upgrade_is_over() {
    let asked = |n| {
        let strategy = Some(hotswap_types::Strategy::gradual([0.1]));
        What::Activating { build: build(n), attempt: 1, strategy }
    };
    let of = |lines: &[What]| {
        let replay = replay(lines);
        let known = replay.slots["main"].strategies.iter();
        known.map(|it| it.artifact).collect::<Vec<_>>()
    };
    let two = build(2).artifact;
    for on in [vec![], vec![cancelled(2)], vec![activated(2), What::Ended, What::Opened]] {
        assert_eq!(of(&[&[asked(2)], &on[..]].concat()), [two], "{on:?}");
    }
    let why = String::new;
    for over in [
        committed(2),
        rejected(2, true),
        rejected(2, false),
        What::RolledBack { build: build(2), why: why() },
        What::Degraded { build: build(2), why: why() },
        What::Cleared { artifact: two },
        // It is wanted by the slot's own strategy now.
        activating(2, 1),
    ] {
        assert_eq!(of(&[asked(2), over.clone()]), [], "{over:?}");
        assert_eq!(of(&[asked(3), asked(2), over]), [build(3).artifact]);
    }
    let many: Vec<_> = (0..=u8::MAX).map(asked).collect();
    assert_eq!(of(&many).len(), 64);
}

#[test]
fn the_committed_artifact_keeps_a_backup_of_its_own() {
    let mut lines = vec![committed(1)];
    lines.extend((1..=2).map(|n| backup(n, 1, BackupReason::Upgrade)));
    lines.extend((3..=6).map(|n| backup(n, 2, BackupReason::Interval)));
    let replay = replay(&lines);
    let slot = &replay.slots["main"];
    assert_eq!(slot.superfluous(7), [0; 0]);
    assert_eq!(slot.superfluous(5), [1, 3]);
    assert_eq!(slot.superfluous(0), [1, 3, 4, 5, 6]);
}

fn any_line() -> impl Strategy<Value = What> {
    let n = 1..5_u8;
    prop_oneof![
        Just(What::Opened),
        n.clone().prop_map(staged),
        (n.clone(), 1..4_u32).prop_map(|(n, attempt)| activating(n, attempt)),
        n.clone().prop_map(activated),
        n.clone().prop_map(committed),
        (n.clone(), any::<bool>()).prop_map(|(n, quarantined)| rejected(n, quarantined)),
        n.clone().prop_map(cancelled),
        n.clone().prop_map(|n| What::Cleared { artifact: build(n).artifact }),
        n.clone().prop_map(|n| What::RolledBack { build: build(n), why: "panics".to_owned() }),
        (1..20_u64, n).prop_map(|(number, n)| backup(number, n, BackupReason::Interval)),
        Just(What::Recovered { build: None, backup: None }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever stands there, and wherever it ends: the last commit serves, what was committed is
    /// never exhausted, and what a rotation carries over comes to the same.
    #[test]
    fn every_prefix_of_every_history_has_a_recovery(
        lines in prop::collection::vec(any_line(), 0..40)
    ) {
        for end in 0..=lines.len() {
            let lines = &lines[..end];
            let found = recovery(lines);
            let last = lines.iter().rev().find_map(|what| match what {
                What::Committed { build, .. } => Some(build.clone()),
                _ => None,
            });
            prop_assert_eq!(&found.first, &last);
            for tried in &found.exhausted {
                prop_assert!(tried.count >= 2);
            }
            let whole = replay(lines);
            let mut carried = Replay::default();
            for (slot, record) in &whole.slots {
                let line = Line::new(1, 1, slot, What::Carried(Box::new(record.clone())));
                let text = line.encode();
                carried.apply(&Line::decode(text.trim_end().as_bytes()).unwrap());
            }
            prop_assert_eq!(&carried, &whole);
            let slot = whole.slots.get("main").cloned().unwrap_or_default();
            let hashes: BTreeSet<_> = slot.committed.iter().map(|it| it.artifact).collect();
            prop_assert_eq!(hashes.len(), slot.committed.len());
        }
    }
}
