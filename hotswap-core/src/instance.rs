//! A module's code and its instance: the only file that calls the functions of a module's life.
//!
//! # Safety
//! Instances, contexts and migrated states are boxes of the module that the host holds as
//! pointers. Each type here owns one such box: it is given back exactly once, by the function that
//! the root names for it, while the code is mapped, which it is as long as there is a [`Code`]. All
//! that leads into a library from the host stands in its `Code`, or owns it.
//!
//! The gate decides who may touch an instance: calls hold an entry of its generation; what needs
//! the instance for itself (suspend, resume, snapshot, stop) happens when the gate is closed with
//! nobody inside, or when the generation is no longer current and everybody has left it.

mod condition;
mod moving;
mod panic_policy;
mod resident;
mod watch;

pub use self::panic_policy::AfterPanic;
pub(crate) use self::{
    condition::{Condition, OnPanic, Panics, Unfit, Use},
    moving::{Kinship, kinship},
    panic_policy::PanicPolicy,
    resident::{Resident, Stage},
    watch::{Figures, Latency, Watch},
};

use std::{
    fmt,
    path::Path,
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hotswap_abi::{
    __private::{
        allocator::Allocator,
        interface::{Origin, Target},
        module::{
            Answer, LifeCycle, Moving, RootRef, START_FRESH, START_RESTORED, START_UPGRADED,
            entries_by_name,
        },
        portable::{Buffer, Bytes, Counter, Reader, Sink, Status, Str},
        text::lined,
    },
    CallError, Failure, Manifest,
};
use hotswap_gate::{Exclusion, Guarded};
use hotswap_loader::{Image, LoadError, logs::Logs, steps::RunError};
use hotswap_types::{ArtifactHash, Holder};
use parking_lot::Mutex;

/// Why module code did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StepError {
    #[error("{0}")]
    Failed(String),
    #[error(
        "it panicked: {message}{}{place}{}{backtrace}",
        if place.is_empty() { "" } else { " at " },
        if backtrace.is_empty() { "" } else { "\n" },
    )]
    Panicked { message: String, place: String, backtrace: String },
    #[error("it did not come back within {after:.0?}; its thread is abandoned")]
    Hung { after: std::time::Duration },
    #[error("no thread can be started for it: {why}")]
    NoThread { why: String },
}

impl From<RunError> for StepError {
    fn from(undone: RunError) -> Self {
        match undone {
            RunError::TimedOut { after } => Self::Hung { after },
            RunError::Panicked { message } => {
                Self::Panicked { message, place: String::new(), backtrace: String::new() }
            }
            RunError::NoThread { why } => Self::NoThread { why },
        }
    }
}

/// The part that code has in a slot.
pub(crate) struct Role {
    pub(crate) generation: u64,
    /// The interface's methods, in the host's order.
    pub(crate) methods: &'static [&'static str],
    /// What a loaded library is told of backtraces: one of the `TRACE_…` numbers.
    pub(crate) traces: u8,
    /// What panics in calls mean.
    pub(crate) panics: PanicPolicy,
    /// Called when a call has panicked.
    pub(crate) on_panic: OnPanic,
    /// Whether calls are counted and timed from the first one on.
    pub(crate) watched: bool,
}

/// A module's code in the process, for one slot.
pub(crate) struct Code {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) artifact: Option<ArtifactHash>,
    pub(crate) generation: u64,
    life: LifeCycle,
    /// How its state is handed over as memory, if it is.
    moving: Option<Moving>,
    methods: Box<[*const ()]>,
    origin: Origin,
    /// Where its allocations go.
    allocator: Allocator,
    panics: PanicPolicy,
    on_panic: OnPanic,
    /// What its calls come to on trial, in whichever instance of it.
    watch: Option<Arc<Watch>>,
    /// `None` for a module that is linked into the program.
    resident: Option<Arc<Resident>>,
    // In this order: the logs are the last that call the library.
    /// `None` for a module that is linked into the program: it has the program's own.
    _logs: Option<Logs>,
    /// `None` for a module that is linked into the program.
    image: Option<Image>,
}

// SAFETY: `methods` points to functions of a library that is mapped as long as this lives.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

