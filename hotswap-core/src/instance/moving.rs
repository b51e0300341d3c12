//! A state that is handed over as memory, from one instance to another: the bytes of the two fields
//! that hold their states change places.
//!
//! # Safety
//! What makes that sound is a [`LayoutMatch`]: a proof that two modules describe the state's type alike,
//! share an allocator, and free each other's blocks. It is made by [`layout_match`] alone, which asks the
//! modules themselves. The rest is the caller's: nobody is in either instance.
//!
//! # What points where afterwards
//! A state points to what it has allocated, which stays where it is, and at places that both sides
//! mend ([`Traps::Fixed`]) to constants of the library that it comes from. Where it may do so inside
//! of a collection ([`Traps::Deep`]) nobody looks for it: each of the two instances holds the code of
//! all libraries that its state may come from (its *origins*), until it is gone. An instance is
//! dropped before its origins are. What the module's code has taken out of its state by then, and
//! keeps elsewhere, may point there still: so the libraries are made kin
//! (`hotswap-loader/src/unload/pins.rs`).

use std::{fmt, ptr, sync::Arc};

use hotswap_abi::__private::{
    allocator::{Allocator, NotShared},
    module::{Moving, START_BESIDE, TRAPS_FIXED, TRAPS_NONE},
    portable::Reader,
    state::movable::{Described, Traps},
    text::escaped,
};

use hotswap_loader::LibraryPins;

use super::{Code, Context, Generation, StepError};

/// How a state can go over as memory between two modules.
#[derive(Debug, Clone)]
pub(crate) struct LayoutMatch {
    size: usize,
    traps: Traps,
    codes: [Arc<Code>; 2],
}

/// Why a state cannot go over as memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoLayoutMatch {
    #[error("the module does not hand it over as memory")]
    NotOffered,
    #[error("its type is laid out otherwise: {serving}, and in the artifact {artifact}")]
    Layout { serving: String, artifact: String },
    #[error("the two do not share an allocator: {0}")]
    Allocator(NotShared),
    #[error("what the two libraries allocate is freed apart")]
    Heap,
    #[error("its description: {0}")]
    Described(StepError),
}

/// Whether a state can go over as memory. Module code runs, for a moment.
pub(crate) fn layout_match(old: &Arc<Code>, new: &Arc<Code>) -> Result<LayoutMatch, NoLayoutMatch> {
    let (Some(from), Some(to)) = (old.moving, new.moving) else {
        return Err(NoLayoutMatch::NotOffered);
    };
    let codes = [Arc::clone(old), Arc::clone(new)];
    let (before, after) = (old.described(&from)?, new.described(&to)?);
    if let Some((serving, artifact)) = before.difference(&after) {
        let text = |line: &str| escaped(line.trim()).into_owned();
        return Err(NoLayoutMatch::Layout { serving: text(serving), artifact: text(artifact) });
    }
    if !old.shares_heap(new) {
        return Err(NoLayoutMatch::Heap);
    }
    // The same library has one allocator.
    if !Arc::ptr_eq(old, new) {
        let sides = [("the serving version", old.allocator), ("the artifact", new.allocator)];
        Allocator::share(sides[0], sides[1]).map_err(NoLayoutMatch::Allocator)?;
    }
    if from.size != to.size {
        let bytes = |size| format!("{size} bytes");
        return Err(NoLayoutMatch::Layout { serving: bytes(from.size), artifact: bytes(to.size) });
    }
    Ok(LayoutMatch { size: from.size, traps: after.traps, codes })
}

impl LayoutMatch {
    /// Whether it is one of these two.
    pub(crate) fn is_of(&self, old: &Arc<Code>, new: &Arc<Code>) -> bool {
        Arc::ptr_eq(&self.codes[0], old) && Arc::ptr_eq(&self.codes[1], new)
    }

    fn knows(&self, code: &Arc<Code>) -> bool {
        self.codes.iter().any(|known| Arc::ptr_eq(known, code))
    }
}

impl Code {
    fn described(&self, moving: &Moving) -> Result<Described, NoLayoutMatch> {
        let described = self.answer(|sink| {
            // SAFETY: a function of the root, and the sink is alive.
            unsafe { (moving.describe)(sink) }
        });
        let (_, buffer) = described.map_err(NoLayoutMatch::Described)?;
        let (text, traps): (String, u8) = Reader::whole(buffer.bytes())
            .map_err(|error| NoLayoutMatch::Described(StepError::Failed(error.to_string())))?;
        let traps = match traps {
            TRAPS_NONE => Traps::None,
            TRAPS_FIXED => Traps::Fixed,
            _ => Traps::Deep,
        };
        Ok(Described { text, traps })
    }

