//! How a module hands its state over as memory: where the state is, and the functions around it.
//!
//! # Safety
//! Host and module agree on this: an instance is a box of the module, `size` bytes at `offset` in it
//! are the field that holds its state, and the host may exchange them for those of another instance
//! while nobody is in either of them. That is sound where both describe the type alike (`describe`),
//! share an allocator, and both have `mend` called afterwards.

use std::ptr;

use super::{
    HotModule, Module,
    codes::{TRAPS_DEEP, TRAPS_FIXED, TRAPS_NONE},
    life::{Failed, answer},
    root::{Answer, Moving},
};
use crate::{
    portable::{Portable as _, Sink, Writer},
    state::movable::{Description, Movable, Traps},
};

impl Moving {
    /// That of a module whose field at this offset is its state.
    ///
    /// # Safety
    /// There must be a field of type `M::State`.
    #[must_use]
    pub const unsafe fn new<M: HotModule>(offset: usize) -> Self
    where
        M::State: Movable,
    {
        assert!(
            align_of::<M::State>() <= align_of::<M>()
                && offset.is_multiple_of(align_of::<M::State>()),
            "the field that is handed over as memory is packed"
        );
        Self {
            offset,
            size: size_of::<M::State>(),
            describe: describe::<M::State>,
            mend: mend::<M>,
            arrived: arrived::<M>,
        }
    }
}

unsafe extern "C" fn describe<S: Movable>(sink: *mut Sink) -> Answer {
    answer(sink, || {
        let described = Description::of::<S>();
        // SAFETY: the host lends the sink for this call.
        let mut out = unsafe { Writer::new(sink) };
        described.text.encode(&mut out);
        match described.traps {
            Traps::None => TRAPS_NONE,
            Traps::Fixed => TRAPS_FIXED,
            Traps::Deep => TRAPS_DEEP,
        }
        .encode(&mut out);
        Ok(ptr::null_mut())
    })
}

unsafe extern "C" fn mend<M: HotModule>(module: *mut ())
where
    M::State: Movable,
{
    let Some(moving) = M::MOVING else { return };
    // SAFETY: the instance is a box of `M` (host), in which the field is there (`Moving::new`).
    let state = unsafe { module.byte_add(moving.offset) };
    // SAFETY: the field, which the host holds exclusively.
    let state = unsafe { &mut *state.cast::<M::State>() };
    state.mend();
}

unsafe extern "C" fn arrived<M: Module>(module: *mut (), sink: *mut Sink) -> Answer {
    answer(sink, || {
        // SAFETY: `start` made the instance; the host holds it exclusively.
        let module = unsafe { &mut *module.cast::<M>() };
        module.arrived().map_err(Failed::Module).map(|()| ptr::null_mut())
    })
}
