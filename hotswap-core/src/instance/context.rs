//! A module's context, from which its state is migrated and its instance started.

use std::{ptr::NonNull, sync::Arc};

use hotswap_abi::__private::{
    module::{START_FRESH, START_RESTORED, START_UPGRADED},
    portable::{Bytes, Str},
};
use hotswap_loader::steps;

use super::{Code, Generation, StepError};

/// A module's context.
#[derive(Debug)]
pub(crate) struct Context {
    code: Arc<Code>,
    data: NonNull<()>,
}

// SAFETY: the module's `Context` is `Send`, and gives back what `prepare` has kept in it, which is.
unsafe impl Send for Context {}
// SAFETY: the module's `Context` is `Sync`, and is only lent to the module's functions.
unsafe impl Sync for Context {}

impl Drop for Context {
    /// What `prepare` has kept, and `start` has not taken, is dropped with it: module code. So that runs
    /// on a thread for module code, also where this was to be done by a step that could not begin.
    fn drop(&mut self) {
        let last = Last { code: Arc::clone(&self.code), data: self.data };
        steps::last(move || last.drop_context());
    }
}

/// A context that nobody refers to any more.
struct Last {
    code: Arc<Code>,
    data: NonNull<()>,
}

// SAFETY: as for `Context`.
unsafe impl Send for Last {}

impl Last {
    fn drop_context(self) {
        // SAFETY: a `Context` owned the box, and has given it to this, which gives it back here alone.
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

/// What an instance begins with.
#[derive(Debug)]
pub(crate) enum Begin {
    Fresh,
    /// The state of the version before.
    Upgraded(State),
    /// The state of an earlier run.
    Restored(State),
}

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
    pub(super) fn tested(&self, generation: Generation) -> Result<Generation, StepError> {
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
    pub(super) fn started(&self, how: u8, state: *mut ()) -> Result<Generation, StepError> {
        let (start, cx) = (self.code.life.start, self.data.as_ptr());
        // SAFETY: the context is alive, and the state is given away.
        let (data, _) = self.code.answer(|sink| unsafe { start(how, cx, state, sink) })?;
        Ok(Generation::new(Arc::clone(&self.code), made(data)?))
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
