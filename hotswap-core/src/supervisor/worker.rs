//! The thread that upgrades: one artifact at a time, in the order in which they appear.
//!
//! It has a queue of commands, and timers; what is done about each is the slot's own.

use std::{
    cmp::Reverse,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender},
    },
    time::Instant,
};

use hotswap_abi::__private::contained;
use hotswap_loader::{fs::Spared, run_pending_dtors};
use hotswap_types::ArtifactHash;
use hotswap_watch::{Appeared, Notice};
use semver::Version;

use super::{
    candidates::Candidates,
    command::{Command, SlotId},
    context::Context,
    effect::Effect,
    shared::Shared,
    slot::SlotSupervisor,
    slot_event::SlotEvent,
    trigger::Trigger,
};
use crate::{
    error::Error,
    event::EventKind,
    slot::{Over, SlotCore, set_upgrades},
    upgrade::Why,
};

/// Whether every state that was to be kept was; if not, which and why.
pub(crate) type ShutdownState = Result<(), Vec<String>>;

pub(crate) struct Worker {
    cx: Context,
    /// In the order in which they were opened.
    slots: Vec<SlotSupervisor>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, commands: &Sender<Command>) -> Result<Self, Error> {
        Ok(Self { cx: Context::new(shared, commands)?, slots: Vec::new() })
    }

    /// Until the end; `None` where it has panicked. What serves goes on then, and who waits for the
    /// worker is told.
    pub(crate) fn run(self, inbox: &Receiver<Command>) -> Option<ShutdownState> {
        set_upgrades();
        let shared = Arc::clone(&self.cx.shared);
        let kept = contained(|| self.work(inbox));
        shared.set_over(if kept.is_some() { Over::Ended } else { Over::Died });
        kept
    }

    fn work(mut self, inbox: &Receiver<Command>) -> ShutdownState {
        let _spared = Spared::begin();
        loop {
            match self.next(inbox) {
                Some(Command::End) => break,
                Some(command) => self.does(command),
                None => {}
            }
            self.try_due();
            // Here as well code of modules runs: what a refused one had kept is dropped.
            run_pending_dtors();
        }
        self.end()
    }

    fn does(&mut self, command: Command) {
        match command {
            Command::Notice(Notice::Appeared(appeared)) => self.appeared(appeared),
            Command::Notice(Notice::Gone(source, path)) => {
                if let Some(slot) = self.cx.sources.get(&source).copied() {
                    self.slots[slot.0].gone(&path);
                }
            }
            Command::Notice(Notice::Trouble(error)) => {
                self.cx.tell("", EventKind::WatchTrouble(Arc::new(error)));
            }
            #[cfg(feature = "cargo")]
            Command::Build(report) => self.build_reported(report),
            Command::Open(core) => self.open(core),
            Command::Apply(name, reply) => {
                let Self { cx, slots } = self;
                let is_meant = |slot: &&mut SlotSupervisor| {
                    name.as_deref().is_none_or(|name| name == &*slot.core.name)
                };
                let slots = slots.iter_mut().filter(is_meant);
                reply.keep(slots.map(|slot| usize::from(slot.apply_ready(cx))).sum());
            }
            Command::Abandon(name, reply) => {
                answer(&reply, self.with(&name, false, SlotSupervisor::abandon))
            }
            Command::Restart(name, reply) => {
                answer(&reply, self.asked(&name, SlotSupervisor::restart_on_request))
            }
            Command::Approve { artifact, by, reply } => match self.awaiting(artifact) {
                Some((slot, cx)) => slot.approve(cx, &by, reply),
                None => answer(&reply, Ok(false)),
            },
            Command::Reject { artifact, by, why, reply } => {
                let known = self.awaiting(artifact);
                let known = known.is_some_and(|(slot, cx)| slot.reject(cx, &by, &why));
                answer(&reply, known);
            }
            Command::Intend { slot, artifact, intent } => {
                self.with(&slot, (), |slot, _| slot.candidates.intents.put(artifact, intent));
            }
            Command::Rehearsed { slot: SlotId(slot), number, event } => {
                self.slots[slot].child_ended(&mut self.cx, number, event);
            }
            Command::Commit { slot, why, reply } => {
                answer(&reply, self.with(&slot, None, |slot, cx| slot.commit_on_request(cx, why)))
            }
            Command::Promote { slot, why, reply } => {
                answer(&reply, self.with(&slot, None, |slot, cx| slot.promote(cx, why)))
            }
            Command::RollBack { slot, why, reply } => answer(
                &reply,
                self.with(&slot, None, |slot, cx| slot.roll_back_on_request(cx, Why::new(why))),
            ),
            Command::Panicked(name, generation) => {
                self.with(&name, (), |slot, cx| slot.panicked(cx, generation));
            }
            Command::Unload(name, resident, news) => {
                self.with(&name, (), |slot, cx| slot.heard(cx, &resident, news));
            }
            Command::Rescan => self.rescan(),
            Command::Clear(artifact, reply) => answer(&reply, self.clear(artifact)),
            Command::AllowDowngrade { module, version, reply } => {
                self.allow_downgrade(&module, version);
                answer(&reply, ());
            }
            Command::Checkpoint(name, reply) => {
                answer(&reply, self.asked(&name, SlotSupervisor::checkpoint))
            }
            Command::Restore { slot, backup, reply } => {
                answer(&reply, self.asked(&slot, |slot, cx| slot.restore(cx, backup)))
            }
            Command::Revert { slot: name, earlier, why, reply } => match self.find(&name) {
                Some((slot, cx)) => slot.revert(cx, &earlier, why, reply),
                None => answer(&reply, Err(NOT_OPENED.to_owned())),
            },
            Command::Judge { slot, path, reply } => {
                answer(&reply, self.asked(&slot, |slot, cx| slot.judge(cx, &path)))
            }
            Command::Offer { slot, path, intent, reply } => {
                answer(&reply, self.asked(&slot, |slot, cx| slot.offer(cx, path, intent)))
            }
            Command::Resumed => {
                for slot in &mut self.slots {
                    slot.resumed(&mut self.cx);
                }
            }
            // Who has asked is told that it was not done, or is not there any more.
            Command::IfWanted(wanted, command) if wanted() => self.does(*command),
            Command::IfWanted(..) | Command::End => {}
        }
    }

    /// The next command; `None` when something is due. Without anything scheduled this sleeps.
    fn next(&self, inbox: &Receiver<Command>) -> Option<Command> {
        match self.slots.iter().filter_map(SlotSupervisor::next_look).min() {
            None => Some(inbox.recv().unwrap_or(Command::End)),
            Some(deadline) => {
                match inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(command) => Some(command),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => Some(Command::End),
                }
            }
        }
    }

    fn find(&mut self, name: &str) -> Option<(&mut SlotSupervisor, &mut Context)> {
        let slot = self.slots.iter_mut().find(|slot| &*slot.core.name == name)?;
        Some((slot, &mut self.cx))
    }

    /// The slot where an artifact waits for somebody's word.
    fn awaiting(&mut self, artifact: ArtifactHash) -> Option<(&mut SlotSupervisor, &mut Context)> {
        let slot = self.slots.iter_mut().find(|slot| slot.candidates.progress.awaits(artifact))?;
        Some((slot, &mut self.cx))
    }

    /// What a slot answers; `missing` if it was not opened.
    fn with<T>(
        &mut self,
        name: &str,
        missing: T,
        ask: impl FnOnce(&mut SlotSupervisor, &mut Context) -> T,
    ) -> T {
        self.find(name).map_or(missing, |(slot, cx)| ask(slot, cx))
    }

    /// The same of what somebody has asked for.
    fn asked<T>(
        &mut self,
        name: &str,
        ask: impl FnOnce(&mut SlotSupervisor, &mut Context) -> Result<T, String>,
    ) -> Result<T, String> {
        let (slot, cx) = self.find(name).ok_or(NOT_OPENED)?;
        ask(slot, cx)
    }

    fn open(&mut self, core: Arc<SlotCore>) {
        let id = SlotId(self.slots.len());
        let mut slot = SlotSupervisor::new(id, core, &self.cx.shared.config);
        slot.open(&mut self.cx);
        self.slots.push(slot);
    }

    fn appeared(&mut self, appeared: Appeared) {
        if let Some(slot) = self.cx.sources.get(&appeared.source) {
            let paths = &mut self.slots[slot.0].candidates.paths;
            paths.appeared(appeared.path, appeared.hint, Instant::now());
        }
    }

    #[cfg(feature = "cargo")]
    fn build_reported(&mut self, report: hotswap_watch::cargo::Report) {
        self.cx.building.heard(&report);
        self.cx.tell("", EventKind::Build(report.clone()));
        for slot in &mut self.slots {
            slot.build_reported(&self.cx, &report);
        }
    }

    fn rescan(&mut self) {
        for slot in &mut self.slots {
            slot.candidates.seen.clear();
            slot.candidates.unstaged.clear();
            if slot.told.unwatched.is_some() {
                slot.watch(&mut self.cx);
            }
        }
        if let Some(artifacts) = &self.cx.artifacts {
            artifacts.watcher.rescan();
        }
    }

    fn clear(&mut self, artifact: ArtifactHash) -> bool {
        let mut known = false;
        for slot in &mut self.slots {
            let was_set_aside = slot.candidates.forget(artifact);
            if slot.core.rejected.remove(artifact).is_some() || was_set_aside {
                known = true;
                slot.emit(&self.cx, SlotEvent::Cleared { artifact });
            }
        }
        if known {
            self.rescan();
        }
        known
    }

    fn allow_downgrade(&mut self, module: &str, version: Version) {
        for slot in &self.slots {
            // They may have been rejected for their version.
            slot.core.rejected.retain(|refusal| {
                let rejected = refusal.module.as_ref();
                rejected.is_none_or(|it| it.name != module || it.version != version)
            });
        }
        self.cx.shared.floors.lock().allow(module, version);
        self.rescan();
    }

    fn try_due(&mut self) {
        let (now, Self { cx, slots }) = (Instant::now(), self);
        // What has come, and what is ready, is looked at in the order in which it is wanted.
        let due = |slot: &mut SlotSupervisor| slot.candidates.paths.due(now);
        let mut paths: Vec<_> = slots.iter_mut().map(|slot| (due(slot), slot)).collect();
        paths.sort_by_key(|(_, slot)| Reverse(slot.usually_wanted()));
        for (paths, slot) in paths {
            for path in paths {
                slot.try_path(cx, path, Trigger::Watched);
            }
        }
        for slot in slots.iter_mut() {
            for path in slot.candidates.cancelled.due(now) {
                slot.try_again(cx, path);
            }
        }
        let ready = slots.iter_mut().filter(|slot| slot.candidates.is_due(now));
        let mut ready: Vec<_> = ready.collect();
        ready.sort_by_key(|slot| Reverse(slot.wanted()));
        for slot in ready {
            slot.look_at_ready(cx);
        }
        for slot in slots {
            slot.look(cx, now);
        }
    }

    /// Ends every slot, in the order in which they were opened.
    fn end(self) -> ShutdownState {
        let Self { mut cx, mut slots } = self;
        // No child outlives that, and none is waited for.
        for slot in &mut slots {
            slot.end_child();
        }
        for slot in &mut slots {
            slot.decide(&mut cx, |it| it.call_off("the host has ended"));
        }
        #[cfg(feature = "cargo")]
        cx.building.end();
        for slot in &slots {
            slot.core.end();
        }
        let deadline = Instant::now() + cx.shared.config.pause_deadline;
        let mut lost = Vec::new();
        for slot in &mut slots {
            if let Err(why) = slot.end(&mut cx, deadline) {
                let name = &slot.core.name;
                lost.push(format!("the state of slot {name} ({why})"));
                cx.tell(name, EventKind::NotKept { why });
            }
        }
        cx.ended();
        cx.steps.end();
        cx.shared.events.end();
        if lost.is_empty() { Ok(()) } else { Err(lost) }
    }
}

