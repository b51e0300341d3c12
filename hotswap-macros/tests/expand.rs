//! What the macros generate, run: both sides of a call in one process, through the very tables
//! that an artifact exports.

#![allow(unreachable_pub, missing_docs, missing_debug_implementations, reason = "a test")]

#[path = "expand/by_serde.rs"]
mod by_serde;
#[path = "expand/calls.rs"]
mod calls;
#[path = "expand/compat.rs"]
mod compat;
#[path = "expand/double.rs"]
mod double;
#[path = "expand/hygiene.rs"]
mod hygiene;
#[path = "expand/lent.rs"]
mod lent;
#[path = "expand/promised.rs"]
mod promised;
#[path = "expand/properties.rs"]
mod properties;
#[path = "expand/record.rs"]
mod record;
#[path = "expand/same_build.rs"]
mod same_build;
#[path = "expand/shapes.rs"]
mod shapes;
#[path = "expand/state.rs"]
mod state;
#[path = "expand/values.rs"]
mod values;