impl Code {
    /// The code behind a root, whose layout was checked.
    ///
    /// # Errors
    /// When the library lacks a method that its manifest has: that what calls cannot do without is
    /// there was judged by the manifest.
    pub(crate) fn new(
        root: RootRef,
        image: Option<(Image, Arc<Resident>)>,
        manifest: Arc<Manifest>,
        artifact: Option<ArtifactHash>,
        role: Role,
    ) -> Result<Self, LoadError> {
        let Role { generation, methods, traces, panics, on_panic, watched } = role;
        let (image, resident) = image.unzip();
        let logs = image.is_some().then(|| Logs::attach(root, &manifest.module, generation));
        if image.is_some() {
            // SAFETY: a function of the root of a library that was just loaded.
            unsafe { (root.trace_panics())(traces) };
        }
        let name = format!("{} {} (generation {generation})", manifest.module, manifest.version);
        // SAFETY: a function of the root, and the library stays mapped as long as this lives.
        let origin = unsafe { Origin::new(name.into(), root.take_failure()) };
        let moving = root.moving();
        // SAFETY: null, or a constant of a library that stays mapped as long as this lives, whose
        // layout was checked with the root's.
        let moving = unsafe { moving.as_ref() }.copied();
        // SAFETY: the entries are constants of a library that stays mapped as long as this lives.
        let entries = unsafe { entries_by_name(methods, root) };
        let interface = manifest.types.definition(&manifest.interface);
        let is_named = |name: &str| {
            interface.is_some_and(|it| it.members.iter().any(|member| member.name == name))
        };
        let allocator = match &image {
            Some(image) => image.allocator(root),
            None => root.allocator()(),
        };
        if let Some(method) = missing(methods, &entries, is_named) {
            return Err(LoadError::Entry { method: method.to_owned() });
        }
        Ok(Self {
            manifest,
            artifact,
            generation,
            life: root.life(),
            moving,
            methods: entries,
            origin,
            allocator,
            panics,
            on_panic,
            watch: watched.then(Arc::default),
            resident,
            _logs: logs,
            image,
        })
    }

    /// Its place among the generations in memory; `None` for a module that is linked in.
    pub(crate) fn resident(&self) -> Option<&Arc<Resident>> {
        self.resident.as_ref()
    }

    /// What will hold it when nobody owns it any more; `None` if it is unloaded then.
    pub(crate) fn retained(&self) -> Option<Holder> {
        self.image.as_ref().map_or(Some(Holder::Program), Image::retained)
    }

    /// Its library; `None` for a module that is linked into the program.
    pub(crate) const fn image(&self) -> Option<&Image> {
        self.image.as_ref()
    }

    /// The private copy that it was loaded from; `None` for a module that is linked in.
    pub(crate) fn copy(&self) -> Option<&Path> {
        self.image.as_ref().map(Image::copy)
    }

    fn answer(
        &self,
        step: impl FnOnce(*mut Sink) -> Answer,
    ) -> Result<(*mut (), Buffer), StepError> {
        let mut buffer = Buffer::new();
        let Answer { status, value } = step(buffer.sink());
        self.judge(status, buffer.bytes())?;
        Ok((value, buffer))
    }

    /// What became of a step that has written `said`.
    fn judge(&self, status: Status, said: &[u8]) -> Result<(), StepError> {
        match status {
            Status::OK => Ok(()),
            Status::FAILED => {
                let said = Reader::whole::<String>(said);
                let said = said.unwrap_or_else(|_| "it failed without a word".into());
                Err(StepError::Failed(lined(&said).into_owned()))
            }
            _ => {
                let Failure { message, place, backtrace, .. } = self.origin.failure("");
                Err(StepError::Panicked { message, place, backtrace })
            }
        }
    }
}

/// The first method without an entry, of those that the library says it has.
fn missing<'m>(
    methods: &[&'m str],
    entries: &[*const ()],
    is_named: impl Fn(&str) -> bool,
) -> Option<&'m str> {
    let mut lacking = methods.iter().zip(entries).filter(|(_, entry)| entry.is_null());
    lacking.find(|(method, _)| is_named(method)).map(|(method, _)| *method)
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code")
            .field("module", &self.manifest.module)
            .field("version", &self.manifest.version)
            .field("generation", &self.generation)
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}

/// A module's context.
#[derive(Debug)]
pub(crate) struct Context {
    code: Arc<Code>,
    data: NonNull<()>,
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: this type owns the box, and gives it back here alone.
        unsafe { (self.code.life.drop_context)(self.data.as_ptr()) };
    }
}

/// A state, decoded and migrated, in the module's memory. It stays on the thread that has made it,
/// where it is started from or dropped: a `HotState` need not be `Send`.
#[derive(Debug)]
pub(crate) struct State {
    code: Arc<Code>,
    /// Nothing, once it has been given to `start`.
    data: Option<NonNull<()>>,
}

impl State {
    /// Gives the box away; what stays behind is the hold on the code.
    fn give(mut self) -> *mut () {
        self.data.take().map_or(std::ptr::null_mut(), NonNull::as_ptr)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(data) = self.data.take() {
            // SAFETY: this type owned the box, and gives it back here alone.
            unsafe { (self.code.life.drop_state)(data.as_ptr()) };
        }
    }
}

// SAFETY: the module's `Context` is `Send`, and gives back what `prepare` has kept in it, which is.
unsafe impl Send for Context {}

/// What an instance begins with.
#[derive(Debug)]
pub(crate) enum Begin {
    Fresh,
    /// The state of the version before.
    Upgraded(State),
    /// The state of an earlier run.
    Restored(State),
}

// SAFETY: the module's `Context` is `Sync`, and is only lent to the module's functions.
unsafe impl Sync for Context {}

impl Context {
    /// A context for a slot.
    pub(crate) fn new(code: Arc<Code>, slot: &str) -> Result<Self, StepError> {
        let generation = code.generation;
        // SAFETY: the name is alive for the call.
        let (data, _) =
            code.answer(|sink| unsafe { (code.life.context)(Str::new(slot), generation, sink) })?;
        Ok(Self { data: made(data)?, code })
    }