impl SlotSupervisor {
    /// Decides something about its candidates, and carries out what comes of it.
    pub(super) fn decide<E: IntoIterator<Item = Effect>>(
        &mut self,
        cx: &mut Context,
        decide: impl FnOnce(&mut Candidates) -> E,
    ) {
        for effect in decide(&mut self.candidates) {
            match effect {
                Effect::Emit(event) => self.emit(cx, event),
                Effect::Announce { artifact, at } => {
                    let pause = cx.shared.times(&self.core.name).pause();
                    cx.tell(&self.core.name, EventKind::Announced { artifact, at, pause });
                }
                Effect::StopRehearsal(rehearsal) => drop(rehearsal),
                Effect::Discard(prepared) => self.discard(cx, prepared),
                Effect::Over(candidate) => drop(candidate),
                Effect::Answer(reply, answer) => {
                    // Fails only when nobody waits.
                    let _ = reply.send(answer);
                }
                Effect::WithdrawFloor(module, version) => {
                    cx.shared.floors.lock().withdraw(&module, &version);
                }
                Effect::Apply(ready) => {
                    self.apply(cx, ready);
                }
                Effect::Try(path, trigger) => self.try_path(cx, path, trigger),
            }
        }
    }
}

fn answer<T>(reply: &SyncSender<T>, answer: T) {
    // Fails only when nobody waits.
    let _ = reply.send(answer);
}

/// Why nothing can be done for a slot.
const NOT_OPENED: &str = "the slot was not opened";
