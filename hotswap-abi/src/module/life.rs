//! The functions behind a module's root, each inside the unwind guard.

use std::{
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr,
};

use abi_stable::prefix_type::WithMetadata;

use super::{
    Context, HotModule, ModuleError, Start,
    codes::{START_BESIDE, START_RESTORED, START_UPGRADED},
    root::{Answer, LifeCycle, Root, RootRef},
};
use crate::{
    allocator::Allocator,
    guard::guard,
    logs::Listener,
    portable::{Bytes, DecodeError, Portable, Sink, Status, Str, Writer},
    quiet::drop_quietly,
    runtime,
    state::{self, HotState},
};

/// The functions of [`Root`] for a module.
pub(super) struct Functions<M>(PhantomData<M>);

impl<M: HotModule> Functions<M> {
    pub(super) const ROOT: RootRef = RootRef(Self::WITH_METADATA.static_as_prefix());
    const WITH_METADATA: &'static WithMetadata<Root> = &WithMetadata::new(Root {
        entries: M::ENTRIES.as_ptr(),
        count: M::ENTRIES.len(),
        crossing: ptr::null(),
        attach,
        follow,
        take_failure,
        allocator: Allocator::own,
        life: LifeCycle {
            context,
            prepare: Self::prepare,
            migrate: Self::migrate,
            start: Self::start,
            self_test: Self::self_test,
            verify: Self::verify,
            suspend: Self::suspend,
            resume: Self::resume,
            snapshot: Self::snapshot,
            downgrade: Self::downgrade,
            stop: Self::stop,
            drop_state: Self::drop_state,
            drop_context,
        },
        moving: match M::MOVING {
            Some(moving) => moving,
            None => ptr::null(),
        },
        trace_panics,
    });

    unsafe extern "C" fn prepare(cx: *const (), sink: *mut Sink) -> Answer {
        answer(sink, || {
            // SAFETY: the host passes a context that `context` made and that is alive.
            let cx = unsafe { &*cx.cast::<Context>() };
            M::prepare(cx).map_err(Failed::Module).map(|()| ptr::null_mut())
        })
    }

    unsafe extern "C" fn migrate(
        version: u32,
        bytes: Bytes,
        check: bool,
        sink: *mut Sink,
    ) -> Answer {
        answer(sink, || {
            // SAFETY: the host lends the bytes for this call.
            let bytes = unsafe { bytes.as_slice() };
            let state = <M::State as HotState>::restore(version, bytes)?;
            let is_kept = match version == M::State::LINEAGE.version {
                _ if !check => true,
                true => state::is_faithful(&state, bytes)?,
                // What the old type loses is not there to be migrated.
                false => M::State::keeps(version, bytes)?,
            };
            if !is_kept {
                return Err(Failed::Text(format!(
                    "state {} version {version} comes back from its encoding as another value; \
                     an opaque part of it does not survive the codec",
                    M::State::LINEAGE.name,
                )));
            }
            Ok(Box::into_raw(Box::new(state)).cast())
        })
    }

    unsafe extern "C" fn start(how: u8, cx: *const (), state: *mut (), sink: *mut Sink) -> Answer {
        answer(sink, || {
            // SAFETY: `migrate` made the state, and the host gives it away with this call.
            let state =
                (!state.is_null()).then(|| unsafe { Box::from_raw(state.cast::<M::State>()) });
            // SAFETY: as in `prepare`.
            let cx = unsafe { &*cx.cast::<Context>() };
            cx.set_state_follows(how == START_BESIDE);
            let from = match (how, state) {
                (START_UPGRADED, Some(state)) => Start::Upgraded(*state),
                (START_RESTORED, Some(state)) => Start::Restored(*state),
                _ => Start::Fresh,
            };
            let module = M::start(from, cx).map_err(Failed::Module)?;
            Ok(Box::into_raw(Box::new(module)).cast())
        })
    }

    unsafe extern "C" fn self_test(module: *const (), cx: *const (), sink: *mut Sink) -> Answer {
        answer(sink, || {
            // SAFETY: `start` made the instance; the host holds it shared.
            let module = unsafe { &*module.cast::<M>() };
            // SAFETY: as in `prepare`.
            let cx = unsafe { &*cx.cast::<Context>() };
            module.self_test(cx).map_err(Failed::Module).map(|()| ptr::null_mut())
        })
    }

    unsafe extern "C" fn verify(module: *const (), sink: *mut Sink) -> Answer {
        answer(sink, || {
            // SAFETY: `start` made the instance; the host holds it shared.
            let module = unsafe { &*module.cast::<M>() };
            module.verify().map_err(Failed::Module).map(|()| ptr::null_mut())
        })
    }

    unsafe extern "C" fn suspend(module: *mut (), sink: *mut Sink) -> Answer {
        answer(sink, || {
            // SAFETY: `start` made the instance; the host holds it exclusively.
            unsafe { &mut *module.cast::<M>() }.suspend();
            Ok(ptr::null_mut())
        })
    }

    unsafe extern "C" fn resume(module: *mut (), sink: *mut Sink) -> Answer {
        answer(sink, || {
            // SAFETY: `start` made the instance; the host holds it exclusively.
            unsafe { &mut *module.cast::<M>() }.resume();
            Ok(ptr::null_mut())
        })
    }

    unsafe extern "C" fn snapshot(module: *const (), sink: *mut Sink) -> Answer {
        answer(sink, || {
            // SAFETY: `start` made the instance; the host holds it so that no call changes it.
            let state = unsafe { &*module.cast::<M>() }.state();
            // SAFETY: the host lends the sink for this call.
            state::store_exactly(&*state, &mut unsafe { Writer::new(sink) })?;
            Ok(ptr::null_mut())
        })
    }

    unsafe extern "C" fn downgrade(module: *const (), version: u32, sink: *mut Sink) -> Answer {
        answer(sink, || {
            // SAFETY: as in `snapshot`.
            let state = unsafe { &*module.cast::<M>() }.state().into_owned();
            // SAFETY: the host lends the sink for this call.
            state.downgrade_to(version, &mut unsafe { Writer::new(sink) })?;
            Ok(ptr::null_mut())
        })
    }

    unsafe extern "C" fn stop(module: *mut (), sink: *mut Sink) -> Answer {
        answer(sink, || {
            // SAFETY: `start` made the instance; the host gives it away with this call.
            let mut module = unsafe { Box::from_raw(module.cast::<M>()) };
            // Dropped in any case, and not while a panic of `stop` unwinds: a second one would end the
            // process.
            let stopped = catch_unwind(AssertUnwindSafe(|| module.stop()));
            match stopped {
                Ok(()) => drop(module),
                Err(payload) => {
                    drop_quietly(module);
                    resume_unwind(payload);
                }
            }
            Ok(ptr::null_mut())
        })
    }

    unsafe extern "C" fn drop_state(state: *mut ()) {
        // SAFETY: `migrate` made it; the host gives it away with this call.
        drop_quietly(unsafe { Box::from_raw(state.cast::<M::State>()) });
    }
}

