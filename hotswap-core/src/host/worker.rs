//! The thread that upgrades: one artifact at a time, in the order in which they appear.
//!
//! Here is what it waits for and what it owns; a [`course`] is one artifact on its way: [`candidate`]
//! begins it, in [`rehearsing`] it is tried, [`planning`] has somebody say yes to it, [`timing`] knows
//! its hour, and in [`applying`] it takes over; [`outcome`] tells how it ended and sees to what is left
//! of it, [`intents`] knows why it is wanted, [`trials`] watches what serves on trial, [`offering`]
//! takes what somebody hands it, [`judging`] says what would become of it, [`panics`] is about calls
//! that have panicked,
//! [`ending`] is the orderly end. With a journal, [`journaling`] writes it, [`recovering`] begins where
//! the last run has left off, [`intact`] compares what is kept with what was committed, and
//! [`reverting`] goes back on request.

mod applying;
#[cfg(feature = "cargo")]
mod building;
mod candidate;
mod course;
mod ending;
mod intact;
mod intents;
mod journaling;
mod judging;
mod offering;
mod outcome;
mod panics;
mod planning;
mod recent;
mod recovering;
mod rehearsing;
mod reverting;
mod room;
mod timing;
mod trials;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender},
    },
    time::{Duration, Instant},
};

use hotswap_abi::__private::same_build::Packages;
use hotswap_loader::{
    Outdated, UnloadEvent,
    fs::{PrivateFolder, Spared},
    run_pending_dtors,
    steps::Steps,
};
use hotswap_types::{ArtifactHash, Intent};
use hotswap_watch::{Appeared, Backoff, Notice, Pending, Source, SourceId, Watcher};
use semver::Version;

use self::{
    course::Course,
    judging::Judgement,
    outcome::Identity,
    panics::Restarts,
    planning::Awaiting,
    recent::Recent,
    rehearsing::Rehearsing,
    reverting::{GoingBack, Reverting},
    timing::Waits,
    trials::OnTrial,
};
use super::{Offered, Shared, operator::Wanted};
use crate::{
    config::Place,
    error::{Error, Reason},
    event::{EventKind, Recovered, RehearsalReport},
    floors::Floors,
    instance::Resident,
    journal::{Backup, Earlier, What},
    slot::{SlotCore, set_upgrades},
    trust::{EXTENSION, Trust},
    upgrade::{Fault, Prepared, Retiring, Upgrade},
};

pub(super) use self::ending::Kept;

/// Calls that panic again and again are told so often.
const BREATH: Duration = Duration::from_secs(1);