    pub(crate) const fn code(&self) -> &Arc<Code> {
        &self.code
    }

    /// `Module::prepare`.
    pub(crate) fn prepare(&self) -> Result<(), StepError> {
        let (prepare, cx) = (self.code.life.prepare, self.data.as_ptr());
        // SAFETY: the context is alive.
        self.code.answer(|sink| unsafe { prepare(cx, sink) }).map(drop)
    }

    /// Decodes and migrates a state.
    pub(crate) fn migrate(
        &self,
        version: u32,
        bytes: &[u8],
        check: bool,
    ) -> Result<State, StepError> {
        let (migrate, bytes) = (self.code.life.migrate, Bytes::new(bytes));
        // SAFETY: the bytes are alive for the call.
        let (data, _) = self.code.answer(|sink| unsafe { migrate(version, bytes, check, sink) })?;
        Ok(State { data: Some(made(data)?), code: Arc::clone(&self.code) })
    }

    /// `Module::start`, and then `Module::self_test`.
    pub(crate) fn start(&self, from: Begin) -> Result<Generation, StepError> {
        let generation = self.start_untested(from)?;
        self.tested(generation)
    }

    /// An instance that nobody knows, if its self-test is content.
    fn tested(&self, generation: Generation) -> Result<Generation, StepError> {
        match self.self_test(&generation) {
            Ok(()) => Ok(generation),
            Err(error) => {
                let error = match error {
                    StepError::Failed(text) => StepError::Failed(format!("its self-test: {text}")),
                    error => error,
                };
                // SAFETY: nobody else knows the instance.
                let _ = unsafe { generation.stop() };
                Err(error)
            }
        }
    }

    /// `Module::start`.
    pub(crate) fn start_untested(&self, from: Begin) -> Result<Generation, StepError> {
        // `start` takes the state in any case.
        let (how, state) = match from {
            Begin::Fresh => (START_FRESH, std::ptr::null_mut()),
            Begin::Upgraded(state) => (START_UPGRADED, state.give()),
            Begin::Restored(state) => (START_RESTORED, state.give()),
        };
        self.started(how, state)
    }

    /// How to start, and a state that is given away, or null.
    fn started(&self, how: u8, state: *mut ()) -> Result<Generation, StepError> {
        let (start, cx) = (self.code.life.start, self.data.as_ptr());
        // SAFETY: the context is alive, and the state is given away.
        let (data, _) = self.code.answer(|sink| unsafe { start(how, cx, state, sink) })?;
        let generation = Generation {
            data: made(data)?,
            methods: self.code.methods.clone(),
            origin: self.code.origin.clone(),
            code: Arc::clone(&self.code),
            lock: Exclusion::new(),
            given_back: AtomicBool::new(false),
            condition: Condition::default(),
            origins: Mutex::default(),
        };
        if let Some(watch) = &self.code.watch {
            generation.condition.watch(Arc::clone(watch));
        }
        Ok(generation)
    }

    /// `Module::self_test`, of an instance that was started with this context and that nobody has
    /// called yet.
    pub(crate) fn self_test(&self, generation: &Generation) -> Result<(), StepError> {
        let (test, cx) = (self.code.life.self_test, self.data.as_ptr());
        let data = generation.data.as_ptr();
        // SAFETY: instance and context are alive, and nobody changes the instance.
        self.code.answer(|sink| unsafe { test(data, cx, sink) }).map(drop)
    }
}

fn made(data: *mut ()) -> Result<NonNull<()>, StepError> {
    NonNull::new(data).ok_or_else(|| StepError::Failed("it made nothing".into()))
}

/// One instance of a module: what a slot's gate leads to.
pub(crate) struct Generation {
    data: NonNull<()>,
    /// The code's, here for the sake of calls: one step less to follow.
    methods: Box<[*const ()]>,
    /// The same.
    origin: Origin,
    code: Arc<Code>,
    lock: Exclusion,
    given_back: AtomicBool,
    condition: Condition,
    /// The code of other generations that its state may come from: dropped after the instance.
    origins: Mutex<Vec<Arc<Code>>>,
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
    /// A candidate that nobody waits for any more, or an instance that was in use at the end.
    fn drop(&mut self) {
        // SAFETY: nobody refers to it any more.
        let _ = unsafe { self.stop() };
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation").field("code", &self.code).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn a_library_may_lack_what_it_does_not_name() {
        let entry = std::ptr::dangling();
        let named = |names: &'static [&str]| move |name: &str| names.contains(&name);
        let methods = ["old", "new"];
        assert_eq!(missing(&methods, &[entry, std::ptr::null()], named(&["old"])), None);
        let lacking = missing(&methods, &[entry, std::ptr::null()], named(&["old", "new"]));
        assert_eq!(lacking, Some("new"));
        assert_eq!(missing(&methods, &[entry, entry], named(&["old", "new"])), None);
    }
}
