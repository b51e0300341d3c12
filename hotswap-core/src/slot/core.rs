//! A slot as the host sees it: without its interface's type.

use std::{
    any::TypeId,
    cell::Cell,
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use hotswap_abi::{__private::compat::Requirement, Interface};
use hotswap_gate::Gate;
use hotswap_loader::{UnloadCallback, UnloadEvent, logs};
use hotswap_types::{Phase, PhaseSpan, bounded};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::{Residents, held::Held, quarantine::Quarantine, undo::Undo};
use crate::{
    checkpoint::Checkpoint,
    error::{Error, Reason},
    event::{Refusal, Serving, Until},
    instance::{Code, Generation, OnPanic, Resident, Watch},
    machine::owner::Owner,
    plan::Plan,
    snapshot::Snapshot,
};

thread_local! {
    static UPGRADES: Cell<bool> = const { Cell::new(false) };
}

/// Says that the current thread is one that upgrades: it must not wait for an upgrade.
pub(crate) fn set_upgrades() {
    UPGRADES.set(true);
}

/// Whether the current thread is one that upgrades, or in an event callback.
pub(crate) fn upgrades() -> bool {
    UPGRADES.get()
}

/// Runs an event callback, which must not wait for an upgrade on any thread: where it is called a
/// second time because of what it asks for, it would be without end.
pub(crate) fn in_callback<R>(callback: impl FnOnce() -> R) -> R {
    struct Before(bool);

    impl Drop for Before {
        fn drop(&mut self) {
            UPGRADES.set(self.0);
        }
    }

    let _before = Before(UPGRADES.replace(true));
    callback()
}

/// What is known of an interface's type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InterfaceType {
    pub(crate) id: TypeId,
    /// The methods, in the host's order.
    pub(crate) methods: &'static [&'static str],
    /// Whether a call of it may change its instance.
    pub(crate) exclusive: bool,
    /// Its description, as bytes.
    pub(crate) schema: &'static [u8],
}

impl InterfaceType {
    pub(crate) fn of<I: Interface + ?Sized>() -> Self {
        Self {
            id: TypeId::of::<I>(),
            methods: I::METHODS,
            exclusive: I::EXCLUSIVE,
            schema: I::schema(),
        }
    }

    /// Of an interface that is known by its description alone: nothing of it can be called.
    #[cfg(target_os = "linux")]
    pub(crate) fn unknown() -> Self {
        Self { id: TypeId::of::<()>(), methods: &[], exclusive: true, schema: &[] }
    }
}

/// Who hears of what becomes of libraries: from threads of whomever, without a lock held.
pub(crate) type OnUnload = Arc<dyn Fn(&Arc<Resident>, UnloadEvent) + Send + Sync>;