/// What the worker is told.
pub(super) enum Command {
    /// From the watcher.
    Notice(Notice),
    /// From cargo.
    #[cfg(feature = "cargo")]
    Build(hotswap_watch::cargo::Report),
    /// A slot was asked for.
    Open(Arc<SlotCore>),
    /// Let every prepared artifact take over.
    Apply(SyncSender<usize>),
    /// Give up the callers inside a slot.
    Abandon(String, SyncSender<bool>),
    /// Put a new instance of the same code in the place of the one that serves.
    Restart(String, SyncSender<Result<(), String>>),
    /// Somebody says yes to an artifact that waits for it.
    Approve { artifact: ArtifactHash, by: String, reply: SyncSender<bool> },
    /// Somebody says no to it.
    Reject { artifact: ArtifactHash, by: String, why: String, reply: SyncSender<bool> },
    /// Somebody says why an artifact is wanted.
    Intend { slot: String, artifact: ArtifactHash, intent: Intent },
    /// The child of a slot's rehearsal has ended: its number, and what came of it.
    Rehearsed { slot: usize, number: u64, report: Result<RehearsalReport, Fault> },
    /// Commit what is on trial.
    Commit { slot: String, why: String, reply: SyncSender<bool> },
    /// Roll back what is on trial; answered with `None` where nothing is.
    RollBack { slot: String, why: String, reply: SyncSender<Option<Result<(), Vec<String>>>> },
    /// A call into a generation has panicked.
    Panicked(String, u64),
    /// Look at all artifacts again.
    Rescan,
    /// What becomes of a generation that nobody owns any more.
    Unload(String, Arc<Resident>, UnloadEvent),
    /// Forget that an artifact was rejected.
    Clear(ArtifactHash, SyncSender<bool>),
    /// Let a module go below its floor, once.
    AllowDowngrade { module: String, version: Version, reply: SyncSender<()> },
    /// Back up the state of a slot.
    Checkpoint(String, SyncSender<Result<Backup, String>>),
    /// Put a backup in the place of the state that serves.
    Restore { slot: String, backup: u64, reply: SyncSender<Result<(), String>> },
    /// Go back to an artifact that was committed before.
    Revert { slot: String, earlier: Earlier, why: String, reply: SyncSender<Result<(), String>> },
    /// Take an artifact through an upgrade that somebody offers.
    Offer {
        slot: String,
        path: PathBuf,
        intent: Intent,
        reply: SyncSender<Result<Offered, String>>,
    },
    /// Say what an upgrade to an artifact would be.
    Judge { slot: String, path: PathBuf, reply: SyncSender<Result<Judgement, String>> },
    /// Do something, if it is still wanted.
    IfWanted(Wanted, Box<Self>),
    /// A pause is over.
    Resumed,
    /// The end.
    End,
}

pub(super) struct Worker {
    shared: Arc<Shared>,
    /// Private copies and the watch: a host of built-in modules alone needs neither.
    artifacts: Option<Artifacts>,
    #[cfg(feature = "cargo")]
    building: building::Building,
    steps: Steps,
    /// How threads of its own reach it.
    commands: Sender<Command>,
    /// How many rehearsals there were.
    rehearsals: u64,
    floors: Floors,
    /// In the order in which they were opened.
    slots: Vec<Open>,
    /// What the modules are built from that the host has lent values of its own to.
    lent: Vec<Packages>,
    sources: BTreeMap<SourceId, usize>,
    /// Paths with new content, and those that are tried again.
    paths: Pending<(usize, PathBuf)>,
    /// Upgrades that were cancelled.
    cancelled: Pending<(usize, PathBuf)>,
    /// Generations with callers inside.
    leaving: Pending<(usize, u64)>,
    /// Slots whose artifacts cannot be watched.
    unwatched: Pending<usize>,
    /// Slots whose calls have panicked a moment ago.
    panics: Pending<usize>,
    /// Slots whose instance is to be replaced by another one of the same code.
    unstarted: Pending<usize>,
}

struct Artifacts {
    folder: PrivateFolder,
    watcher: Watcher,
}

/// A candidate that is ready to take over.
struct Waiting {
    prepared: Prepared,
    course: Course,
    waits: Waits,
}

/// How an artifact has come to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It has appeared.
    Found,
    /// It was cancelled, and is tried again.
    Again,
    /// It was committed in an earlier run, and begins this one.
    Recovered,
    /// Somebody wants to go back to it.
    Reverted,
    /// Somebody wants it now.
    Offered,
}

