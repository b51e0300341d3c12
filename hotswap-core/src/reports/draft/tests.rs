use std::time::Duration;

use hotswap_types::{Release, StateNote};

use super::*;
use crate::{event::Exit, plan};

/// A slot whose upgrades are told of, a second after the other.
struct Slot {
    drafts: Drafts,
    begun: Moment,
    seconds: u64,
}

fn artifact() -> ArtifactHash {
    plan::sample::plan().artifact
}

fn live() -> EventKind {
    EventKind::Live(Live {
        generation: 2,
        release: Release::new("shop", "0.2.0".parse().unwrap(), Some(artifact())),
        took: Duration::ZERO,
        pause: Some(Duration::from_millis(1)),
        state: StateNote::Kept,
        restored: None,
    })
}

fn refused(exit: Exit) -> EventKind {
    EventKind::Refused(Arc::new(Refusal {
        slot: "shop".to_owned(),
        module: None,
        artifact: Some(artifact()),
        path: "/srv/lib.so".to_owned(),
        phase: Phase::Quiescing,
        exit,
        serving: None,
        state: "state untouched".to_owned(),
        findings: vec!["it is so".to_owned()],
        advice: "wait".to_owned(),
        again: false,
        tried_again: false,
    }))
}

impl Slot {
    fn new() -> Self {
        Self { drafts: Drafts::default(), begun: Moment::now(), seconds: 0 }
    }

    fn now(&self) -> Moment {
        let after = Duration::from_secs(self.seconds);
        Moment { time: self.begun.time + after, instant: self.begun.instant + after }
    }

    fn begin(&mut self) {
        self.drafts.begin("shop", artifact(), false, self.now());
    }

    fn hear(&mut self, kind: &EventKind) -> Option<Report> {
        self.seconds += 1;
        self.drafts.hear(kind, self.now())
    }

    fn reach(&mut self, phases: &[Phase]) {
        for phase in phases {
            let kind = EventKind::Phase { artifact: artifact(), phase: *phase };
            assert!(self.hear(&kind).is_none());
        }
    }
}

fn took(report: &Report) -> Vec<(Phase, u64, u64)> {
    report.phases.iter().map(|it| (it.phase, it.at.as_secs(), it.took.as_secs())).collect()
}

#[test]
fn phases_have_the_time_of_their_work_and_those_that_last_the_time_until_the_next() {
    let mut slot = Slot::new();
    slot.begin();
    slot.reach(&[Phase::Staged, Phase::AwaitingApproval]);
    slot.seconds += 9;
    let (by, why) = (Some("ada".to_owned()), "approved by ada".to_owned());
    let said = EventKind::Decided { artifact: artifact(), approved: true, by, why };
    assert!(slot.hear(&said).is_none());
    slot.reach(&[Phase::Loaded, Phase::Activated, Phase::Trial]);
    assert!(slot.hear(&live()).is_none());
    slot.seconds += 5;
    slot.reach(&[Phase::Committed]);
    let committed = EventKind::Committed {
        generation: 2,
        release: Release::new("shop", "0.2.0".parse().unwrap(), Some(artifact())),
        why: "it is well".to_owned(),
    };
    let report = slot.hear(&committed).unwrap();
    let wanted = [
        (Phase::Staged, 0, 1),
        (Phase::AwaitingApproval, 2, 10),
        (Phase::Loaded, 12, 1),
        (Phase::Activated, 13, 1),
        (Phase::Trial, 15, 7),
    ];
    assert_eq!(took(&report), wanted);
    assert_eq!((report.outcome, report.phase), (Outcome::Committed, Phase::Committed));
    assert_eq!((report.took().as_secs(), report.generation), (23, Some(2)));
    assert_eq!(report.word.unwrap().by.as_deref(), Some("ada"));
    assert_eq!(report.findings, ["it is well"]);
    // There is one report.
    assert!(slot.hear(&committed).is_none() && slot.hear(&live()).is_none());
}