/// A slot as the host sees it.
pub(crate) struct SlotCore {
    pub(crate) name: Arc<str>,
    owner: Owner,
    pub(crate) requirement: Requirement,
    pub(crate) interface: InterfaceType,
    /// Where artifacts appear, for messages.
    pub(crate) source: String,
    /// The generations that are in memory.
    pub(crate) residents: Arc<Residents>,
    /// The artifacts that it does not take.
    pub(crate) rejected: Quarantine,
    /// The artifacts that are looked at later.
    pub(crate) held: Held,
    /// What upgrades have taken out of the state.
    pub(crate) undo: Mutex<Undo>,
    on_unload: OnUnload,
    on_panic: OnPanic,
    /// The state of an earlier run, until it lives on in a first generation.
    checkpoint: Mutex<Option<Arc<Checkpoint>>>,
    gate: OnceLock<Arc<Gate<Generation>>>,
    progress: Mutex<Progress>,
    /// What the phases of the last pause have taken, until somebody has looked.
    pause: Mutex<Vec<PhaseSpan>>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Progress {
    serves: Option<Serves>,
    /// The highest number of a generation that has served.
    highest: u64,
    on_trial: Option<OnTrial>,
    /// The plan that waits for somebody's word.
    awaiting: Option<Arc<Plan>>,
    /// The plan that was made last.
    plan: Option<Arc<Plan>>,
    /// Why the version that serves is not the one that should.
    degraded: Option<String>,
    /// The event of a first generation was told: who waits for the slot goes on after it.
    told: bool,
    phase: Option<Phase>,
    pending: Option<Until>,
    /// Callers inside are given up: the next upgrade does not wait for them.
    abandoned: bool,
    /// The state at the last upgrade.
    last_state: Option<Arc<Snapshot>>,
    /// How large the state was when it was last encoded, in bytes.
    state_size: Option<u64>,
    last_refusal: Option<Arc<Refusal>>,
    /// Nothing more will come: the built-in module does not start, or the host has ended.
    over: bool,
    coming: Coming,
}

/// Whether a first artifact is on its way.
#[cfg_attr(not(feature = "cargo"), expect(dead_code, reason = "only a builder says so"))]
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Coming {
    /// Nobody has said so.
    #[default]
    Unknown,
    /// It is being built, or its sources are being mended.
    Built,
    /// It was built then.
    Since(Instant),
}

impl Coming {
    /// From when on it is waited for by somebody who has begun to wait then; `None` while it is
    /// being built, however long that takes.
    fn waited_for_from(self, begun: Instant) -> Option<Instant> {
        match self {
            Self::Unknown => Some(begun),
            Self::Built => None,
            Self::Since(built) => Some(begun.max(built)),
        }
    }
}

/// The code that serves.
#[derive(Debug, Clone)]
pub(crate) struct Serves {
    pub(crate) code: Arc<Code>,
    pub(crate) since: Instant,
}

impl Serves {
    pub(crate) fn serving(&self) -> Serving {
        Serving { version: self.code.manifest.version.clone(), generation: self.code.generation }
    }
}

/// A version on trial.
#[derive(Debug, Clone)]
pub(crate) struct OnTrial {
    pub(crate) watch: Arc<Watch>,
    /// What would serve again.
    pub(crate) previous: Serving,
}

/// What [`Host::status`](crate::Host::status) tells of a slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Glance {
    pub(crate) serves: Option<Serves>,
    pub(crate) phase: Option<Phase>,
    pub(crate) pending: Option<Until>,
    pub(crate) last_refusal: Option<Arc<Refusal>>,
    pub(crate) on_trial: Option<OnTrial>,
    pub(crate) awaiting: Option<Arc<Plan>>,
    pub(crate) plan: Option<Arc<Plan>>,
    pub(crate) degraded: Option<String>,
}