/// A slot, and what only the worker knows of it.
struct Open {
    core: Arc<SlotCore>,
    folder: bool,
    /// A candidate that is ready, and waits for a request or for its next try.
    waiting: Option<Waiting>,
    /// The path whose upgrade was cancelled, and is tried again.
    retry: Option<PathBuf>,
    /// What each path held when it was last looked at.
    seen: HashMap<PathBuf, ArtifactHash>,
    /// What was told of paths whose content could not be had.
    unstaged: HashMap<PathBuf, (Option<ArtifactHash>, Vec<String>)>,
    retiring: Vec<Retiring>,
    restarts: Restarts,
    awaiting: Option<Awaiting>,
    /// Why artifacts are wanted, where somebody has said so.
    intents: Recent<Intent>,
    /// The keys that have signed them.
    signers: Recent<String>,
    /// Why the artifact at a path is wanted that somebody has offered, until it is read.
    offered: Option<(PathBuf, Intent)>,
    /// When a version was rolled back last.
    rolled_back: Option<Instant>,
    /// Risks of lending that were told.
    warned: BTreeSet<String>,
    trial: Option<OnTrial>,
    /// An artifact whose child is waited for.
    rehearsing: Option<Rehearsing>,
    /// What was told of why its artifacts are not watched.
    unwatched: Option<String>,
    /// What was told of libraries that it needs.
    outdated: Option<Outdated>,
    /// When its state is backed up next.
    next_backup: Option<Instant>,
    /// What was told of why it was not.
    not_backed_up: Option<String>,
    /// What is gone back from, once that is committed.
    reverting: Option<Reverting>,
    /// Who waits for that.
    going_back: Option<GoingBack>,
    /// What is told of its last run, as soon as the artifact serves that it names.
    recovered: Option<Recovered>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, commands: &Sender<Command>) -> Result<Self, Error> {
        let config = &shared.config;
        let notices = commands.clone();
        let sink = move |notice: Notice| {
            // Fails only when the worker has ended.
            let _ = notices.send(Command::Notice(notice));
        };
        let artifacts = if config.slots.values().any(|slot| slot.source.is_some()) {
            let folder = config.private_copies().map_err(Reason::Folder)?;
            let watcher = Watcher::start(config.backend, sink).map_err(Reason::Watch)?;
            Some(Artifacts { folder, watcher })
        } else {
            None
        };
        let (first, most) = config.retry_delays;
        let slow = Backoff::new(first, most, 10);
        let leaving = Backoff::new(Duration::from_millis(50), Duration::from_secs(5), u32::MAX);
        let floors = Floors::open(config).map_err(Reason::Floors)?;
        let unwatched = Backoff::new(Duration::from_secs(1), Duration::from_secs(60), u32::MAX);
        #[cfg(feature = "cargo")]
        let building = building::Building::start(&shared, commands)?;
        Ok(Self {
            shared,
            artifacts,
            #[cfg(feature = "cargo")]
            building,
            steps: Steps::default(),
            commands: commands.clone(),
            rehearsals: 0,
            floors,
            slots: Vec::new(),
            lent: Vec::new(),
            sources: BTreeMap::new(),
            paths: Pending::new(Backoff::default()),
            cancelled: Pending::new(slow),
            leaving: Pending::new(leaving),
            unwatched: Pending::new(unwatched),
            panics: Pending::new(Backoff::new(BREATH, BREATH, u32::MAX)),
            unstarted: Pending::new(slow),
        })
    }

    pub(super) fn run(mut self, inbox: &Receiver<Command>) -> Kept {
        set_upgrades();
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
            Command::Notice(Notice::Trouble(error)) => {
                self.tell("", EventKind::WatchTrouble(Arc::new(error)));
            }
            #[cfg(feature = "cargo")]
            Command::Build(report) => self.build_reported(report),
            Command::Open(core) => self.open(core),
            Command::Apply(reply) => {
                let applied = self.apply_pending();
                let _ = reply.send(applied);
            }
            Command::Abandon(slot, reply) => {
                let applied = self.abandon(&slot);
                let _ = reply.send(applied);
            }
            Command::Restart(slot, reply) => {
                let restarted = self.restart_by_name(&slot);
                let _ = reply.send(restarted);
            }
            Command::Approve { artifact, by, reply } => {
                self.approve(artifact, &by, reply);
            }
            Command::Reject { artifact, by, why, reply } => {
                let known = self.reject(artifact, &by, &why);
                let _ = reply.send(known);
            }
            Command::Intend { slot, artifact, intent } => {
                self.intend_by_name(&slot, artifact, intent);
            }
            Command::Rehearsed { slot, number, report } => {
                self.child_ended(slot, number, report);
            }
            Command::Commit { slot, why, reply } => {
                let committed = self.commit_by_name(&slot, why);
                let _ = reply.send(committed);
            }
            Command::RollBack { slot, why, reply } => {
                let rolled_back = self.roll_back_by_name(&slot, why);
                let _ = reply.send(rolled_back);
            }
            Command::Panicked(slot, generation) => self.panicked(&slot, generation),
            Command::Unload(slot, resident, news) => self.heard(&slot, &resident, news),
            Command::Rescan => self.rescan(),
            Command::Clear(artifact, reply) => {
                let known = self.clear(artifact);
                let _ = reply.send(known);
            }
            Command::AllowDowngrade { module, version, reply } => {
                self.allow_downgrade(&module, version);
                let _ = reply.send(());
            }
            Command::Checkpoint(slot, reply) => {
                let backup = self.checkpoint_by_name(&slot);
                let _ = reply.send(backup);
            }
            Command::Restore { slot, backup, reply } => {
                let restored = self.restore_by_name(&slot, backup);
                let _ = reply.send(restored);
            }
            Command::Revert { slot, earlier, why, reply } => {
                self.revert_by_name(&slot, &earlier, why, reply);
            }
            Command::Judge { slot, path, reply } => {
                let judged = self.judge(&slot, &path);
                let _ = reply.send(judged);
            }
            Command::Offer { slot, path, intent, reply } => {
                let offered = self.offer(&slot, path, intent);
                let _ = reply.send(offered);
            }
            Command::Resumed => self.resumed(),
            // Who has asked is told that it was not done, or is not there any more.
            Command::IfWanted(wanted, command) if wanted() => self.does(*command),
            Command::IfWanted(..) | Command::End => {}
        }
    }

    /// The next command; `None` when something is due. Without anything scheduled this sleeps.
    fn next(&self, inbox: &Receiver<Command>) -> Option<Command> {
        let deadlines = [
            self.paths.next_deadline(),
            self.cancelled.next_deadline(),
            self.leaving.next_deadline(),
            self.unwatched.next_deadline(),
            self.panics.next_deadline(),
            self.unstarted.next_deadline(),
            self.slots.iter().filter_map(|slot| Some(slot.trial.as_ref()?.next_look())).min(),
            self.slots.iter().filter_map(|slot| slot.next_backup).min(),
            self.slots.iter().filter_map(|slot| slot.waiting.as_ref()?.waits.next_look()).min(),
            self.slots.iter().filter_map(|slot| Some(slot.awaiting.as_ref()?.expires())).min(),
        ];
        match deadlines.into_iter().flatten().min() {
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

    fn open(&mut self, core: Arc<SlotCore>) {
        let config = &self.shared.config.slots[&*core.name];
        let builtin = config.builtin.is_some();
        let folder = matches!(config.source, Some(Place::Folder(_)));
        let index = self.slots.len();
        self.slots.push(Open {
            core: Arc::clone(&core),
            folder,
            waiting: None,
            retry: None,
            seen: HashMap::new(),
            unstaged: HashMap::new(),
            retiring: Vec::new(),
            restarts: Restarts::default(),
            awaiting: None,
            intents: Recent::default(),
            signers: Recent::default(),
            offered: None,
            rolled_back: None,
            warned: BTreeSet::new(),
            trial: None,
            rehearsing: None,
            unwatched: None,
            outdated: None,
            next_backup: None,
            not_backed_up: None,
            reverting: None,
            going_back: None,
            recovered: None,
        });
        self.shared.tell_damaged(&core.name);
        if !self.recover(index) {
            return core.set_over();
        }
        if builtin && core.gate().is_none() && !self.start_builtin(index) {
            core.set_over();
            return;
        }
        self.watch(index);
    }

    /// Begins to watch a slot's artifacts; where that cannot be done, again and again.
    fn watch(&mut self, index: usize) {
        let core = Arc::clone(&self.slots[index].core);
        let source = self.shared.config.slots[&*core.name].source.clone();
        let (Some(source), Some(artifacts)) = (source, &self.artifacts) else { return };
        let source = match source {
            Place::File(path) => Source::file(path),
            Place::Folder(path) => Source::folder(path),
            #[cfg(feature = "cargo")]
            Place::Package(package) => return self.take_built(index, &package),
        };
        let source = source.map(|source| match self.shared.config.trust {
            Trust::Any => source,
            Trust::Minisign(_) => source.with_companion(EXTENSION),
        });
        match source.and_then(|source| artifacts.watcher.add(source)) {
            Ok(id) => {
                self.sources.insert(id, index);
                self.slots[index].unwatched = None;
                self.unwatched.cancel(&index);
            }
            Err(error) => {
                self.unwatched.again(index, Instant::now());
                let text = error.to_string();
                if self.slots[index].unwatched.replace(text.clone()) != Some(text) {
                    self.tell(&core.name, EventKind::WatchTrouble(Arc::new(error)));
                }
            }
        }
    }

    fn start_builtin(&mut self, index: usize) -> bool {
        let begun = Instant::now();
        let mut upgrade = Upgrade {
            slot: &self.slots[index].core,
            config: &self.shared.config,
            steps: &mut self.steps,
            reached: &mut |_| {},
        };
        let applied = upgrade.prepare_builtin().and_then(|prepared| {
            upgrade.apply(prepared, None).map_err(|unapplied| unapplied.fault)
        });
        match applied {
            Ok(applied) => {
                self.live(index, applied, begun, Way::Found);
                true
            }
            Err(fault) => {
                let path = Path::new("the module linked into the program");
                self.refuse(index, Identity { path, artifact: None, module: None }, fault);
                false
            }
        }
    }

    fn appeared(&mut self, appeared: Appeared) {
        if let Some(index) = self.sources.get(&appeared.source) {
            self.paths.appeared((*index, appeared.path), appeared.hint, Instant::now());
        }
    }

    fn rescan(&mut self) {
        for slot in &mut self.slots {
            slot.seen.clear();
            slot.unstaged.clear();
        }
        for index in 0..self.slots.len() {
            if self.slots[index].unwatched.is_some() {
                self.watch(index);
            }
        }
        if let Some(artifacts) = &self.artifacts {
            artifacts.watcher.rescan();
        }
    }

    fn clear(&mut self, artifact: ArtifactHash) -> bool {
        let mut known = false;
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            let was_set_aside = slot.going_back.as_mut().is_some_and(|it| it.forget(artifact));
            if slot.core.rejected.remove(artifact).is_some() || was_set_aside {
                known = true;
                self.has(index, What::Cleared { artifact });
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
        self.floors.allow(module, version);
        self.rescan();
    }

    fn try_due(&mut self) {
        let now = Instant::now();
        let mut paths = self.paths.due(now);
        paths.sort_by_key(|(index, _)| Reverse(self.usually_wanted(*index)));
        for (index, path) in paths {
            self.try_path(index, path, Way::Found);
        }
        for (index, path) in self.cancelled.due(now) {
            self.try_again(index, path);
        }
        self.look_at_all_ready(now);
        for (index, number) in self.leaving.due(now) {
            self.retire(index, number);
        }
        for index in self.unwatched.due(now) {
            self.watch(index);
        }
        for index in 0..self.slots.len() {
            let trial = self.slots[index].trial.as_ref();
            if trial.is_some_and(|trial| trial.next_look() <= now) {
                self.look_at_trial(index);
            }
        }
        for index in 0..self.slots.len() {
            if self.slots[index].next_backup.is_some_and(|at| at <= now) {
                self.back_up_at_interval(index);
            }
            let awaiting = self.slots[index].awaiting.as_ref();
            if awaiting.is_some_and(|awaiting| awaiting.expires() <= now) {
                self.expire(index);
            }
        }
        for index in self.panics.due(now) {
            self.look_at_panics(index);
        }
        for index in self.unstarted.due(now) {
            self.restart_or_again(index);
        }
    }
}