    /// Whether what one of the two allocates may be freed by the other.
    fn shares_heap(&self, other: &Self) -> bool {
        match (&self.image, &other.image) {
            (Some(ours), Some(theirs)) => ours.shares_heap(theirs),
            (Some(one), None) | (None, Some(one)) => !one.has_heap(),
            (None, None) => true,
        }
    }
}

impl Code {
    /// What its library has may point into the other one's from now on, and the other way round.
    fn is_kin_of(&self, other: &Self) {
        let pins = |code: &Self| Some((code.generation, Arc::clone(code.image.as_ref()?.pins()?)));
        match (pins(self), pins(other)) {
            (Some((number, one)), Some((others, other))) => {
                LibraryPins::are_kin((number, &one), (others, &other));
            }
            (Some((_, one)), None) | (None, Some((_, one))) => {
                one.allow_unaccounted("its state has been in a module that is never unloaded");
            }
            (None, None) => {}
        }
    }
}

impl Context {
    /// `Module::start` beside the version that serves, whose state follows, and `Module::self_test`.
    pub(crate) fn start_beside(&self) -> Result<Generation, StepError> {
        let generation = self.started(START_BESIDE, ptr::null_mut())?;
        self.tested(generation)
    }
}

impl Generation {
    /// Lets the states of two instances change places, and mends both.
    ///
    /// # Safety
    /// Nobody may be in either of them, and nobody may come in; no code of theirs may hang in them.
    pub(crate) unsafe fn exchange_state(&self, other: &Self, layout_match: &LayoutMatch) {
        assert!(
            layout_match.knows(&self.code) && layout_match.knows(&other.code),
            "a match of layouts is of two modules"
        );
        let (Some(ours), Some(theirs)) = (self.code.moving, other.code.moving) else { return };
        // Held before, so that there is no moment at which nothing holds what is pointed to.
        if layout_match.traps == Traps::Deep {
            self.shares_origins(other);
        }
        // SAFETY: a field of the instance, which is as large (`Moving::new`, in the module).
        let our_state = unsafe { self.data.as_ptr().cast::<u8>().add(ours.offset) };
        // SAFETY: as above.
        let their_state = unsafe { other.data.as_ptr().cast::<u8>().add(theirs.offset) };
        // SAFETY: two fields of two boxes, of so many bytes, that nobody else touches (caller), and
        // of one type (the match).
        unsafe { ptr::swap_nonoverlapping(our_state, their_state, layout_match.size) };
        if layout_match.traps != Traps::None {
            // SAFETY: a function of the module, for an instance that nobody else has (caller).
            unsafe { (ours.mend)(self.data.as_ptr()) };
            // SAFETY: as above.
            unsafe { (theirs.mend)(other.data.as_ptr()) };
        }
    }

    /// Each holds the code that the other's state may come from.
    fn shares_origins(&self, other: &Self) {
        let mut all = self.origins.lock().clone();
        all.extend(other.origins.lock().iter().cloned());
        all.extend([Arc::clone(&self.code), Arc::clone(&other.code)]);
        all.sort_unstable_by_key(|code| Arc::as_ptr(code).addr());
        all.dedup_by(|one, other| Arc::ptr_eq(one, other));
        for one in [self, other] {
            let others: Vec<_> =
                all.iter().filter(|code| !Arc::ptr_eq(code, &one.code)).cloned().collect();
            others.iter().for_each(|other| one.code.is_kin_of(other));
            *one.origins.lock() = others;
        }
    }

    /// The code of other generations that its state may come from.
    pub(crate) fn origins(&self) -> Vec<Arc<Code>> {
        self.origins.lock().clone()
    }

    /// `Module::arrived`, where the module hands its state over as memory.
    ///
    /// # Safety
    /// Nobody may be inside, and nobody may come in.
    pub(crate) unsafe fn arrived(&self) -> Result<(), StepError> {
        let Some(moving) = self.code.moving else { return Ok(()) };
        let data = self.data.as_ptr();
        // SAFETY: the instance is alive and nobody else has it (caller).
        self.code.answer(|sink| unsafe { (moving.arrived)(data, sink) }).map(drop)
    }
}

impl fmt::Display for LayoutMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, traps: {:?}", self.size, self.traps)
    }
}
