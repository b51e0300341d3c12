//! A slot as the host sees it: without its interface's type.

use std::{
    fmt,
    path::Path,
    sync::{Arc, OnceLock},
    time::Instant,
};

use hotswap_abi::__private::compat::Requirement;
use hotswap_gate::Gate;
use hotswap_loader::{UnloadCallback, UnloadEvent};
use hotswap_types::{Phase, PhaseSpan, Strategy};
use parking_lot::{Condvar, Mutex};

#[cfg(feature = "cargo")]
use super::progress::Coming;
use super::{
    InterfaceType, OnRollout, OnTrial, Residents, Serves,
    deferred::Deferred,
    progress::{Over, Progress, StatusSnapshot},
    quarantine::Quarantine,
    undo::Undo,
};
use crate::{
    checkpoint::Checkpoint,
    config::SlotSettings,
    event::{Refusal, Until},
    instance::{Code, Generation, OnPanic, Resident},
    machine::owner::Owner,
    plan::Plan,
    snapshot::Snapshot,
};

/// Who hears of what becomes of libraries: from threads of whomever, without a lock held.
pub(crate) type OnUnload = Arc<dyn Fn(&Arc<Resident>, UnloadEvent) + Send + Sync>;

/// A slot as the host sees it.
pub(crate) struct SlotCore {
    pub(crate) name: Arc<str>,
    pub(super) owner: Owner,
    pub(crate) requirement: Requirement,
    pub(crate) interface: InterfaceType,
    pub(crate) settings: Arc<SlotSettings>,
    /// The generations that are in memory.
    pub(crate) residents: Arc<Residents>,
    /// The artifacts that it does not take.
    pub(crate) rejected: Quarantine,
    /// The artifacts that are looked at later.
    pub(crate) deferred: Deferred,
    /// What upgrades have taken out of the state.
    pub(crate) undo: Mutex<Undo>,
    on_unload: OnUnload,
    on_panic: OnPanic,
    /// The state of an earlier run, until it lives on in a first generation.
    checkpoint: Mutex<Option<Arc<Checkpoint>>>,
    pub(super) gate: OnceLock<Arc<Gate<Generation>>>,
    pub(super) progress: Mutex<Progress>,
    /// What the phases of the last pause have taken, until somebody has looked.
    pause: Mutex<Vec<PhaseSpan>>,
    pub(super) changed: Condvar,
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
        settings: Arc<SlotSettings>,
        checkpoint: Option<Checkpoint>,
        on_unload: OnUnload,
        on_panic: OnPanic,
    ) -> Self {
        Self {
            name: name.into(),
            owner: Owner::this(),
            requirement,
            interface,
            settings,
            residents: Arc::default(),
            rejected: Quarantine::default(),
            deferred: Deferred::default(),
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
        settings: SlotSettings,
    ) -> Arc<Self> {
        let (on_unload, on_panic): (OnUnload, OnPanic) = (Arc::new(|_, _| {}), Arc::new(|_| {}));
        let settings = Arc::new(settings);
        Arc::new(Self::new(name, requirement, interface, settings, None, on_unload, on_panic))
    }

    /// Why an upgrade cannot have a strategy, and what to do about it.
    pub(crate) fn unfit(&self, strategy: &Strategy) -> Option<String> {
        if self.interface.exclusive && strategy.is_side_by_side() {
            let interface = self.requirement.interface_name();
            return Some(format!(
                "interface {interface} has methods that take `&mut self`, and two versions side by side \
                 would each change an instance of their own: let the methods take `&self`, or have all \
                 calls at once with the smooth strategy"
            ));
        }
        self.settings.unfit(strategy)
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
        self.progress.lock().status.serves.clone()
    }

    pub(crate) fn set_live(&self, code: &Arc<Code>) {
        let mut progress = self.progress.lock();
        progress.status.serves = Some(Serves { code: Arc::clone(code), since: Instant::now() });
        progress.highest = progress.highest.max(code.generation);
        progress.status.phase = None;
        progress.status.degraded = None;
        self.changed.notify_all();
    }

    /// The number of the next generation: none comes twice, also where an older one serves again.
    pub(crate) fn next_number(&self) -> u64 {
        self.progress.lock().highest + 1
    }

    /// A generation has a number that no other one is to get.
    pub(crate) fn has_numbered(&self, number: u64) {
        let mut progress = self.progress.lock();
        progress.highest = progress.highest.max(number);
    }

    /// A canary gets a share of the calls, or no longer.
    pub(crate) fn set_canary(&self, canary: Option<OnRollout>) {
        let mut progress = self.progress.lock();
        progress.status.canary = canary;
        progress.status.phase = None;
    }

    /// A version is on trial, or no longer.
    pub(crate) fn set_on_trial(&self, on_trial: Option<OnTrial>) {
        self.progress.lock().status.on_trial = on_trial;
    }

    /// A plan waits for somebody's word, or no longer.
    pub(crate) fn set_awaiting(&self, plan: Option<Arc<Plan>>) {
        let mut progress = self.progress.lock();
        progress.status.awaiting = plan;
        progress.status.phase = None;
    }

    /// A plan was made.
    pub(crate) fn set_plan(&self, plan: Arc<Plan>) {
        self.progress.lock().status.plan = Some(plan);
    }

    /// A version that should not serve does, and why.
    pub(crate) fn set_degraded(&self, why: String) {
        self.progress.lock().status.degraded = Some(why);
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
        self.progress.lock().status.phase = phase;
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
        self.progress.lock().status.pending = pending;
        self.changed.notify_all();
    }

    pub(crate) fn set_refused(&self, refusal: &Arc<Refusal>) {
        let mut progress = self.progress.lock();
        progress.status.last_refusal = Some(Arc::clone(refusal));
        progress.status.phase = None;
        self.changed.notify_all();
    }

    /// What was refused last is not tried again, if it has lain there.
    pub(crate) fn set_withdrawn(&self, path: &Path) {
        let mut progress = self.progress.lock();
        let refusal = progress.status.last_refusal.as_mut();
        if let Some(refusal) = refusal.filter(|it| it.path == path.display().to_string()) {
            Arc::make_mut(refusal).tried_again = false;
        }
    }

    /// Nothing more will come; what was said first counts, unless the host is gone by now.
    pub(crate) fn set_over(&self, why: Over) {
        let mut progress = self.progress.lock();
        if progress.over.is_none_or(|before| before == Over::GivenUp) {
            progress.over = Some(why);
        }
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
        self.set_over(Over::Ended);
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
            on_unload(&resident, news);
        })
    }

    /// What a status tells of it now.
    pub(crate) fn status(&self) -> StatusSnapshot {
        self.progress.lock().status.clone()
    }

    /// What was refused last.
    pub(crate) fn last_refusal(&self) -> Option<Arc<Refusal>> {
        self.progress.lock().status.last_refusal.clone()
    }
}
