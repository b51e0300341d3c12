//! Internal to hotswap: use `hotswap-core`. This crate may change in any way with any release.
//!
//! The gate of a slot: who is inside, on which generation, and how to change it under them.
//!
//! Callers enter, use the generation they were given, and leave; an upgrade either *swaps* (new
//! callers get the new generation, those inside finish on the old one) or *closes* (nobody new
//! comes in, those inside leave, and while the gate is quiet the state can be moved over).
//!
//! The code is layered, each layer below the next:
//!
//! * `word`: what a gate shows, and what a record announces.
//! * `record`: what one thread says about itself to one slot: a flag, on a line of its own.
//! * `protocol`: the protocol on records and one word; `form` has its fences, `admission` what
//!   callers wait for, `drain` what closers wait for.
//! * `seats`: where a thread finds its record, which knows the generation it used last; `places`
//!   numbers the gates for that.
//! * `exclusion`: the lock of an instance, for those inside.
//! * `waits`: who waits for whom, so that no wait is for oneself.
//! * `canary`: a second generation that gets a share of the entries; `generation`: what callers enter
//!   during one turn, one or both; `random`: draws for the share; `own_arms`: one thread, one arm.
//! * `inner`: the generations, as long as anybody may be on them; `choosing`: which one an entry gets.
//! * `entered`: the guards, and the way in by a thread's own seat; `reader`: the way in by a
//!   handle; `closed`: a closed gate.
//! * `gate`: what the owner of a gate asks of it; `rollout`: the same of a canary; `bounded`: closing
//!   so that no caller waits long; `opening`: waiting as a task, with `wakers`.
//!
//! `sync` is the seam to locks, atomics and thread-locals, so that loom sees all of them. `tables` has lists
//! that may change while a lock is held.

#![deny(unsafe_code)]

mod admission;
mod bounded;
mod canary;
mod choosing;
mod closed;
mod drain;
mod entered;
mod error;
mod exclusion;
mod form;
mod gate;
mod generation;
mod inner;
mod opening;
mod own_arms;
mod places;
mod protocol;
mod random;
mod reader;
mod record;
mod rollout;
mod seats;
mod sync;
mod tables;
mod thread;
mod waits;
mod wakers;
mod word;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod stress;
#[cfg(all(test, not(loom)))]
mod tests;

pub use canary::{Salt, Weight};
pub use closed::Closed;
pub use entered::{Entered, EnteredAlone, Exclusive, Shared};
pub use error::{Busy, CanaryError, Cycle, LockError, Occupant, Refused, Stuck, Why};
pub use exclusion::{Exclusion, Guarded};
pub use form::Form;
pub use gate::Gate;
pub use opening::Waiting;
pub use reader::{Alone, Reader, Together, Visit};
pub use tables::{List, list};
pub use thread::Who;
pub use word::Arm;
