//! A slot's candidates, and what is decided about them: pure, but for what [`SlotCore`] shows of it. What
//! is to be done comes back as [`Effect`]s.

mod revert;
mod timing;

use std::{
    collections::HashMap,
    mem,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use hotswap_types::{ArtifactHash, Intent, Phase, Purpose};
use hotswap_watch::{Backoff, Hint, Pending, Retry};

use super::{
    candidate::Candidate,
    effect::{Effect, Effects},
    ready::Ready,
    recent::Recent,
    slot_event::SlotEvent,
    state::{GoingBack, Progress, Real, Rehearsing, Reverting, Work},
    trigger::Trigger,
};
use crate::{event::Refusal, slot::SlotCore, upgrade::Fault};

/// Why something else is not wanted any more.
pub(super) const NEWER: &str = "a newer artifact has come";
/// The same, where somebody has asked for what has come.
pub(super) const GOES_BACK: &str = "somebody goes back to an earlier one";
/// The same, where somebody has asked for another strategy than it was planned with.
const OTHERWISE: &str = "somebody wants it with another strategy";
const TAKEN_BACK: &str = "it was taken back";
/// Why what a file held is not wanted any more.
const REMOVED: &str = "its file was removed";

/// What is on its way to a slot, is ready, or comes later.
///
/// The fields are independent: while one artifact is rehearsed or waits for approval (`progress`), an
/// older one may be ready, a third may have its next try scheduled, and others may be held.
pub(super) struct Candidates<W: Work = Real> {
    core: Arc<SlotCore>,
    pub(super) progress: Progress<W>,
    /// A candidate that is prepared, and waits. It stays until a newer one is prepared as well.
    pub(super) ready: Option<Ready<W>>,
    /// The path that was cancelled last, and is tried again: with `ready` if that is of this path and
    /// waits for that, else from the start.
    pub(super) retry: Option<PathBuf>,
    /// What is gone back to, from the request until its commit, or until it is refused.
    pub(super) reverting: Option<Reverting>,
    /// Who waits for that, until it serves or does not: before the end of a trial, and without one
    /// after the commit.
    pub(super) going_back: Option<GoingBack>,
    /// Why the artifact at a path is wanted that somebody has offered, until it is read.
    pub(super) offered: Option<(PathBuf, Intent)>,
    /// Why artifacts are wanted, where somebody has said so.
    pub(super) intents: Recent<Intent>,
    /// What each path held when it was last looked at.
    pub(super) seen: HashMap<PathBuf, ArtifactHash>,
    /// What was told already of paths whose content could not be had.
    pub(super) unstaged: HashMap<PathBuf, (Option<ArtifactHash>, Vec<String>)>,
    /// When paths with new content are looked at.
    pub(super) paths: Pending<PathBuf>,
    /// When those that were cancelled are.
    pub(super) cancelled: Pending<PathBuf>,
}

/// What is known of an artifact that has come.
pub(super) enum Known {
    New,
    /// It serves, is on its way, or was looked at: nothing is to be done.
    Handled,
    /// It was rejected before, which is told again when it has come back.
    Rejected(Arc<Refusal>),
}

impl<W: Work> Candidates<W> {
    pub(super) fn new(core: Arc<SlotCore>, retries: Backoff) -> Self {
        Self {
            core,
            progress: Progress::Idle,
            ready: None,
            retry: None,
            reverting: None,
            going_back: None,
            offered: None,
            intents: Recent::default(),
            seen: HashMap::new(),
            unstaged: HashMap::new(),
            paths: Pending::new(Backoff::default()),
            cancelled: Pending::new(retries),
        }
    }

    /// When something of it is to be looked at.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let looks = [
            self.paths.next_deadline(),
            self.cancelled.next_deadline(),
            self.ready.as_ref().and_then(|ready| ready.schedule.next_look()),
            self.progress.expires(),
        ];
        looks.into_iter().flatten().min()
    }

    /// Why an artifact is wanted.
    pub(super) fn intent_of(&self, artifact: ArtifactHash) -> Intent {
        let reverting = self.reverting.as_ref().filter(|it| it.to == artifact);
        match (reverting, self.intents.of(artifact)) {
            (Some(reverting), _) => Intent::new(Purpose::Revert).with_why(&reverting.why),
            (None, Some(intent)) => intent.clone(),
            (None, None) => self.core.settings.intent.clone(),
        }
    }

    /// What waits for its next try.
    pub(super) fn next_try(&self) -> Option<&Ready<W>> {
        self.ready.as_ref().filter(|it| it.schedule.is_next_try())
    }

    /// Whether something newer, from another path than this, is on its way or ready.
    pub(super) fn is_older(&self, path: &Path) -> bool {
        let ready = self.ready.as_ref().filter(|it| !it.schedule.is_next_try());
        let newer = [self.progress.candidate(), ready.map(|it| &it.candidate)];
        newer.into_iter().flatten().any(|it| it.path != path)
    }

    /// Whether an artifact waits to be tried again, and nothing says when.
    pub(super) fn is_given_up(&self, path: &PathBuf, artifact: ArtifactHash) -> bool {
        let waits = self.next_try().is_some_and(|it| it.candidate.artifact == artifact);
        waits && !self.cancelled.is_scheduled(path)
    }

    /// What is to be done about an artifact that a path holds now.
    pub(super) fn look_up(
        &mut self,
        path: &Path,
        artifact: ArtifactHash,
        trigger: Trigger,
    ) -> (Known, Effects<W>) {
        let seen = self.seen.insert(path.to_owned(), artifact) == Some(artifact);
        let mut effects = Vec::new();
        if trigger == Trigger::Operator {
            effects = self.planned_otherwise(artifact);
        }
        let ready = self.ready.as_ref().map(|it| it.candidate.artifact);
        let under_way = [ready, self.progress.artifact()].contains(&Some(artifact));
        let serves = self.serves() == Some(artifact);
        if serves {
            effects.extend(self.taken_back(path, trigger));
        }
        let is_request = matches!(trigger, Trigger::Recovery | Trigger::Revert);
        let known = if serves
            || (under_way && trigger != Trigger::Revert)
            || (seen && trigger == Trigger::Watched)
        {
            Known::Handled
        } else {
            let rejected = if is_request { None } else { self.core.rejected.get(artifact) };
            rejected.map_or(Known::New, Known::Rejected)
        };
        (known, effects)
    }

    /// Its plan, and who has approved that, is for another strategy than is asked for now: it is begun
    /// anew.
    fn planned_otherwise(&mut self, artifact: ArtifactHash) -> Effects<W> {
        let wanted = self.intent_of(artifact).strategy;
        let wanted = wanted.as_ref().unwrap_or(&self.core.settings.strategy).clone();
        let is_it = |it: &Candidate| it.artifact == artifact && *it.asked_or_own() != wanted;
        let mut effects = Vec::new();
        if let Some(ready) = self.ready.take_if(|it| is_it(&it.candidate)) {
            effects.push(Effect::Emit(SlotEvent::NotPending));
            effects.extend(dropped(ready, OTHERWISE));
        }
        if self.progress.candidate().is_some_and(is_it) {
            effects.extend(self.superseded(OTHERWISE));
        }
        effects
    }

    /// What serves lies at a path again: the candidate from there is not wanted any more. One that was
    /// offered from elsewhere was not taken back with this file.
    fn taken_back(&mut self, path: &Path, trigger: Trigger) -> Effects<W> {
        let is_its = |it: &Candidate| it.path == path || trigger == Trigger::Operator;
        let mut effects = Vec::new();
        if self.ready.as_ref().is_some_and(|it| is_its(&it.candidate)) {
            effects.push(Effect::Emit(SlotEvent::NotPending));
            effects.extend(self.set_ready(None));
        }
        if self.progress.candidate().is_some_and(is_its) {
            effects.extend(self.superseded(TAKEN_BACK));
        }
        effects
    }

    /// Another candidate waits from now on, or none.
    pub(super) fn set_ready(&mut self, ready: Option<Ready<W>>) -> Effects<W> {
        let before = mem::replace(&mut self.ready, ready);
        let why = if self.ready.is_some() { NEWER } else { TAKEN_BACK };
        before.map(|before| dropped(before, why)).unwrap_or_default()
    }

    /// What waits for its next try is not what lies at its path any more.
    pub(super) fn replaced(&mut self, candidate: &Candidate) -> Effects<W> {
        let is_older = |it: &mut Ready<W>| {
            it.schedule.is_next_try()
                && it.candidate.path == candidate.path
                && it.candidate.artifact != candidate.artifact
        };
        self.ready.take_if(is_older).map(|older| dropped(older, NEWER)).unwrap_or_default()
    }

    /// What waits for a word, or for its rehearsal, waits no longer.
    pub(super) fn superseded(&mut self, why: &str) -> Effects<W> {
        let mut effects = self.call_off(why);
        if let Some(awaiting) = self.progress.take_awaiting() {
            let (artifact, said) = (awaiting.plan.artifact, why.to_owned());
            effects.extend([
                Effect::Emit(SlotEvent::ApprovalOver),
                Effect::Emit(SlotEvent::Decided { artifact, approved: false, by: None, why: said }),
                called_off(artifact, why),
            ]);
        }
        effects
    }

    /// What is rehearsed is not wanted any more.
    pub(super) fn call_off(&mut self, why: &str) -> Effects<W> {
        let Some(rehearsing) = self.progress.take_rehearsing(None) else { return Vec::new() };
        let Rehearsing { rehearsal, candidate, .. } = rehearsing;
        let (artifact, module) = (candidate.artifact, candidate.module.clone());
        let superseded = SlotEvent::Superseded { artifact, module, why: why.to_owned() };
        let mut effects = vec![
            Effect::StopRehearsal(rehearsal),
            Effect::Emit(superseded),
            called_off(artifact, why),
        ];
        effects.extend(self.answer_revert(Some(why.to_owned())));
        effects.push(Effect::Over(candidate));
        effects
    }

    /// A candidate is looked at again when the trial is over.
    pub(super) fn defer(&mut self, candidate: &Candidate) -> Effects<W> {
        self.seen.remove(&candidate.path);
        self.core.deferred.insert(candidate.path.clone());
        vec![Effect::Emit(SlotEvent::Deferred { artifact: candidate.artifact })]
    }

    /// What has appeared meanwhile is looked at now.
    pub(super) fn look_at_deferred(&mut self) {
        for path in self.core.deferred.take() {
            // What is older has its next try if the newer one fails.
            if self.retry.as_ref() != Some(&path) || !self.is_older(&path) {
                self.paths.appeared(path, Hint::Ready, Instant::now());
            }
        }
    }

    /// A file is not there any more: what it held is no candidate any more, whatever it waits for.
    pub(super) fn withdraw(&mut self, path: &Path) -> Effects<W> {
        self.seen.remove(path);
        self.core.deferred.remove(path);
        self.unstaged.remove(path);
        self.offered.take_if(|it| it.0 == path);
        self.cancelled.cancel(&path.to_owned());
        let mut effects = Vec::new();
        if self.progress.candidate().is_some_and(|it| it.path == path) {
            effects = self.superseded(REMOVED);
        }
        let was_retried = self.retry.take_if(|it| it == path).is_some();
        let ready = self.ready.take_if(|it| it.candidate.path == path);
        if was_retried || ready.is_some() {
            let artifact = ready.as_ref().map(|it| it.candidate.artifact);
            if let Some(ready) = ready {
                effects.push(Effect::Emit(SlotEvent::NotPending));
                effects.extend(dropped(ready, REMOVED));
            }
            let (path, why) = (path.to_owned(), REMOVED.to_owned());
            effects.push(Effect::Emit(SlotEvent::Withdrawn { path, artifact, why }));
        }
        self.try_older(path);
        effects
    }

    /// What is not to blame is tried again where that may help, but not for ever.
    pub(super) fn again_later(&mut self, path: &Path, fault: Fault) -> Fault {
        // What waits for its next try elsewhere waits on.
        self.retry.take_if(|it| it == path);
        let path = path.to_owned();
        if !fault.is_tried_again() {
            // What was cancelled there before is gone.
            self.cancelled.cancel(&path);
            return fault;
        }
        self.retry = Some(path.clone());
        match self.cancelled.again(path, Instant::now()) {
            Retry::OnNextEvent => fault.given_up(),
            _ => fault,
        }
    }

    /// Tries a cancelled upgrade again, from where it was cancelled.
    pub(super) fn try_again(
        &mut self,
        path: PathBuf,
        is_paused: bool,
        is_removed: bool,
    ) -> Effects<W> {
        if self.retry.as_ref() != Some(&path) {
            // Something newer has come since.
            return Vec::new();
        }
        if is_paused {
            // Looked at afterwards, although its content is the same.
            self.seen.remove(&path);
            self.core.deferred.insert(path);
            return Vec::new();
        }
        if self.is_older(&path) {
            // It has its next try if that fails.
            return Vec::new();
        }
        if is_removed {
            return self.withdraw(&path);
        }
        match self.ready.take_if(|it| it.schedule.is_next_try() && it.candidate.path == path) {
            Some(mut ready) => {
                ready.candidate.set_late();
                vec![Effect::Apply(ready)]
            }
            None => vec![Effect::Try(path, Trigger::Retry)],
        }
    }

    /// What was newer has failed: what waits for its next try at another path has it now.
    pub(super) fn try_older(&mut self, failed: &Path) {
        let path = self.retry.as_ref().or(self.next_try().map(|it| &it.candidate.path));
        let Some(path) = path.filter(|path| *path != failed).cloned() else { return };
        self.retry = Some(path.clone());
        if !self.cancelled.is_scheduled(&path) {
            self.cancelled.appeared(path, Hint::Ready, Instant::now());
        }
    }

    /// A candidate has taken over: what was tried again is over with that, unless something newer lies
    /// there by now, and waits for its own next try.
    pub(super) fn applied(&mut self, candidate: &Candidate) -> Effects<W> {
        let mut effects = self.set_ready(None);
        let seen = &self.seen;
        let is_newer =
            |path: &PathBuf| *path == candidate.path && seen.get(path) != Some(&candidate.artifact);
        self.retry.take_if(|path| !is_newer(path));
        effects.push(Effect::Emit(SlotEvent::NotPending));
        effects
    }

    /// The phase of another candidate than the one that was refused just now.
    pub(super) const fn phase(&self) -> Option<Phase> {
        match &self.progress {
            Progress::Rehearsing(_) => Some(Phase::Rehearsed),
            Progress::AwaitingApproval(_) => Some(Phase::AwaitingApproval),
            Progress::Idle => None,
        }
    }

    fn serves(&self) -> Option<ArtifactHash> {
        self.core.serves().and_then(|serves| serves.code.artifact)
    }
}

/// An artifact is not gone on with, and is not to blame.
pub(super) fn called_off<W: Work>(artifact: ArtifactHash, why: &str) -> Effect<W> {
    Effect::Emit(SlotEvent::CalledOff { artifact, why: why.to_owned() })
}

/// What was ready is not wanted any more.
fn dropped<W: Work>(ready: Ready<W>, why: &str) -> Effects<W> {
    let Ready { prepared, candidate, .. } = ready;
    vec![called_off(candidate.artifact, why), Effect::Discard(prepared), Effect::Over(candidate)]
}

#[cfg(test)]
mod tests;
