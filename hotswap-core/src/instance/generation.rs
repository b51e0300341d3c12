//! One instance of a module: what a slot's gate leads to.

use std::{
    fmt, mem,
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hotswap_abi::{
    __private::{
        interface::{Origin, Recordable, Recorder, Shims, Target},
        portable::Counter,
    },
    CallError,
};
use hotswap_gate::{Exclusion, Guarded};
use hotswap_loader::steps;
use parking_lot::Mutex;

use super::{CallTape, Code, Condition, Recording, StepError, Use};

/// One instance of a module: what a slot's gate leads to.
pub(crate) struct Generation {
    pub(super) data: NonNull<()>,
    /// The code's, here for the sake of calls: one step less to follow.
    methods: Box<[*const ()]>,
    /// The same.
    origin: Origin,
    pub(super) code: Arc<Code>,
    lock: Exclusion,
    given_back: AtomicBool,
    condition: Condition,
    /// The code of other generations that its state may come from: dropped after the instance.
    pub(super) origins: Mutex<Vec<Arc<Code>>>,
}

// SAFETY: `Module: Send + Sync`, and its methods are called with the borrow they ask for.
unsafe impl Send for Generation {}
// SAFETY: as above.
unsafe impl Sync for Generation {}

impl Guarded for Generation {
    #[inline]
    fn exclusion(&self) -> &Exclusion {
        &self.lock
    }
}

impl Generation {
    /// An instance that the code has made.
    pub(super) fn new(code: Arc<Code>, data: NonNull<()>) -> Self {
        let generation = Self {
            data,
            methods: code.methods.clone(),
            origin: code.origin.clone(),
            lock: Exclusion::new(),
            given_back: AtomicBool::new(false),
            condition: Condition::default(),
            origins: Mutex::default(),
            code,
        };
        if let Some(watch) = &generation.code.watch {
            generation.condition.watch(Arc::clone(watch));
        }
        generation
    }

    pub(crate) const fn code(&self) -> &Arc<Code> {
        &self.code
    }

    /// Where calls go.
    #[inline]
    pub(crate) fn target(&self) -> Target<'_> {
        // SAFETY: the instance lives until `stop`, which waits until nobody is inside; the table
        // has the caller's order, and lacks nothing that the manifest has (`Code::new`); by the
        // manifest the signatures were compared, and only methods with a body are lacking
        // (`Assessed`).
        unsafe { Target::new(self.data.as_ptr(), &self.methods, &self.origin) }
    }

    /// Records calls from now on: the interface's, which has `recordables` for them.
    pub(crate) fn record(&self, recordables: &[Recordable], tape: CallTape) -> Arc<Recording> {
        let recording = Arc::new(Recording::new(Shims::new(recordables, self.target()), tape));
        self.condition.record(Arc::clone(&recording));
        recording
    }

    /// Makes a call, and has it noted while calls are recorded.
    #[cold]
    pub(crate) fn noted<R>(&self, call: impl FnOnce(Target<'_>) -> R) -> R {
        let recording = self.condition.recorded();
        let recorder = recording.as_deref().map(|Recording { shims, tape }| {
            // SAFETY: the shims were made for this instance's target and this type of tape (`record`,
            // which alone gives the condition one).
            unsafe { Recorder::new(self.target(), shims, tape) }
        });
        call(recorder.as_ref().map_or_else(|| self.target(), Recorder::target))
    }

    /// What is the matter with the instance.
    #[inline]
    pub(crate) const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Notes why a call into the instance has failed, and gives that back.
    #[cold]
    #[inline(never)]
    pub(crate) fn failed(&self, had: Use, error: Box<CallError>) -> Box<CallError> {
        // One of another slot, in a method's default body, is that one's.
        if let CallError::Panicked(failure) = &*error
            && *failure.module == **self.code.origin.name()
            && self.condition.panicked(had, failure, self.code.panics)
        {
            (self.code.on_panic)(self.code.generation);
        }
        error
    }

    /// `Module::verify`.
    ///
    /// # Safety
    /// The caller must be inside, and share the instance.
    pub(crate) unsafe fn verify(&self) -> Result<(), StepError> {
        let (verify, data) = (self.code.life.verify, self.data.as_ptr());
        // SAFETY: the instance is alive and nobody changes it (caller).
        self.code.answer(|sink| unsafe { verify(data, sink) }).map(drop)
    }

    /// `Module::suspend`.
    ///
    /// # Safety
    /// Nobody may be inside, and nobody may come in.
    pub(crate) unsafe fn suspend(&self) -> Result<(), StepError> {
        let (suspend, data) = (self.code.life.suspend, self.data.as_ptr());
        // SAFETY: the instance is alive and nobody else has it (caller).
        self.code.answer(|sink| unsafe { suspend(data, sink) }).map(drop)
    }

    /// `Module::resume`.
    ///
    /// # Safety
    /// Nobody may be inside, and nobody may come in.
    pub(crate) unsafe fn resume(&self) -> Result<(), StepError> {
        let (resume, data) = (self.code.life.resume, self.data.as_ptr());
        // SAFETY: the instance is alive and nobody else has it (caller).
        self.code.answer(|sink| unsafe { resume(data, sink) }).map(drop)
    }

    /// `Module::state`, encoded as the module's own version.
    ///
    /// # Safety
    /// Nobody may be inside with `&mut self`.
    pub(crate) unsafe fn snapshot(&self) -> Result<Vec<u8>, StepError> {
        let (snapshot, data) = (self.code.life.snapshot, self.data.as_ptr());
        // SAFETY: the instance is alive and nobody changes it (caller).
        let (_, buffer) = self.code.answer(|sink| unsafe { snapshot(data, sink) })?;
        Ok(buffer.into_vec())
    }

    /// How many bytes [`snapshot`](Self::snapshot) would have, which are not kept.
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn state_size(&self) -> Result<u64, StepError> {
        let (snapshot, data) = (self.code.life.snapshot, self.data.as_ptr());
        let mut counter = Counter::new();
        // SAFETY: the instance is alive and nobody changes it (caller).
        let answer = unsafe { snapshot(data, counter.sink()) };
        self.code.judge(answer.status, counter.end())?;
        Ok(counter.total())
    }

    /// `Module::state`, downgraded to an older version of its chain.
    ///
    /// # Safety
    /// Nobody may be inside with `&mut self`.
    pub(crate) unsafe fn downgrade(&self, version: u32) -> Result<Vec<u8>, StepError> {
        let (downgrade, data) = (self.code.life.downgrade, self.data.as_ptr());
        // SAFETY: the instance is alive and nobody changes it (caller).
        let (_, buffer) = self.code.answer(|sink| unsafe { downgrade(data, version, sink) })?;
        Ok(buffer.into_vec())
    }

    /// `Module::stop`, and the drop of the instance. Does nothing the second time.
    ///
    /// # Safety
    /// Nobody may be inside, and nobody may ever come in again.
    pub(crate) unsafe fn stop(&self) -> Result<(), StepError> {
        if self.given_back.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let (stop, data) = (self.code.life.stop, self.data.as_ptr());
        // SAFETY: the instance is alive, given back for the first time, and nobody has it (caller).
        self.code.answer(|sink| unsafe { stop(data, sink) }).map(drop)
    }
}

impl Drop for Generation {
    /// A candidate that nobody waits for any more, an instance that was given up and left since, or
    /// one that was in use at the end. Whoever lets go of it last waits for its code for a moment only.
    fn drop(&mut self) {
        if self.given_back.swap(true, Ordering::AcqRel) {
            return;
        }
        let (code, origins) = (Arc::clone(&self.code), mem::take(self.origins.get_mut()));
        let last = Last { data: self.data, code, origins };
        steps::last(move || last.stop());
    }
}

/// An instance that nobody refers to any more.
struct Last {
    data: NonNull<()>,
    code: Arc<Code>,
    origins: Vec<Arc<Code>>,
}

// SAFETY: `Module: Send`.
unsafe impl Send for Last {}

impl Last {
    fn stop(self) {
        let Self { data, code, origins } = self;
        let stop = code.life.stop;
        // SAFETY: the instance is alive, given back for the first time (`Generation::drop`), and
        // nobody has it.
        let _ = code.answer(|sink| unsafe { stop(data.as_ptr(), sink) });
        drop((code, origins));
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation").field("code", &self.code).finish_non_exhaustive()
    }
}