unsafe extern "C" fn attach(listener: *const Listener) {
    let _ = guard(|| {
        // SAFETY: the host lends it for this call.
        let listener = unsafe { listener.read() };
        runtime::attach(listener);
        Ok(())
    });
}

unsafe extern "C" fn follow() {
    let _ = guard(|| {
        runtime::follow();
        Ok(())
    });
}

unsafe extern "C" fn trace_panics(style: u8) {
    runtime::trace_panics(style);
}

unsafe extern "C" fn take_failure(sink: *mut Sink) {
    let _ = guard(|| {
        let Some(failure) = runtime::take_failure() else { return Ok(()) };
        // SAFETY: the host lends the sink for this call.
        let mut out = unsafe { Writer::new(sink) };
        failure.message.encode(&mut out);
        failure.place.encode(&mut out);
        failure.backtrace.encode(&mut out);
        drop_quietly(failure.payload);
        Ok(())
    });
}

unsafe extern "C" fn context(slot: Str, generation: u64, sink: *mut Sink) -> Answer {
    answer(sink, || {
        // SAFETY: the host lends the name for this call.
        let slot = unsafe { slot.as_str() }.to_owned();
        Ok(Box::into_raw(Box::new(Context::new(slot, generation))).cast())
    })
}

unsafe extern "C" fn drop_context(cx: *mut ()) {
    // SAFETY: `context` made it; the host gives it away with this call.
    drop_quietly(unsafe { Box::from_raw(cx.cast::<Context>()) });
}

/// Why a step fails without a panic.
pub(super) enum Failed {
    Module(ModuleError),
    Text(String),
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Text(error.to_string())
    }
}

/// Runs a step inside the guard; an error's text replaces what was written to the sink.
pub(super) fn answer(sink: *mut Sink, step: impl FnOnce() -> Result<*mut (), Failed>) -> Answer {
    let result = guard(|| -> Result<_, DecodeError> {
        Ok(step().map_err(|failed| {
            let text = match failed {
                Failed::Module(error) => error.to_string(),
                Failed::Text(text) => text,
            };
            // SAFETY: the host lends the sink for the call that this step is.
            unsafe { Sink::clear(sink) };
            // SAFETY: as above.
            text.encode(&mut unsafe { Writer::new(sink) });
        }))
    });
    match result {
        Ok(Ok(value)) => Answer { status: Status::OK, value },
        Ok(Err(())) => Answer { status: Status::FAILED, value: ptr::null_mut() },
        Err(status) => Answer { status, value: ptr::null_mut() },
    }
}
