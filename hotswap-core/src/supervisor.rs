//! The thread that upgrades, and what it knows of each slot.
//!
//! | file | what |
//! |---|---|
//! | [`worker`] | the thread: a queue of commands, and timers |
//! | [`slot`] | a slot's supervisor; [`state`] is what it is in the middle of, [`table`] what it does about what comes, [`candidates`] what about each artifact; an [`effect`] is what comes of that |
//! | [`opening`], [`recovering`], [`intact`] | how a slot begins |
//! | [`intake`], [`own_file`], [`rehearsing`], [`planning`], [`timing`], [`applying`], [`live`], [`trials`] | the way of an artifact, in this order |
//! | [`refusing`], [`retiring`], [`panics`], [`ending`] | what else may come |
//! | [`offering`], [`judging`], [`reverting`] | what people ask for |
//! | [`slot_event`], [`emit`] | what happens to a slot; what is written, shown and told of it |
//! | [`journaling`], [`reports`], [`events`] | backups; reports; subscribers |
//!
//! [`shared`] is what the program's threads and the worker have in common, [`context`] what the slots
//! have on the worker's thread.

mod applying;
#[cfg(feature = "cargo")]
mod building;
#[cfg(feature = "cargo")]
mod built;
mod candidate;
mod candidates;
mod command;
mod context;
mod effect;
mod emit;
mod ending;
mod events;
mod intact;
mod intake;
mod journaling;
mod judging;
mod live;
#[cfg(feature = "metrics")]
mod metrics;
mod offer;
mod offering;
mod on_trial;
mod opening;
mod own_file;
mod panics;
mod pauses;
mod planning;
mod promise;
mod ready;
mod recent;
mod recovering;
mod refusing;
mod rehearsing;
mod reports;
mod restarts;
mod retiring;
mod reverting;
mod rollout;
mod room;
mod shared;
mod slot;
mod slot_event;
mod state;
mod steps;
mod table;
mod timing;
mod trials;
mod trigger;
mod worker;

pub use self::offer::{Offered, Standing};
pub(crate) use self::{
    command::{Command, StillWanted},
    events::Events,
    pauses::Pauses,
    promise::Promise,
    reports::Reports,
    shared::Shared,
    worker::{ShutdownState, Worker},
};
