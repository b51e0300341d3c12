//! A module's code and its instances. Only these files call the functions of a module's life.
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

mod code;
mod condition;
mod context;
mod generation;
mod moving;
mod panic_policy;
mod recording;
mod resident;
mod step_error;
mod watch;

pub use self::panic_policy::AfterPanic;
pub(crate) use self::{
    code::{Code, Role},
    condition::{Blocked, Condition, OnPanic, Panics, Use},
    context::{Begin, Context, State},
    generation::Generation,
    moving::{LayoutMatch, layout_match},
    panic_policy::PanicPolicy,
    recording::{CallTape, LeftOut, Recorded, RecordedCall, Recording},
    resident::{Resident, Stage},
    step_error::StepError,
    watch::{Figures, Latency, Watch},
};