#[test]
fn what_is_cancelled_is_tried_again_and_each_try_says_so() {
    let mut slot = Slot::new();
    slot.begin();
    slot.reach(&[Phase::Staged]);
    let plan = Arc::new(plan::sample::plan());
    assert!(slot.hear(&EventKind::Planned(plan)).is_none());
    let first = slot.hear(&refused(Exit::Cancelled)).unwrap();
    assert_eq!((first.attempt, first.phases.len()), (1, 1));
    // From where it was cancelled.
    slot.drafts.goes_on(artifact(), slot.now());
    let second = slot.hear(&refused(Exit::Cancelled)).unwrap();
    assert_eq!((second.attempt, second.phases.len(), second.took().as_secs()), (2, 0, 1));
    assert!(second.plan.is_some() && second.began > first.began);
    // From the beginning.
    slot.begin();
    slot.reach(&[Phase::Staged, Phase::Activated, Phase::Committed]);
    let third = slot.hear(&live()).unwrap();
    assert_eq!((third.attempt, third.outcome), (3, Outcome::Committed));
    assert!(third.plan.is_none());
    // What is told of a rejected one that comes back is no upgrade.
    assert!(slot.hear(&refused(Exit::Rejected)).is_none());
}

#[test]
fn a_pause_is_told_when_it_is_over_and_has_its_own_times() {
    let mut slot = Slot::new();
    slot.begin();
    slot.reach(&[Phase::Loaded, Phase::Quiescing, Phase::Activated, Phase::Committed]);
    let from = |n| slot.begun.instant + Duration::from_secs(n);
    let span = |phase, n| PhaseSpan { phase, from: from(n), to: from(n + 1) };
    let spans = [span(Phase::Quiescing, 1), span(Phase::Migrating, 2), span(Phase::Activated, 3)];
    slot.drafts.paused(artifact(), &spans, slot.now());
    let so_far = slot.drafts.so_far(artifact()).unwrap();
    assert_eq!(
        (so_far.pause, so_far.outcome),
        (Some(Duration::from_secs(3)), Outcome::Interrupted)
    );
    let report = slot.hear(&live()).unwrap();
    let wanted = [
        (Phase::Loaded, 0, 1),
        (Phase::Quiescing, 1, 1),
        (Phase::Migrating, 2, 1),
        (Phase::Activated, 3, 1),
    ];
    assert_eq!(took(&report), wanted);
}

#[test]
fn a_run_that_goes_on_is_no_upgrade_and_what_is_called_off_is_one() {
    let mut slot = Slot::new();
    slot.drafts.begin("shop", artifact(), true, slot.now());
    slot.reach(&[Phase::Staged, Phase::Activated, Phase::Committed]);
    assert!(slot.drafts.so_far(artifact()).is_none());
    assert!(slot.hear(&live()).is_none());
    // It does not go on: that is worth a report.
    slot.drafts.begin("shop", artifact(), true, slot.now());
    assert!(slot.hear(&refused(Exit::Rejected)).is_some());

    slot.begin();
    let off = |slot: &mut Slot| slot.drafts.called_off(artifact(), "newer", None, slot.now());
    assert!(off(&mut slot).is_none());
    slot.reach(&[Phase::Staged]);
    assert_eq!(slot.drafts.under_way(), [(artifact(), false)]);
    let report = off(&mut slot).unwrap();
    assert_eq!((report.outcome, report.why().as_str()), (Outcome::Cancelled, "newer"));
    assert!(off(&mut slot).is_none() && slot.drafts.under_way().is_empty());
}

#[test]
fn no_more_are_remembered_than_may_be() {
    let mut slot = Slot::new();
    for n in 0..2 * MOST {
        let artifact = ArtifactHash::of(&n.to_le_bytes());
        slot.drafts.begin("shop", artifact, false, slot.now());
    }
    assert_eq!(slot.drafts.0.len(), MOST);
}
