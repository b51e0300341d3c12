//! What is decided about candidates, without threads and files: the steps' results are words.

use std::{
    sync::mpsc::{Receiver, sync_channel},
    time::{Duration, SystemTime},
};

use hotswap_abi::__private::compat::Requirement;
use hotswap_types::ModuleVersion;

use super::*;
use crate::{
    Config, SlotConfig, Timing,
    event::Until,
    journal::Build,
    plan,
    sample::{self, Till},
    slot::InterfaceType,
    supervisor::{
        ready::{Clock, Now, Schedule},
        state::Awaiting,
    },
};

enum Words {}

impl Work for Words {
    type Rehearsal = &'static str;
    type Admitted = &'static str;
    type Prepared = &'static str;
}

fn slot(timing: Timing) -> Candidates<Words> {
    let interface = InterfaceType::of::<dyn Till>();
    let requirement = Requirement::new(sample::manifest().schema());
    let config = SlotConfig::artifact("/srv/a.so").with_timing(timing);
    let settings = Config::dev().settings("shop", config);
    let core = SlotCore::alone("shop", requirement, interface, settings);
    Candidates::new(core, Backoff::new(Duration::from_secs(1), Duration::from_secs(4), 2))
}

fn hash(text: &str) -> ArtifactHash {
    ArtifactHash::of(text.as_bytes())
}

/// What lies at a path now: the artifact has the path's hash, unless told otherwise.
fn candidate(of: &Candidates<Words>, path: &str, trigger: Trigger) -> Candidate {
    let mut candidate =
        Candidate::new(&of.core, hash(path), Path::new(path), Instant::now(), trigger);
    candidate.module = Some(ModuleVersion::new("shop", "1.2.0".parse().unwrap()));
    candidate
}

fn ready(of: &Candidates<Words>, path: &str, schedule: Schedule) -> Ready<Words> {
    Ready { prepared: "prepared", candidate: candidate(of, path, Trigger::Watched), schedule }
}

fn rehearse(of: &mut Candidates<Words>, path: &str, trigger: Trigger) {
    let candidate = candidate(of, path, trigger);
    of.progress = Progress::Rehearsing(Rehearsing { number: 1, rehearsal: "child", candidate });
}

fn revert(of: &mut Candidates<Words>, path: &str) -> Receiver<Result<(), String>> {
    let (reply, answer) = sync_channel(1);
    let version = "1.1.0".parse().unwrap();
    let to = Build::new("shop", version, hash(path));
    of.reverting = Some(Reverting { to: to.artifact, why: "it lost a cent".into(), from: None });
    of.going_back = Some(GoingBack { to, path: path.into(), rejected: None, reply });
    answer
}

/// The effects, a word each.
fn words(effects: impl IntoIterator<Item = Effect<Words>>) -> Vec<String> {
    let word = |effect| match effect {
        Effect::Emit(event) => match event {
            SlotEvent::CalledOff { why, .. } => format!("called off: {why}"),
            SlotEvent::Superseded { .. } => "superseded".to_owned(),
            SlotEvent::ApprovalOver => "approval over".to_owned(),
            SlotEvent::Decided { approved, .. } => format!("decided {approved}"),
            SlotEvent::NotPending => "not pending".to_owned(),
            SlotEvent::Pending { .. } => "pending".to_owned(),
            SlotEvent::Deferred { .. } => "deferred".to_owned(),
            SlotEvent::Withdrawn { artifact, .. } => format!("withdrawn {}", artifact.is_some()),
            _ => "another event".to_owned(),
        },
        Effect::Announce { at, .. } => format!("announce {}", at.is_some()),
        Effect::StopRehearsal(child) => format!("stop {child}"),
        Effect::Discard(prepared) => format!("discard {prepared}"),
        Effect::Over(_) => "over".to_owned(),
        Effect::Answer(reply, answer) => {
            let word = if answer.is_ok() { "answer yes" } else { "answer no" };
            reply.send(answer).expect("somebody waits");
            word.to_owned()
        }
        Effect::WithdrawFloor(..) => "floor".to_owned(),
        Effect::Apply(_) => "apply".to_owned(),
        Effect::Try(path, trigger) => format!("try {} {trigger:?}", path.display()),
    };
    effects.into_iter().map(word).collect()
}

fn is_due(timers: &mut Pending<PathBuf>, path: &str) -> bool {
    timers.due(Instant::now()).contains(&PathBuf::from(path))
}

#[test]
fn a_rehearsal_that_is_not_wanted_any_more_is_stopped_before_it_is_told() {
    let mut slot = slot(Timing::at_once());
    rehearse(&mut slot, "/a", Trigger::Watched);
    let expected = ["stop child", "superseded", "called off: a newer artifact has come", "over"];
    assert_eq!(words(slot.superseded(NEWER)), expected);
    assert!(matches!(slot.progress, Progress::Idle));
    assert!(slot.superseded(NEWER).is_empty());
}

