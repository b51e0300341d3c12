//! How start-up, memory, upgrades, pauses and calls grow with what there is of each: slots, callers,
//! state, methods.

mod callers;
mod methods;
mod slots;
mod states;

pub(crate) use self::{callers::callers, methods::methods, slots::slots, states::states};