impl fmt::Debug for SlotCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotCore").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SlotCore {
    pub(crate) fn new(
        name: &str,
        requirement: Requirement,
        interface: InterfaceType,
        source: String,
        checkpoint: Option<Checkpoint>,
        on_unload: OnUnload,
        on_panic: OnPanic,
    ) -> Self {
        Self {
            name: name.into(),
            owner: Owner::this(),
            requirement,
            interface,
            source,
            residents: Arc::default(),
            rejected: Quarantine::default(),
            held: Held::default(),
            on_unload,
            on_panic,
            undo: Mutex::default(),
            checkpoint: Mutex::new(checkpoint.map(Arc::new)),
            gate: OnceLock::new(),
            progress: Mutex::default(),
            pause: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// A slot without a host around it.
    #[cfg(target_os = "linux")]
    pub(crate) fn alone(
        name: &str,
        requirement: Requirement,
        interface: InterfaceType,
    ) -> Arc<Self> {
        let (on_unload, on_panic): (OnUnload, OnPanic) = (Arc::new(|_, _| {}), Arc::new(|_| {}));
        let source = String::new();
        Arc::new(Self::new(name, requirement, interface, source, None, on_unload, on_panic))
    }

    /// The state of an earlier run, as long as nothing has served.
    pub(crate) fn checkpoint(&self) -> Option<Arc<Checkpoint>> {
        self.checkpoint.lock().clone()
    }

    /// A state that a first generation is to begin with.
    pub(crate) fn set_checkpoint(&self, checkpoint: Checkpoint) {
        *self.checkpoint.lock() = Some(Arc::new(checkpoint));
    }

    /// A first generation serves: whether with the state of an earlier run or without, that run is
    /// over.
    pub(crate) fn take_checkpoint(&self) -> Option<Arc<Checkpoint>> {
        self.checkpoint.lock().take()
    }

    /// The gate, once a first generation serves.
    pub(crate) fn gate(&self) -> Option<&Arc<Gate<Generation>>> {
        self.gate.get()
    }

    /// Opens the gate on the first generation.
    pub(crate) fn open(&self, generation: Arc<Generation>) {
        let number = generation.code().generation;
        let gate = Gate::new(Arc::clone(&self.name), number, generation);
        let fresh = self.gate.set(Arc::new(gate)).is_ok();
        debug_assert!(fresh, "a slot has one first generation");
    }

    pub(crate) fn serves(&self) -> Option<Serves> {
        self.progress.lock().serves.clone()
    }

    pub(crate) fn set_live(&self, code: &Arc<Code>) {
        let mut progress = self.progress.lock();
        progress.serves = Some(Serves { code: Arc::clone(code), since: Instant::now() });
        progress.highest = progress.highest.max(code.generation);
        progress.phase = None;
        progress.degraded = None;
        self.changed.notify_all();
    }

    /// The number of the next generation: none comes twice, also where an older one serves again.
    pub(crate) fn next_number(&self) -> u64 {
        self.progress.lock().highest + 1
    }

    /// A version is on trial, or no longer.
    pub(crate) fn set_on_trial(&self, on_trial: Option<OnTrial>) {
        self.progress.lock().on_trial = on_trial;
    }

    /// A plan waits for somebody's word, or no longer.
    pub(crate) fn set_awaiting(&self, plan: Option<Arc<Plan>>) {
        let mut progress = self.progress.lock();
        progress.awaiting = plan;
        progress.phase = None;
    }

    /// A plan was made.
    pub(crate) fn set_plan(&self, plan: Arc<Plan>) {
        self.progress.lock().plan = Some(plan);
    }

    /// A version that should not serve does, and why.
    pub(crate) fn set_degraded(&self, why: String) {
        self.progress.lock().degraded = Some(why);
    }

    /// The event of the generation that serves was told.
    pub(crate) fn set_told(&self) {
        self.progress.lock().told = true;
        self.changed.notify_all();
    }

    /// What the phases of a pause have taken.
    pub(crate) fn set_pause(&self, spans: Vec<PhaseSpan>) {
        *self.pause.lock() = spans;
    }

    pub(crate) fn take_pause(&self) -> Vec<PhaseSpan> {
        std::mem::take(&mut self.pause.lock())
    }

    pub(crate) fn set_phase(&self, phase: Option<Phase>) {
        self.progress.lock().phase = phase;
    }

    /// Says whether callers inside are given up.
    pub(crate) fn set_abandoned(&self, abandoned: bool) {
        self.progress.lock().abandoned = abandoned;
    }

    /// Whether the next upgrade waits for nobody.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.progress.lock().abandoned
    }

    /// What is left of the state if its instance is given up.
    pub(crate) fn last_state(&self) -> Option<Arc<Snapshot>> {
        self.progress.lock().last_state.clone()
    }

    pub(crate) fn set_last_state(&self, state: Arc<Snapshot>) {
        self.progress.lock().last_state = Some(state);
    }

    /// How large the state was when it was last encoded, in bytes; `None` before.
    pub(crate) fn state_size(&self) -> Option<u64> {
        self.progress.lock().state_size
    }

    pub(crate) fn set_state_size(&self, bytes: u64) {
        self.progress.lock().state_size = Some(bytes);
    }

    pub(crate) fn set_pending(&self, pending: Option<Until>) {
        self.progress.lock().pending = pending;
        self.changed.notify_all();
    }

    pub(crate) fn set_refused(&self, refusal: &Arc<Refusal>) {
        let mut progress = self.progress.lock();
        progress.last_refusal = Some(Arc::clone(refusal));
        progress.phase = None;
        self.changed.notify_all();
    }

    pub(crate) fn set_over(&self) {
        self.progress.lock().over = true;
        self.changed.notify_all();
    }

    /// Whether its artifact is being built, or was built just now.
    #[cfg(feature = "cargo")]
    pub(crate) fn set_building(&self, building: bool) {
        let coming = if building { Coming::Built } else { Coming::Since(Instant::now()) };
        self.progress.lock().coming = coming;
        self.changed.notify_all();
    }

    /// Who is told that a call has panicked.
    pub(crate) fn on_panic(&self) -> OnPanic {
        Arc::clone(&self.on_panic)
    }

    /// Lets nobody in any more; those inside finish.
    pub(crate) fn end(&self) {
        self.set_over();
        if let Some(gate) = self.gate() {
            gate.end();
        }
    }

    /// Who is told what becomes of a generation's library.
    pub(crate) fn tell(&self, resident: &Arc<Resident>) -> UnloadCallback {
        let (residents, on_unload) = (Arc::clone(&self.residents), Arc::clone(&self.on_unload));
        let resident = Arc::clone(resident);
        Box::new(move |news| {
            residents.heard(&resident, &news);
            if matches!(news, UnloadEvent::Draining) {
                logs::poke_thread();
            }
            on_unload(&resident, news);
        })
    }

    pub(crate) fn glance(&self) -> Glance {
        let Progress {
            serves,
            highest: _,
            on_trial,
            awaiting,
            plan,
            degraded,
            told: _,
            phase,
            pending,
            abandoned: _,
            last_state: _,
            state_size: _,
            last_refusal,
            over: _,
            coming: _,
        } = &*self.progress.lock();
        Glance {
            serves: serves.clone(),
            phase: *phase,
            pending: *pending,
            last_refusal: last_refusal.clone(),
            on_trial: on_trial.clone(),
            awaiting: awaiting.clone(),
            plan: plan.clone(),
            degraded: degraded.clone(),
        }
    }

    /// Waits for the first generation; calls `slow` once if it takes a while. While it is being
    /// built, that does not count.
    pub(crate) fn wait_first(
        &self,
        timeout: Duration,
        builtin: bool,
        slow: impl FnOnce(),
    ) -> Result<&Arc<Gate<Generation>>, Error> {
        const A_WHILE: Duration = Duration::from_secs(1);
        let begun = Instant::now();
        let mut slow = Some(slow);
        let mut progress = self.progress.lock();
        loop {
            if let Some(gate) = self.gate.get().filter(|_| progress.told) {
                return Ok(gate);
            }
            self.owner.is_here()?;
            let refusal = progress.last_refusal.as_deref().cloned().map(Box::new);
            if progress.over {
                return Err(match refusal {
                    Some(refusal) if builtin => {
                        Reason::Builtin { name: self.name.to_string(), refusal }
                    }
                    // Given up; a host that has ended has no lasting refusal to tell of.
                    Some(_) => self.none(begun.elapsed(), refusal),
                    None => Reason::Ended,
                }
                .into());
            }
            let Some(from) = progress.coming.waited_for_from(begun) else {
                self.changed.wait(&mut progress);
                continue;
            };
            let deadline = from + timeout;
            let next = if slow.is_some() { deadline.min(from + A_WHILE) } else { deadline };
            if self.changed.wait_until(&mut progress, next).timed_out() {
                if progress.coming.waited_for_from(begun) != Some(from) {
                    continue;
                }
                if next < deadline {
                    if let Some(slow) = slow.take().filter(|_| refusal.is_none()) {
                        MutexGuard::unlocked(&mut progress, slow);
                    }
                    continue;
                }
                return Err(self.none(timeout, refusal).into());
            }
        }
    }

    fn none(&self, after: Duration, refusal: Option<Box<Refusal>>) -> Reason {
        let (name, source_path) = (self.name.to_string(), self.source.clone());
        Reason::NoArtifact { name, after, source_path, refusal }
    }

    pub(crate) fn wait_for(&self, wanted: u64, timeout: Duration) -> Result<u64, Error> {
        let deadline = Instant::now() + bounded(timeout);
        let mut progress = self.progress.lock();
        loop {
            let serving = progress.serves.as_ref().map_or(0, |serves| serves.code.generation);
            if serving >= wanted {
                return Ok(serving);
            }
            if progress.over {
                return Err(Reason::Ended.into());
            }
            if upgrades() {
                return Err(Reason::Callback.into());
            }
            // Nobody upgrades here.
            self.owner.is_here()?;
            if self.gate.get().is_some_and(|gate| gate.is_inside()) {
                return Err(Reason::Inside { name: self.name.to_string() }.into());
            }
            if self.changed.wait_until(&mut progress, deadline).timed_out() {
                return Err(Reason::NotLive {
                    name: self.name.to_string(),
                    wanted,
                    after: timeout,
                    serving,
                    refusal: progress.last_refusal.as_deref().cloned().map(Box::new),
                }
                .into());
            }
        }
    }
}