#[test]
fn an_approval_that_is_not_wanted_any_more_is_a_no_of_nobody() {
    let mut slot = slot(Timing::at_once());
    let plan = Arc::new(plan::sample::plan());
    let candidate = candidate(&slot, "/a", Trigger::Watched);
    let expires = Instant::now();
    slot.progress =
        Progress::AwaitingApproval(Awaiting { admitted: "fits", plan, expires, candidate });
    let expected = ["approval over", "decided false", "called off: its file was removed"];
    assert_eq!(words(slot.withdraw(Path::new("/a"))), expected);
}

#[test]
fn a_removed_file_takes_its_candidates_with_it_and_no_others() {
    let mut slot = slot(Timing::on_request());
    let waits = ready(&slot, "/a", Schedule::Request);
    assert!(slot.set_ready(Some(waits)).is_empty());
    rehearse(&mut slot, "/b", Trigger::Watched);
    assert!(slot.withdraw(Path::new("/c")).is_empty());
    let expected = [
        "not pending",
        "called off: its file was removed",
        "discard prepared",
        "over",
        "withdrawn true",
    ];
    assert_eq!(words(slot.withdraw(Path::new("/a"))), expected);
    assert!(matches!(slot.progress, Progress::Rehearsing(_)));
    // Nothing of it was prepared: it was to be tried again from the start.
    slot.retry = Some("/d".into());
    assert_eq!(words(slot.withdraw(Path::new("/d"))), ["withdrawn false"]);
}

#[test]
fn a_cancelled_upgrade_goes_on_with_what_was_prepared_or_from_the_start() {
    let mut slot = slot(Timing::at_once());
    slot.retry = Some("/a".into());
    assert!(slot.try_again("/other".into(), false, false).is_empty(), "something newer has come");
    assert_eq!(words(slot.try_again("/a".into(), false, false)), ["try /a Retry"]);
    slot.ready = Some(ready(&slot, "/a", Schedule::NextTry));
    let effects = slot.try_again("/a".into(), false, false);
    let [Effect::Apply(applied)] = &effects[..] else { panic!("{:?}", words(effects)) };
    assert_eq!(applied.candidate.trigger, Trigger::Retry, "its backup may be old");
    assert!(slot.ready.is_none());
    assert_eq!(words(slot.try_again("/a".into(), false, true)), ["withdrawn false"]);
}

#[test]
fn a_cancelled_upgrade_waits_for_the_end_of_a_pause() {
    let mut slot = slot(Timing::at_once());
    slot.retry = Some("/a".into());
    slot.seen.insert("/a".into(), hash("/a"));
    assert!(slot.try_again("/a".into(), true, false).is_empty());
    assert!(slot.core.deferred.contains(Path::new("/a")) && slot.seen.is_empty());
    slot.look_at_deferred();
    assert!(is_due(&mut slot.paths, "/a"));
}

#[test]
fn an_older_one_has_its_next_try_when_a_newer_one_has_failed() {
    let mut slot = slot(Timing::at_once());
    slot.retry = Some("/old".into());
    slot.ready = Some(ready(&slot, "/old", Schedule::NextTry));
    rehearse(&mut slot, "/new", Trigger::Watched);
    assert!(slot.try_again("/old".into(), false, false).is_empty());
    slot.progress = Progress::Idle;
    slot.try_older(Path::new("/new"));
    assert!(is_due(&mut slot.cancelled, "/old"));
    assert_eq!(words(slot.try_again("/old".into(), false, false)), ["apply"]);
}

#[test]
fn what_is_not_to_blame_is_tried_again_and_not_for_ever() {
    let mut slot = slot(Timing::at_once());
    let cancelled = || Fault::cancelled(Phase::Quiescing, "callers inside", "wait");
    for _ in 0..2 {
        assert!(slot.again_later(Path::new("/a"), cancelled()).is_tried_again());
        assert_eq!(slot.retry.as_deref(), Some(Path::new("/a")));
        slot.cancelled.due(Instant::now() + Duration::from_secs(9));
    }
    assert!(!slot.again_later(Path::new("/a"), cancelled()).is_tried_again());
    slot.ready = Some(ready(&slot, "/a", Schedule::NextTry));
    assert!(slot.is_given_up(&"/a".into(), hash("/a")));
    let rejected = || Fault::rejected(Phase::Prepared, "it panicked", "mend it");
    assert!(!slot.again_later(Path::new("/a"), rejected()).is_tried_again());
    assert_eq!(slot.retry, None);
    assert!(slot.again_later(Path::new("/b"), cancelled()).is_tried_again());
    assert!(slot.cancelled.is_scheduled(&"/b".into()));
    slot.again_later(Path::new("/b"), rejected());
    assert!(!slot.cancelled.is_scheduled(&"/b".into()));
}

#[test]
fn what_serves_and_lies_there_again_takes_back_what_waits() {
    let mut slot = slot(Timing::at_once());
    let found = |slot: &mut Candidates<Words>, path: &str, trigger| {
        let (known, effects) = slot.look_up(Path::new(path), hash(path), trigger);
        assert!(effects.is_empty());
        matches!(known, Known::Handled)
    };
    assert!(!found(&mut slot, "/a", Trigger::Watched));
    assert!(found(&mut slot, "/a", Trigger::Watched), "it was looked at");
    assert!(!found(&mut slot, "/a", Trigger::Operator), "somebody asks for it");
    rehearse(&mut slot, "/a", Trigger::Watched);
    assert!(found(&mut slot, "/a", Trigger::Operator), "it is on its way");
    assert!(!found(&mut slot, "/a", Trigger::Revert), "it is gone back to");
    let expected = ["stop child", "superseded", "called off: it was taken back", "over"];
    assert_eq!(words(slot.taken_back(Path::new("/a"), Trigger::Watched)), expected);
}

#[test]
fn a_revert_is_answered_when_it_is_over_and_not_while_it_is_rehearsed() {
    let mut slot = slot(Timing::at_once());
    let answer = revert(&mut slot, "/kept");
    rehearse(&mut slot, "/kept", Trigger::Revert);
    assert!(slot.answer_revert(None).is_empty());
    assert!(answer.try_recv().is_err());
    let expected = ["stop child", "superseded", "called off: bye", "floor", "answer no", "over"];
    assert_eq!(words(slot.call_off("bye")), expected);
    assert_eq!(answer.recv().unwrap(), Err("bye".to_owned()));
    assert!(slot.reverting.is_none() && slot.going_back.is_none());
}

#[test]
fn a_revert_that_does_not_take_over_leaves_nothing_behind() {
    let mut slot = slot(Timing::at_once());
    let answer = revert(&mut slot, "/kept");
    assert_eq!(slot.intent_of(hash("/kept")).purpose, Purpose::Revert);
    let candidate = candidate(&slot, "/kept", Trigger::Revert);
    slot.ready = Some(Ready { prepared: "prepared", candidate, schedule: Schedule::NextTry });
    slot.retry = Some("/kept".into());
    slot.core.deferred.insert("/new".into());
    let expected =
        ["floor", "called off: it was taken back", "discard prepared", "over", "answer no"];
    assert_eq!(words(slot.answer_revert(None)), expected);
    assert!(answer.recv().unwrap().is_err());
    assert!(slot.ready.is_none() && slot.retry.is_none());
    assert!(is_due(&mut slot.paths, "/new"), "what was held meanwhile comes now");
    assert_ne!(slot.intent_of(hash("/kept")).purpose, Purpose::Revert);
}

#[test]
fn a_newer_candidate_replaces_the_one_that_waits() {
    let mut slot = slot(Timing::on_request());
    slot.ready = Some(ready(&slot, "/a", Schedule::Request));
    let newer = ready(&slot, "/b", Schedule::Request);
    let expected = ["called off: a newer artifact has come", "discard prepared", "over"];
    assert_eq!(words(slot.set_ready(Some(newer))), expected);
    assert_eq!(words(slot.pending(Until::Request)), ["pending"]);
    // What waits for its next try is another matter: a new content of its own file replaces it.
    slot.ready = Some(ready(&slot, "/a", Schedule::NextTry));
    let mut newer = candidate(&slot, "/a", Trigger::Watched);
    assert!(slot.replaced(&newer).is_empty());
    newer.artifact = hash("newer");
    assert_eq!(words(slot.replaced(&newer)), expected);
}

#[test]
fn what_is_ready_takes_over_in_its_time() {
    let quiet = Timing::when_quiet(Duration::from_secs(8)).with_notice(Duration::from_secs(2));
    let mut slot = slot(quiet);
    let begin = Instant::now();
    let look = |slot: &mut Candidates<Words>, seconds, is_busy, is_paused| {
        let instant = begin + Duration::from_secs(seconds);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        words(slot.look_at_ready(&Now { instant, time, is_paused, is_busy }))
    };
    assert!(look(&mut slot, 0, false, false).is_empty(), "nothing is ready");
    slot.ready = Some(ready(&slot, "/a", Schedule::Time(Clock::begin(begin))));
    assert!(slot.is_due(begin));
    assert_eq!(look(&mut slot, 0, false, false), ["announce false", "pending"]);
    assert!(!slot.is_due(begin) && slot.is_due(begin + Duration::from_secs(2)));
    assert!(look(&mut slot, 4, true, false).is_empty(), "a call has begun");
    assert!(look(&mut slot, 5, false, false).is_empty());
    assert!(look(&mut slot, 12, false, false).is_empty(), "quiet for 7 s, since that call");
    assert!(look(&mut slot, 13, false, true).is_empty(), "upgrades are paused");
    assert_eq!(look(&mut slot, 13, false, false), ["not pending", "apply"]);
    assert!(slot.ready.is_none());
}
